import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite struct ApplyTests {
  @Test func aPaidOrderGetsItsKeysAndOneDeliveryForEach() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(3)[0]
      let result = try await bench.apply(Story(order: order).completed())
      #expect(result.applied == 1)
      #expect(result.queuedDeliveries == 3)
      #expect(try await bench.state(of: order) == "paid")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.assignment WHERE active;") == "3")
      #expect(
        try await bench.sql("SELECT count(DISTINCT message_id) FROM gkm.delivery WHERE state = 'pending';") == "3")
      #expect(try await bench.sql("SELECT available, reserved, sold FROM gkm.listing_stock;") == "2|0|3")
      #expect(try await bench.imbalance() == "")
      #expect(try await bench.sql("SELECT string_agg(kind, ',') FROM gkm.job;") == "deliver,deliver,deliver")
      #expect(try await bench.sql("SELECT paid_at IS NOT NULL FROM gkm.orders;") == "t")
    }
  }

  @Test func everyOrderOfAPaymentsEventsEndsTheSame() async throws {
    try await Workbench.with(keys: 40) { bench in
      let permutations = Self.permutations(of: [0, 1, 2, 3])
      var endings: Set<String> = []
      for permutation in permutations {
        let order = try await bench.open(1)[0]
        let story = Story(order: order)
        let events = [story.completed(), story.succeeded(), story.charged(), story.refunded()]
        for place in permutation {
          try await bench.apply(events[place])
          // What had to wait for its order comes again.
          let lease = Lease(for: .seconds(12))
          let again = try await bench.daemon.run { try ApplyClaim.claim($0, limit: 10, lease: lease) }
          let woken = again.compactMap { claimed in
            events.first { $0.id == claimed.eventID }.map {
              EventToApply(
                job: claimed.job.id, eventID: claimed.eventID, type: claimed.type, reading: .content($0.content))
            }
          }
          let context = bench.context(lease)
          _ = try await bench.daemon.write { try ApplyTransaction.run($0, woken, context) }
        }
        endings.insert(
          try await bench.sql(
            """
            SELECT o.state, p.received, p.refunded, p.intent = 'pi_' || o.id, p.charge = 'ch_' || o.id,
              (SELECT string_agg(t.outcome || t.card_last4 || t.risk_score, ',') FROM gkm.payment_attempt t
                WHERE t.order_id = o.id),
              (SELECT string_agg(r.status || r.amount, ',') FROM gkm.refund r WHERE r.order_id = o.id),
              (SELECT count(*) FROM gkm.assignment a WHERE a.order_id = o.id AND a.active),
              (SELECT string_agg(DISTINCT e.state, ',') FROM gkm.stripe_event e WHERE e.order_id = o.id)
            FROM gkm.orders o JOIN gkm.payment p ON p.order_id = o.id WHERE o.id = \(order.id);
            """))
      }
      #expect(permutations.count == 24)
      #expect(endings == ["refunded|1999|1999|t|t|succeeded424212|succeeded1999|0|done"])
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func fiftyCopiesAtOnceAreOneEffect() async throws {
    try await Workbench.with(keys: 5) { bench in
      let order = try await bench.open(1)[0]
      let event = Story(order: order).completed()
      let pool = PostgresPool(bench.market.daemon, maximum: 8)
      let context = bench.context(Lease(for: .seconds(12)))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 {
          group.addTask {
            let received = ReceivedEvent(
              id: event.id, type: "test", state: .pending, body: [0x7B, 0x7D], signature: "")
            _ = try await pool.write { try EventIntake.record($0, [received]) }
            let lease = context.lease
            let claimed = try await pool.run { try ApplyClaim.claim($0, limit: 10, lease: lease) }
            let events = claimed.map {
              EventToApply(job: $0.job.id, eventID: $0.eventID, type: $0.type, reading: .content(event.content))
            }
            if !events.isEmpty { _ = try await pool.write { try ApplyTransaction.run($0, events, context) } }
          }
        }
        try await group.waitForAll()
      }
      await pool.close()
      #expect(try await bench.sql("SELECT count(*) FROM gkm.assignment;") == "1")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.delivery;") == "1")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.audit_event WHERE action = 'payment.succeeded';") == "1")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'apply';") == "0")
    }
  }

  @Test func whatAWorkerWritesAfterItLostItsLeaseIsDropped() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await bench.open(1)[0]
      let slow = Lease(for: .seconds(12))
      let events = try await bench.receive([Story(order: order).completed()], lease: slow)
      try await bench.passTime()
      let fast = Lease(for: .seconds(12))
      let claimed = try await bench.daemon.run { try ApplyClaim.claim($0, limit: 10, lease: fast) }
      #expect(claimed.map(\.job.attempts) == [2])

      let slowContext = bench.context(slow)
      await #expect(throws: LeaseLost.self) {
        _ = try await bench.daemon.write { try ApplyTransaction.run($0, events, slowContext) }
      }
      #expect(try await bench.state(of: order) == "open")
      let fastContext = bench.context(fast)
      _ = try await bench.daemon.write { try ApplyTransaction.run($0, events, fastContext) }
      #expect(try await bench.state(of: order) == "paid")
    }
  }

  @Test func anEventWithoutAnOrderWaitsUntilItsPaymentIsKnown() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await bench.open(1)[0]
      let story = Story(order: order)
      let parked = try await bench.apply(story.refunded(500))
      #expect(parked.parked == 1)
      #expect(try await bench.sql("SELECT state, order_id IS NULL FROM gkm.stripe_event;") == "parked|t")
      try await bench.apply(story.completed())
      #expect(try await bench.sql("SELECT subject FROM gkm.job WHERE kind = 'apply';") == "evt_refund_\(order.id)")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.parked_event WHERE object_id LIKE 'pi%';") == "0")
    }
  }

  @Test func aPaymentIntentIsOneOrdersForEver() async throws {
    try await Workbench.with(keys: 4) { bench in
      let orders = try await bench.open(1, 1)
      try await bench.apply(Story(order: orders[0]).completed())
      var thief = Story(order: orders[1]).completed()
      thief.content.facts = Story(order: orders[0]).completed().content.facts
      thief.content.references.intent = "pi_\(orders[0].id)"
      let theft = thief
      await #expect(throws: ApplyConflict.self) { try await bench.apply(theft) }
      try await bench.passTime()
      let lease = Lease(for: .seconds(12))
      let claimed = try await bench.daemon.run { try ApplyClaim.claim($0, limit: 10, lease: lease) }
      let events = claimed.map {
        EventToApply(job: $0.job.id, eventID: $0.eventID, type: $0.type, reading: .content(theft.content))
      }
      let context = bench.context(lease, thorough: true)
      let result = try await bench.daemon.write { try ApplyTransaction.run($0, events, context) }
      #expect(result.quarantined == 1)
      #expect(try await bench.state(of: orders[1]) == "open")
    }
  }

  @Test func paidAfterItsStockWasGoneItWaitsForMore() async throws {
    try await Workbench.with(keys: 1) { bench in
      let late = try await bench.open(1)[0]
      try await bench.apply(Story(order: late).expired())
      #expect(try await bench.state(of: late) == "expired")
      let quick = try await bench.open(1)[0]
      try await bench.apply(Story(order: quick).completed())
      let result = try await bench.apply(Story(order: late).completed())
      #expect(result.alerts.map(\.reason) == [.stockGone])
      #expect(try await bench.state(of: late) == "paid_unfulfillable")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock';") == "1")

      try await bench.stock(100...101)
      let lease = Lease(for: .seconds(12))
      let jobs = try await bench.daemon.write { try JobQueue.claim($0, .restock, limit: 5, lease: lease) }
      let events = jobs.map {
        EventToApply(job: $0.id, eventID: nil, type: JobKind.restock.rawValue, reading: .content(.order(late.id)))
      }
      let context = bench.context(lease)
      _ = try await bench.daemon.write { try ApplyTransaction.run($0, events, context) }
      #expect(try await bench.state(of: late) == "paid")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock';") == "0")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func anAmountThatIsNotTheOrdersIsHeldAndNothingGoesOut() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      let result = try await bench.apply(Story(order: order).completed(amount: 1_000))
      #expect(result.alerts.map(\.reason) == [.amountMismatch])
      #expect(try await bench.sql("SELECT state, hold_reason FROM gkm.orders;") == "held|amount_mismatch")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.delivery;") == "0")
    }
  }

  @Test func aDisputeStopsWhatHasNotBeenSentAndItsEndLetsItGo() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      let story = Story(order: order)
      try await bench.apply(story.completed())
      try await bench.apply(story.disputed("created", "needs_response"))
      #expect(try await bench.state(of: order) == "disputed")
      #expect(try await bench.sql("SELECT state FROM gkm.delivery;") == "cancelled")
      #expect(try await bench.prepare().prepared.isEmpty)
      try await bench.apply(story.disputed("closed", "won"))
      #expect(try await bench.state(of: order) == "paid")
      #expect(try await bench.prepare().prepared.count == 1)
    }
  }

  static func permutations(of items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.flatMap { first in permutations(of: items.filter { $0 != first }).map { [first] + $0 } }
  }
}
