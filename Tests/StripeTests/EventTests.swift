import Testing

@testable import Stripe

@Suite("Events")
struct EventTests {
  private func decode(_ type: String, _ object: String) throws -> StripeEvent.Payload {
    try StripeEvent.decode(Samples.event(type, object)).payload
  }

  @Test("A completed checkout, with the event around it")
  func completed() throws {
    let event = try StripeEvent.decode(Samples.sessionCompleted)
    #expect(event.id == "evt_1Session")
    #expect(event.livemode)
    #expect(event.account == "acct_1")
    #expect(event.idempotencyKey == "key-1")
    #expect(event.created == 1_700_000_100)
    guard case .checkoutCompleted(let session) = event.payload else { throw Unexpected() }
    #expect(session.id == "cs_live_1")
    #expect(session.status == .complete)
    #expect(session.paymentStatus == .paid)
    #expect(session.amountTotal == 3998)
    #expect(session.currency == "eur")
    #expect(session.paymentIntentID == "pi_1")
    #expect(session.customerID == "cus_1")
    #expect(session.clientReferenceID == "GKM-1")
    #expect(session.orderID == "42")
    #expect(session.customerEmail == "amelie@example.com")
    #expect(session.customerName == "Amélie L.")
    #expect(session.customerCountry == "FR")
    #expect(session.expiresAt == 1_700_001_800)
    #expect(session.url == nil)
  }

  @Test("Each type of the table has its own payload", arguments: StripeEvent.handledTypes)
  func everyType(type: String) throws {
    let object =
      switch type {
      case _ where type.hasPrefix("checkout"): Samples.session
      case _ where type.hasPrefix("payment_intent"): Samples.intent
      case _ where type.hasPrefix("charge.dispute"): Samples.dispute
      case "charge.refund.updated": Samples.refund
      case _ where type.hasPrefix("refund"): Samples.refund
      default: Samples.charge
      }
    let payload = try decode(type, object)
    let name = "\(payload)".prefix { $0 != "(" }
    let expected = [
      "checkout.session.completed": "checkoutCompleted",
      "checkout.session.async_payment_succeeded": "checkoutAsyncPaymentSucceeded",
      "checkout.session.async_payment_failed": "checkoutAsyncPaymentFailed",
      "checkout.session.expired": "checkoutExpired", "payment_intent.succeeded": "paymentSucceeded",
      "payment_intent.payment_failed": "paymentFailed", "charge.succeeded": "chargeSucceeded",
      "charge.failed": "chargeFailed", "charge.refunded": "chargeRefunded", "refund.created": "refundChanged",
      "refund.updated": "refundChanged", "refund.failed": "refundChanged", "charge.refund.updated": "refundChanged",
      "charge.dispute.created": "disputeCreated", "charge.dispute.updated": "disputeUpdated",
      "charge.dispute.funds_withdrawn": "disputeFundsWithdrawn",
      "charge.dispute.funds_reinstated": "disputeFundsReinstated", "charge.dispute.closed": "disputeClosed",
    ]
    #expect(String(name) == expected[type])
  }

  @Test("A declined payment tells why")
  func declined() throws {
    guard case .paymentFailed(let intent) = try decode("payment_intent.payment_failed", Samples.failedIntent) else {
      throw Unexpected()
    }
    #expect(intent.latestChargeID == "ch_2")
    #expect(intent.lastPaymentError?.code == "card_declined")
    #expect(intent.lastPaymentError?.declineCode == "insufficient_funds")
    #expect(intent.lastPaymentError?.chargeID == "ch_2")
    #expect(intent.orderID == nil)
    guard case .chargeFailed(let charge) = try decode("charge.failed", Samples.failedCharge) else { throw Unexpected() }
    #expect(charge.status == .failed)
    #expect(charge.outcomeReason == "generic_decline")
    #expect(charge.paymentIntentID == "pi_2")
    #expect(charge.metadata.isEmpty)
  }

  @Test("A charge tells its card and its risk")
  func charge() throws {
    guard case .chargeSucceeded(let charge) = try decode("charge.succeeded", Samples.charge) else { throw Unexpected() }
    #expect(charge.cardBrand == "visa")
    #expect(charge.cardLast4 == "4242")
    #expect(charge.riskLevel == "elevated")
    #expect(charge.riskScore == 66)
    #expect(charge.balanceTransactionID == "txn_1")
    #expect(charge.refunds == nil)
  }

  @Test("A refund, alone and within the charges of older versions")
  func refund() throws {
    guard case .refundChanged(let refund) = try decode("refund.updated", Samples.refund),
      case .chargeRefunded(let charge) = try decode("charge.refunded", Samples.refundedCharge)
    else { throw Unexpected() }
    #expect(refund.status == .pending)
    #expect(refund.status.countsAsRefunded)
    #expect(!Refund.Status.failed.countsAsRefunded)
    #expect(refund.balanceTransactionID == "txn_2")
    #expect(refund.metadata["refund_request"] == "7")
    #expect(charge.refunds == [refund])
  }

  @Test("A dispute tells whether it is open, and what moved")
  func dispute() throws {
    guard case .disputeCreated(let dispute) = try decode("charge.dispute.created", Samples.dispute) else {
      throw Unexpected()
    }
    #expect(dispute.evidenceDueBy == 1_700_600_000)
    #expect(dispute.hasEvidence)
    #expect(dispute.balanceTransactions.map(\.net) == [-5498])
    #expect(dispute.status.isOpen)
    #expect(!dispute.status.isInquiry)
    #expect(Dispute.Status.warningNeedsResponse.isInquiry)
    #expect(Dispute.Status(rawValue: "a_new_status").isOpen)
    #expect([Dispute.Status.won, .lost, .warningClosed].allSatisfy { !$0.isOpen })
  }

  @Test("Unknown types are kept as such, whatever their object")
  func unknown() throws {
    #expect(try decode("radar.early_fraud_warning.created", "[]") == .other(type: "radar.early_fraud_warning.created"))
    #expect(try decode("customer.created", "null") == .other(type: "customer.created"))
  }

  @Test("Unknown values of known fields are kept")
  func openValues() throws {
    let object = Samples.session.replacing(#""payment_status":"paid""#, with: #""payment_status":"in_escrow""#)
    guard case .checkoutCompleted(let session) = try decode("checkout.session.completed", object) else {
      throw Unexpected()
    }
    #expect(session.paymentStatus.rawValue == "in_escrow")
  }

  @Test(
    "Errors name the path",
    arguments: [
      (Samples.event("charge.succeeded", #"{"id":"ch_1","status":"succeeded","amount":1}"#), "data.object.currency"),
      (
        Samples.event("charge.succeeded", #"{"id":"ch_1","status":"succeeded","amount":"1","currency":"eur"}"#),
        "data.object.amount"
      ),
      (
        Samples.event("charge.succeeded", #"{"id":"ch_1","status":"failed","amount":1.5,"currency":"eur"}"#),
        "data.object.amount"
      ),
      (Samples.event("charge.dispute.closed", #"{"charge":"ch_1"}"#), "data.object.id"),
      (
        Samples.event(
          "charge.dispute.closed", #"{"id":"dp_1","status":"won","amount":1,"currency":"eur","charge":null}"#),
        "data.object.charge"
      ),
      (
        Samples.event(
          "checkout.session.completed",
          #"{"id":"cs_1","payment_status":"paid","customer_details":{"address":{"country":7}}}"#),
        "data.object.customer_details.address.country"
      ),
      (Array(#"{"id":"evt_1","type":"charge.failed","created":1,"livemode":false}"#.utf8), "data"),
      (Array(#"{"id":"evt_1","type":"charge.failed","created":1,"livemode":false,"data":{}}"#.utf8), "data.object"),
      (Array(#"{"id":"evt_1","created":1,"livemode":false}"#.utf8), "type"),
      (Array(#"{"id":"evt_1","type":"x","created":"1","livemode":false}"#.utf8), "created"),
    ] as [([UInt8], String)])
  func paths(body: [UInt8], path: String) {
    #expect {
      try StripeEvent.decode(body)
    } throws: { error in
      (error as? StripeDecodingError)?.path == path
    }
  }

  @Test("Mutilated events never trap")
  func fuzz() {
    var generator = Seeded(3)
    for _ in 0..<2000 {
      var body = Samples.all.randomElement(using: &generator)!
      for _ in 0..<3 {
        body[Int.random(in: 0..<body.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      _ = try? StripeEvent.decode(body)
    }
  }
}
