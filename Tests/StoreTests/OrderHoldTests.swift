import Market
import Postgres
import Store
import TestSupport
import Testing

/// Orders that staff holds: nothing of them moves by itself, and what Stripe tells goes on being heard.
@Suite("Orders that are held") struct OrderHoldTests {
  private func hold(_ hand: HandBench, _ order: OpenedOrder, as role: Role = .ops) async throws -> HoldPlan {
    let person = try await hand.person(role)
    let version = try await hand.version(order)
    return try await person.write {
      try OrderActions.hold($0, order.id, version: version, reason: "looks like fraud")
    }
  }

  private func release(_ hand: HandBench, _ order: OpenedOrder) async throws {
    let person = try await hand.person(.ops)
    let version = try await hand.version(order)
    try await person.write { _ = try OrderActions.release($0, order.id, version: version, reason: "it is fine") }
  }

  @Test func whatIsPaidWhileHeldIsNotBoundUntilItIsReleased() async throws {
    try await HandBench.with(keys: 2) { hand in
      let order = try await hand.bench.open(2)[0]
      let plan = try await hold(hand, order, as: .support)
      #expect(plan.was == .open && plan.state == .open)
      try await hand.bench.apply(Story(order: order).completed(), express: 8)
      #expect(try await hand.bench.state(of: order) == "held")
      #expect(try await hand.bench.sql("SELECT count(*) FROM gkm.assignment;") == "0")
      #expect(try await hand.offenders() == [])
      try await release(hand, order)
      #expect(try await hand.offenders() == [])
      try await hand.look()
      #expect(try await hand.bench.prepare().prepared.count == 2)
      #expect(try await hand.bench.sql("SELECT state, held_by IS NULL FROM gkm.orders;") == "paid|t")
      #expect(try await hand.offenders() == [])
    }
  }

  @Test func aHoldStopsWhatWaitsAtOnceAndAReleaseSendsIt() async throws {
    try await HandBench.with(keys: 1) { hand in
      let order = try await hand.bench.open(1)[0]
      try await hand.bench.apply(Story(order: order).completed())
      let plan = try await hold(hand, order)
      #expect(plan.state == .held && plan.stopped == 1)
      #expect(try await hand.bench.prepare().prepared.isEmpty)
      let twice = await #expect(throws: ActionRefused.self) { _ = try await hold(hand, order) }
      #expect(twice?.kind == .impossible)
      // What the look of a worker makes of it is the same.
      try await hand.bench.sql("INSERT INTO gkm.job (kind, subject) VALUES ('restock', '\(order.id)');")
      try await hand.look()
      #expect(try await hand.bench.state(of: order) == "held")
      #expect(try await hand.offenders() == [])
      try await release(hand, order)
      try await hand.look()
      #expect(try await hand.bench.prepare().prepared.count == 1)
      #expect(try await hand.offenders() == [])
    }
  }

  @Test func onlyWhoMayLetsAnOrderGoAndOnlyOneThatSomebodyHolds() async throws {
    try await HandBench.with(keys: 1) { hand in
      let order = try await hand.delivered(1)
      let (support, ops) = (try await hand.person(.support), try await hand.person(.ops))
      _ = try await hold(hand, order, as: .support)
      let version = try await hand.version(order)
      let refused = await #expect(throws: ActionRefused.self) {
        try await support.write { _ = try OrderActions.release($0, order.id, version: version, reason: "it is fine") }
      }
      #expect(refused?.kind == .notAllowed)
      let old = await #expect(throws: ActionRefused.self) {
        try await ops.write { _ = try OrderActions.release($0, order.id, version: version - 1, reason: "it is fine") }
      }
      #expect(old?.kind == .changed)
      try await release(hand, order)
      try await hand.look()
      #expect(try await hand.bench.state(of: order) == "delivered")
      let nobody = await #expect(throws: ActionRefused.self) { try await release(hand, order) }
      #expect(nobody?.kind == .impossible)
    }
  }

  /// A payment's events in every order, held before any of them and released behind any later one: each ends as the same
  /// history does that nobody touched.
  @Test func heldAndReleasedAnywhereAHistoryEndsAsWithoutIt() async throws {
    try await HandBench.with(keys: 200) { hand in
      let permutations = ApplyTests.permutations(of: [0, 1, 2])
      var endings: Set<String> = []
      for (number, permutation) in permutations.enumerated() {
        let spans = number.isMultiple(of: 2) ? [(0, 1), (0, 3), (1, 2), (2, 3), (3, 3)] : [(-1, -1)]
        for (begins, ends) in spans {
          let order = try await hand.bench.open(1)[0]
          let story = Story(order: order)
          let events = [story.completed(), story.charged(), story.succeeded()]
          for place in 0...permutation.count {
            if place == begins { _ = try await hold(hand, order) }
            if place == ends, begins >= 0 {
              try await release(hand, order)
              try await hand.look()
            }
            if place < permutation.count { try await hand.bench.apply(events[permutation[place]]) }
          }
          let prepared = try await hand.bench.prepare().prepared
          _ = try await hand.bench.settle(
            prepared.map { DeliveryOutcome($0, .confirmed, reply: "250", retryAfter: nil) })
          endings.insert(
            try await hand.bench.sql(
              """
              SELECT o.state, o.units_delivered, o.hold_reason, (SELECT count(*) FROM gkm.assignment a
                WHERE a.order_id = o.id AND a.active) FROM gkm.orders o WHERE o.id = \(order.id);
              """))
        }
      }
      #expect(endings == ["delivered|1||1"])
      #expect(try await hand.offenders() == [])
    }
  }
}
