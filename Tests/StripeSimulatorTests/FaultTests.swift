import Stripe
import Testing

@testable import StripeSimulator

@Suite("The client against a Stripe that fails")
struct FaultTests {
  private func request(_ intent: String) -> RefundRequest {
    RefundRequest(paymentIntent: intent, amount: 700, metadata: ["refund_request": "7"])
  }

  @Test("429, 409 and 500 are tried again until done", arguments: ["429", "409", "500"])
  func transient(kind: String) async throws {
    try await withLab { lab in
      let intent = try await lab.paid()
      try await lab.call("POST", "/_sim/faults", ["kind": .string(kind), "path": "/v1/refunds", "times": 3])
      let refund = try await lab.client.createRefund(request(intent), idempotencyKey: "r")
      #expect(try await lab.client.refunds(paymentIntent: intent).collect() == [refund])
    }
  }

  @Test("A refund done but not answered is not done twice")
  func commitThenTimeout() async throws {
    try await withLab(knobs: ["api_hold_ms": 3000]) { lab in
      let intent = try await lab.paid()
      try await lab.call("POST", "/_sim/faults", ["kind": "commit_then_timeout", "path": "/v1/refunds", "times": 2])
      let refund = try await lab.hasty(.milliseconds(500), attempts: 12)
        .createRefund(request(intent), idempotencyKey: "r")
      #expect(try await lab.client.refunds(paymentIntent: intent).collect() == [refund])
      #expect(try await lab.client.charge(try #require(refund.chargeID)).amountRefunded == 700)
      let stats = try await lab.call("GET", "/_sim/stats")
      #expect(stats["counters"]?["refunds"]?.integer == 1)
      #expect(stats["counters"]?["api_replays"]?.integer ?? 0 >= 1)
      try await lab.until("one refund was announced") { lab.receiver.types.contains("refund.created") }
      #expect(lab.receiver.types.count { $0 == "refund.created" } == 1)
    }
  }

  @Test("A refund whose answers were all lost is ambiguous, and the same key settles it")
  func ambiguity() async throws {
    try await withLab(knobs: ["api_hold_ms": 2000]) { lab in
      let intent = try await lab.paid()
      try await lab.call(
        "POST", "/_sim/faults",
        ["kind": "commit_then_timeout", "method": "POST", "path": "/v1/refunds", "times": 5])
      do throws(StripeError) {
        _ = try await lab.hasty(.milliseconds(100), attempts: 5)
          .createRefund(request(intent), idempotencyKey: "r")
        Issue.record("answered")
      } catch {
        #expect(error.isAmbiguous && error.isTransient && error.attempts == 5)
      }
      try await lab.until("it was done") { try await lab.client.refunds(paymentIntent: intent).collect().count == 1 }
      let known = try await lab.client.refunds(paymentIntent: intent).collect()
      #expect(known.map { $0.metadata["refund_request"] } == ["7"])
      #expect(try await lab.client.createRefund(request(intent), idempotencyKey: "r") == known[0])
    }
  }

  @Test("With every fault at once, many refunds are each done exactly once")
  func storm() async throws {
    let knobs = [
      "api_429_rate": 0.15, "api_500_rate": 0.15, "api_409_rate": 0.1, "api_timeout_rate": 0.05,
      "api_commit_then_timeout_rate": 0.2, "api_hold_ms": 2000.0,
    ]
    try await withLab { lab in
      var intents: [String] = []
      for number in 1...20 { intents.append(try await lab.paid("\(number)")) }
      try await lab.call(
        "POST", "/_sim/knobs", JSON.object(knobs.map { .init(name: $0.key, value: .double($0.value)) }))
      await withTaskGroup(of: Void.self) { group in
        for intent in intents {
          group.addTask {
            // A worker that does not give up: the same key again and again.
            for _ in 0..<50 {
              let refund = try? await lab.hasty(.milliseconds(300), attempts: 5)
                .createRefund(request(intent), idempotencyKey: "refund-\(intent)")
              if refund != nil { return }
            }
            Issue.record("never refunded: \(intent)")
          }
        }
      }
      try await lab.call("POST", "/_sim/knobs", JSON.object(knobs.map { .init(name: $0.key, value: 0) }))
      for intent in intents {
        #expect(try await lab.client.refunds(paymentIntent: intent).collect().map(\.amount) == [700])
      }
    }
  }
}
