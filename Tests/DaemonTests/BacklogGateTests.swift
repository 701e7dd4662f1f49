import Foundation
import Market
import Outbound
import TestSupport
import Testing

@testable import Daemon

@Suite("A flood of events") struct BacklogGateTests {
  @Test("is refused beyond the bound and taken again below it; what was acknowledged stays", .timeLimit(.minutes(2)))
  func bound() async throws {
    try await Shop.open(parts: [.intake], settings: "intake.backlog_limit = 10") { shop in
      for _ in 0..<10 { #expect(try await shop.deliver(EventBody.make(id: EventBody.unique("evt"))).status == 200) }
      let late = EventBody.make(id: EventBody.unique("evt"))
      try await shop.eventually { try await shop.deliver(EventBody.make(id: EventBody.unique("evt"))).status == 503 }
      let stored = try await shop.count("stripe_event", where: "true")
      #expect(stored >= 10)
      #expect(try await shop.deliver(late).status == 503)
      #expect(try await shop.count("stripe_event", where: "true") == stored)
      #expect(shop.registry.exposition().contains("gkm_intake_events_total{outcome=\"overloaded\"}"))
      // Workers took them.
      _ = try await shop.sql("DELETE FROM gkm.job")
      try await shop.eventually { try await shop.deliver(late).status == 200 }
    }
  }

  @Test("is refused while the oldest waits for longer than it may", .timeLimit(.minutes(2)))
  func age() async throws {
    try await Shop.open(parts: [.intake], settings: "intake.backlog_age = \"1s\"") { shop in
      #expect(try await shop.deliver(EventBody.make(id: EventBody.unique("evt"))).status == 200)
      let late = EventBody.make(id: EventBody.unique("evt"))
      try await shop.eventually { try await shop.deliver(EventBody.make(id: EventBody.unique("evt"))).status == 503 }
      #expect(try await shop.deliver(late).status == 503)
      _ = try await shop.sql("DELETE FROM gkm.job")
      try await shop.eventually { try await shop.deliver(late).status == 200 }
    }
  }
}
