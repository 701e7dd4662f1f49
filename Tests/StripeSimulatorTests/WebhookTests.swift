import Stripe
import Testing

@testable import StripeSimulator

@Suite("The simulator: webhooks")
struct WebhookTests {
  @Test("What is not acknowledged comes again, signed anew, until it is", arguments: [500, 503, 404, 301])
  func retries(status: Int) async throws {
    // 5 minutes become 0.1 s.
    try await withLab(timeScale: 3000, answer: { _, earlier in earlier == 0 ? status : 204 }) { lab in
      _ = try await lab.paid()
      try await lab.until("each event came twice") { lab.receiver.received.count == 6 }
      let ids = lab.receiver.received.compactMap(\.envelope?.id)
      #expect(Set(ids).count == 3)
      #expect(lab.receiver.received.allSatisfy { lab.verify($0).isValid })
      try await Task.sleep(for: .milliseconds(300))
      #expect(lab.receiver.received.count == 6)
      let attempts = try await lab.call("GET", "/_sim/deliveries?event=\(ids[0])").elements ?? []
      #expect(attempts.map { $0["status"]?.integer } == [Int64(status), 204])
    }
  }

  @Test("An endpoint that is not there is tried again")
  func nobodyThere() async throws {
    try await withLab { lab in
      try await lab.call("POST", "/_sim/webhook", ["url": "http://127.0.0.1:9/none"])
      _ = try await lab.paid()
      try await lab.until("the attempts failed") {
        let stats = try await lab.call("GET", "/_sim/stats")
        return stats["webhooks"]?["refused"]?.integer ?? 0 >= 3
      }
      try await lab.call("POST", "/_sim/webhook", ["url": .string(lab.webhookURL), "secret": .string(lab.secret)])
      try await lab.until("the events came all the same") { lab.receiver.received.count == 3 }
    }
  }

  @Test("Retries come soon at first, then for three days, then no more")
  func backoff() {
    let waits = (1...20).map { WebhookSender.backoff(afterAttempt: $0) }
    let given = waits.compactMap { $0 }
    #expect(given.first == .seconds(300))
    #expect(given.count == 9)
    #expect(given.reduce(.zero, +) < .seconds(3 * 86_400))
    #expect(waits[9] == nil)
  }

  @Test("Duplicates are the same event under the same id")
  func duplicates() async throws {
    try await withLab(knobs: ["webhook_duplicate_rate": 1]) { lab in
      _ = try await lab.paid()
      try await lab.until("each event came twice") { lab.receiver.received.count == 6 }
      let bodies = Dictionary(grouping: lab.receiver.received) { $0.envelope?.id ?? "" }
      #expect(bodies.count == 3)
      #expect(bodies.values.allSatisfy { $0.count == 2 && $0[0].body == $0[1].body })
    }
  }

  @Test("A skewed clock and a wrong secret are what the verifier says they are")
  func badSignatures() async throws {
    try await withLab(knobs: ["webhook_skew_s": -600]) { lab in
      _ = try await lab.paid()
      try await lab.until("an event came") { !lab.receiver.received.isEmpty }
      guard case .tooOld(let seconds) = lab.verify(lab.receiver.received[0]) else {
        Issue.record("\(lab.verify(lab.receiver.received[0]))")
        return
      }
      #expect((599...605).contains(seconds))
      try await lab.call("POST", "/_sim/knobs", ["webhook_skew_s": 0, "webhook_bad_signature_rate": 1])
      let before = lab.receiver.received.count
      _ = try await lab.paid("2")
      try await lab.until("more came") { lab.receiver.received.count >= before + 3 }
      let late = lab.receiver.received.filter { $0.envelope?.orderID == "2" }
      #expect(!late.isEmpty)
      #expect(late.allSatisfy { lab.verify($0) == .noMatch })
    }
  }

  @Test("Dropped events are listed and never come; unlisted ones come and are not listed")
  func lost() async throws {
    try await withLab(knobs: ["webhook_drop_rate": 1]) { lab in
      _ = try await lab.paid("1")
      try await Task.sleep(for: .milliseconds(100))
      #expect(lab.receiver.received.isEmpty)
      #expect(try await lab.client.events(types: StripeEvent.handledTypes).collect().count == 3)
      try await lab.call("POST", "/_sim/knobs", ["webhook_drop_rate": 0, "event_unlisted_rate": 1])
      _ = try await lab.paid("2")
      try await lab.until("the events came") { lab.receiver.received.count == 3 }
      #expect(try await lab.client.events(types: StripeEvent.handledTypes).collect().count == 3)
    }
  }

  @Test("Delayed events arrive late, reordered ones in another order")
  func late() async throws {
    try await withLab(knobs: ["webhook_delay_ms": 150, "webhook_reorder_rate": 1, "webhook_reorder_window_ms": 200]) {
      lab in
      let start = ContinuousClock.now
      for number in 1...5 { _ = try await lab.paid("\(number)") }
      try await lab.until("all came") { lab.receiver.received.count == 15 }
      #expect(ContinuousClock.now - start >= .milliseconds(150))
      let emitted = try await lab.client.events(types: StripeEvent.handledTypes).collect().map(\.envelope.id)
      #expect(lab.receiver.received.compactMap(\.envelope?.id) != Array(emitted.reversed()))
    }
  }

  @Test("Events of any type can be sent, and any event again")
  func byHand() async throws {
    try await withLab(types: ["*"]) { lab in
      try await lab.call("POST", "/_sim/events", ["type": "radar.early_fraud_warning.created", "id": "issfr_1"])
      try await lab.until("it came") { lab.receiver.received.count == 1 }
      let id = try #require(lab.receiver.received[0].envelope?.id)
      try await lab.call("POST", "/_sim/events/\(id)/resend")
      try await lab.until("it came again") { lab.receiver.received.count == 2 }
      #expect(lab.receiver.received[1].envelope?.id == id)
    }
  }

  @Test("A blast is delivered whole")
  func blast() async throws {
    try await withLab { lab in
      let result = try await lab.call("POST", "/_sim/blast", ["orders": 200])
      #expect(result["acknowledged"]?.integer == 600)
      #expect(Set(lab.receiver.received.compactMap(\.envelope?.id)).count == 600)
    }
  }
}
