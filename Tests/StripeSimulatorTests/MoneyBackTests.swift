import Stripe
import Testing

@testable import StripeSimulator

@Suite("The simulator: refunds and disputes")
struct MoneyBackTests {
  private func request(_ intent: String, _ amount: Int64?) -> RefundRequest {
    RefundRequest(paymentIntent: intent, amount: amount, metadata: ["refund_request": "7"])
  }

  @Test("Partial refunds add up and stop at what was paid")
  func partial() async throws {
    try await withLab { lab in
      let intent = try await lab.paid()
      let first = try await lab.client.createRefund(request(intent, 500), idempotencyKey: "a")
      #expect(first.amount == 500 && first.status == .succeeded && first.metadata["refund_request"] == "7")
      do throws(StripeError) {
        _ = try await lab.client.createRefund(request(intent, 1500), idempotencyKey: "b")
        Issue.record("too much was refunded")
      } catch {
        #expect(error.status == 400 && error.param == "amount" && !error.isAmbiguous)
      }
      let rest = try await lab.client.createRefund(request(intent, nil), idempotencyKey: "c")
      #expect(rest.amount == 1499)
      do throws(StripeError) {
        _ = try await lab.client.createRefund(request(intent, nil), idempotencyKey: "d")
        Issue.record("refunded twice")
      } catch {
        #expect(error.code == "charge_already_refunded")
      }
      let charge = try await lab.client.charge(try #require(first.chargeID))
      #expect(charge.refunded && charge.amountRefunded == 1999)
      #expect(try await lab.client.refunds(paymentIntent: intent).collect().map(\.id) == [rest.id, first.id])
      try await lab.until("the refunds' events came") {
        lab.receiver.types.count { $0 == "charge.refunded" } == 2
          && lab.receiver.types.count { $0 == "refund.created" } == 2
      }
    }
  }

  @Test("A pending refund fails later: the money counts as not given back")
  func failed() async throws {
    try await withLab(knobs: ["refund_pending_rate": 1]) { lab in
      let intent = try await lab.paid()
      let refund = try await lab.client.createRefund(request(intent, nil), idempotencyKey: "a")
      #expect(refund.status == .pending)
      try await lab.call(
        "POST", "/_sim/refunds/\(refund.id)", ["status": "failed", "failure_reason": "lost_or_stolen_card"])
      let failed = try await lab.client.refund(refund.id)
      #expect(failed.status == .failed && failed.failureReason == "lost_or_stolen_card")
      #expect(try await lab.client.charge(try #require(refund.chargeID)).amountRefunded == 0)
      try await lab.until("the failure came") { lab.receiver.types.contains("refund.failed") }
      let amounts = try await lab.client.balanceTransactions(source: refund.id).collect().map(\.amount)
      #expect(amounts == [1999, -1999])
    }
  }

  @Test("A dispute is opened, answered, and won or lost", arguments: ["won", "lost"])
  func dispute(outcome: String) async throws {
    try await withLab { lab in
      let intent = try await lab.paid()
      let opened = try await lab.call(
        "POST", "/_sim/disputes", ["payment_intent": .string(intent), "reason": "product_not_received"])
      let id = try #require(opened["id"]?.text)
      let dispute = try await lab.client.dispute(id)
      #expect(dispute.status == .needsResponse && dispute.paymentIntentID == intent && dispute.status.isOpen)
      #expect(dispute.balanceTransactions.map(\.net) == [-1999 - 1500])
      let staged = try await lab.client.updateDispute(
        id, DisputeUpdate(evidence: ["access_activity_log": "seen at noon"], submit: false))
      #expect(staged.status == .needsResponse && staged.hasEvidence)
      let submitted = try await lab.client.updateDispute(id, DisputeUpdate(evidence: [:], submit: true))
      #expect(submitted.status == .underReview && submitted.submissionCount == 1)
      try await lab.call("POST", "/_sim/disputes/\(id)", ["status": .string(outcome)])
      let closed = try await lab.client.dispute(id)
      #expect(!closed.status.isOpen)
      #expect(closed.balanceTransactions.reduce(0) { $0 + $1.amount } == (outcome == "won" ? 0 : -1999))
      try await lab.until("it was closed") { lab.receiver.types.contains("charge.dispute.closed") }
      #expect(lab.receiver.types.contains("charge.dispute.funds_withdrawn"))
      await #expect(throws: StripeError.self) {
        try await lab.client.updateDispute(id, DisputeUpdate(evidence: [:], submit: true))
      }
    }
  }

  @Test("An inquiry takes no money until it becomes a dispute")
  func inquiry() async throws {
    try await withLab { lab in
      let intent = try await lab.paid()
      let opened = try await lab.call(
        "POST", "/_sim/disputes", ["payment_intent": .string(intent), "status": "warning_needs_response"])
      let id = try #require(opened["id"]?.text)
      #expect(try await lab.client.dispute(id).balanceTransactions.isEmpty)
      try await lab.call("POST", "/_sim/disputes/\(id)", ["status": "needs_response"])
      #expect(try await lab.client.dispute(id).balanceTransactions.count == 1)
      #expect(try await lab.client.disputes(paymentIntent: intent).collect().map(\.id) == [id])
    }
  }

  @Test("What was paid before it was there can be refunded, and its disputes answered; a bad line is named")
  func history() throws {
    var state = SimulatorState(SimulatorConfiguration())
    let line = """
      {"payment_intent":"pi_old","charge":"ch_old","amount":2997,"amount_refunded":999,"currency":"eur","created":1700000000,\
      "email":"a@example.com","card_brand":"visa","card_last4":"1881","metadata":{"order":"GK-1"},\
      "disputes":[{"id":"dp_old","amount":2997,"reason":"fraudulent","status":"needs_response","created":1700000100,\
      "due_by":1700777700}]}
      """
    try state.remember(history: Array("\(line)\n\n".utf8))
    #expect(state.takeOutbox().isEmpty && state.balance.count == 0)
    let charge = try #require(state.charges["ch_old"])
    #expect(charge.amount - charge.amountRefunded == 1998 && charge.card.last4 == "1881")
    #expect(charge.disputes == ["dp_old"])
    #expect(state.intents["pi_old"]?.status == "succeeded" && state.intents["pi_old"]?.metadata == ["order": "GK-1"])
    #expect(try state.dispute("dp_old").dueBy == 1_700_777_700)

    for (bad, problem) in [
      ("{\"charge\":\"ch_1\"}", "line 2: payment_intent: a text is wanted"),
      (line.replacing("2997", with: "\"x\""), "line 2: amount: a whole number is wanted"),
    ] {
      do throws(SimulatorState.BadHistory) {
        try state.remember(history: Array("\(line)\n\(bad)".utf8))
        Issue.record("\(bad) was taken")
      } catch { #expect(error.description == problem) }
    }
  }
}
