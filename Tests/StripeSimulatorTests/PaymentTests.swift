import Outbound
import Stripe
import Testing

@testable import StripeSimulator

@Suite("The simulator: payments")
struct PaymentTests {
  @Test("A paid session sends the events of a payment, signed, all about one order")
  func paid() async throws {
    try await withLab { lab in
      let session = try await lab.session("42")
      #expect(session.status == .open)
      #expect(session.paymentStatus == .unpaid)
      #expect(session.paymentIntentID == nil)
      #expect(session.url?.hasPrefix(lab.url) == true)
      try await lab.call("POST", "/_sim/sessions/\(session.id)/pay", ["name": "王小明", "country": "TW"])
      try await lab.until("three events came") { lab.receiver.received.count == 3 }
      #expect(
        Set(lab.receiver.types) == ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"])
      for webhook in lab.receiver.received {
        #expect(lab.verify(webhook).isValid)
        let event = try StripeEvent.decode(webhook.body)
        switch event.payload {
        case .checkoutCompleted(let done):
          #expect(done.id == session.id && done.paymentStatus == .paid && done.status == .complete)
          #expect(done.orderID == "42" && done.clientReferenceID == "GKM-42")
          #expect(done.customerEmail == "a@example.com" && done.customerName == "王小明")
          #expect(done.customerID?.hasPrefix("cus_") == true)
        case .paymentSucceeded(let intent): #expect(intent.orderID == "42" && intent.amountReceived == 1999)
        case .chargeSucceeded(let charge): #expect(charge.orderID == "42" && charge.cardLast4 == "4242")
        default: Issue.record("\(event.type)")
        }
      }
      let done = try await lab.client.checkoutSession(session.id)
      let intent = try await lab.client.paymentIntent(try #require(done.paymentIntentID))
      let charge = try await lab.client.charge(try #require(intent.latestChargeID))
      #expect(charge.paymentIntentID == intent.id)
      let movements = try await lab.client.balanceTransactions(source: charge.id).collect()
      #expect(movements.map(\.amount) == [1999])
      #expect(movements[0].net == 1999 - movements[0].fee)
      let portal = try await lab.client.createPortalSession(
        customer: try #require(done.customerID), returnURL: "https://m.example/")
      #expect(portal.url.hasPrefix(lab.url))
    }
  }

  @Test("A declined card leaves the session open; the next attempt uses the same intent")
  func declined() async throws {
    try await withLab { lab in
      let session = try await lab.session()
      try await lab.call(
        "POST", "/_sim/sessions/\(session.id)/pay", ["outcome": "declined", "decline_code": "insufficient_funds"])
      try await lab.until("the decline came") { lab.receiver.received.count == 2 }
      let events = try lab.receiver.received.map { try StripeEvent.decode($0.body) }
      var intentID: String?
      for event in events {
        if case .paymentFailed(let intent) = event.payload {
          #expect(intent.lastPaymentError?.declineCode == "insufficient_funds")
          intentID = intent.id
        } else if case .chargeFailed(let charge) = event.payload {
          #expect(charge.outcomeReason == "insufficient_funds")
        } else {
          Issue.record("\(event.type)")
        }
      }
      #expect(try await lab.client.checkoutSession(session.id).status == .open)
      let paid = try await lab.call("POST", "/_sim/sessions/\(session.id)/pay", [:])
      #expect(paid["payment_intent"]?.text == intentID)
      #expect(try await lab.client.charges(paymentIntent: intentID).collect().map(\.status) == [.succeeded, .failed])
    }
  }

  @Test("A slow method completes unpaid, and is settled either way", arguments: [true, false])
  func asynchronous(succeeds: Bool) async throws {
    try await withLab { lab in
      let session = try await lab.session()
      try await lab.call("POST", "/_sim/sessions/\(session.id)/pay", ["outcome": "async"])
      #expect(try await lab.client.checkoutSession(session.id).paymentStatus == .unpaid)
      try await lab.call(
        "POST", "/_sim/sessions/\(session.id)/settle", ["outcome": .string(succeeds ? "succeeded" : "failed")])
      let last = "checkout.session.async_payment_\(succeeds ? "succeeded" : "failed")"
      try await lab.until("it was settled") { lab.receiver.types.contains(last) }
      #expect(try await lab.client.checkoutSession(session.id).paymentStatus == (succeeds ? .paid : .unpaid))
      await #expect(throws: Lab.Failure.self) {
        try await lab.call("POST", "/_sim/sessions/\(session.id)/settle", [:])
      }
    }
  }

  @Test("A session is paid or expired, never both")
  func expiry() async throws {
    try await withLab { lab in
      let session = try await lab.session()
      #expect(try await lab.client.expireCheckoutSession(session.id).status == .expired)
      await #expect(throws: StripeError.self) { try await lab.client.expireCheckoutSession(session.id) }
      await #expect(throws: Lab.Failure.self) { try await lab.call("POST", "/_sim/sessions/\(session.id)/pay", [:]) }
      let other = try await lab.session("2")
      try await lab.call("POST", "/_sim/sessions/\(other.id)/pay", [:])
      await #expect(throws: StripeError.self) { try await lab.client.expireCheckoutSession(other.id) }
      try await lab.until("the expiry came") { lab.receiver.types.contains("checkout.session.expired") }
    }
  }

  @Test("A session left alone expires when its time comes")
  func expiresByItself() async throws {
    try await withLab(knobs: ["minimum_session_s": 0]) { lab in
      var request = CheckoutSessionRequest(
        items: [.init(name: "Key", currency: "JPY", unitAmount: 500, quantity: 3)], clientReferenceID: "GKM-1",
        metadata: [:], successURL: "https://m.example/ok", cancelURL: "https://m.example/no",
        expiresAt: Simulator.now() + 1)
      let session = try await lab.client.createCheckoutSession(request, idempotencyKey: "a")
      #expect(session.amountTotal == 1500)
      try await lab.until("it expired") { lab.receiver.types == ["checkout.session.expired"] }
      request.expiresAt = Simulator.now() + 100_000
      await #expect(throws: StripeError.self) {
        try await lab.client.createCheckoutSession(request, idempotencyKey: "b")
      }
    }
  }

  @Test("Nothing to pay is not unpaid")
  func free() async throws {
    try await withLab { lab in
      let session = try await lab.session(amount: 0)
      let done = try await lab.call("POST", "/_sim/sessions/\(session.id)/pay", [:])
      #expect(done["payment_status"] == "no_payment_required")
      #expect(done["payment_intent"] == JSON.null)
    }
  }

  @Test("A browser can pay: the page shows what is bought, and leads back to the market")
  func hostedPage() async throws {
    try await withLab { lab in
      let session = try await lab.session("<script>")
      let page = try await lab.raw("GET", "/c/pay/\(session.id)")
      let html = String(decoding: page.body, as: UTF8.self)
      #expect(page.status == 200)
      #expect(html.contains("Key “&lt;script&gt;”") && !html.contains("<script>"))
      let declined = try await lab.raw("POST", "/c/pay/\(session.id)", ["outcome": "declined"])
      #expect(String(decoding: declined.body, as: UTF8.self).contains("declined"))
      let paid = try await lab.raw("POST", "/c/pay/\(session.id)", ["outcome": "paid", "email": "b@example.com"])
      #expect(paid.status == 303)
      #expect(paid.header("location") == "https://m.example/ok?s=\(session.id)")
      #expect(try await lab.client.checkoutSession(session.id).customerEmail == "b@example.com")
      let gone = try await lab.raw("GET", "/c/pay/\(session.id)")
      #expect(String(decoding: gone.body, as: UTF8.self).contains("complete"))
    }
  }
}
