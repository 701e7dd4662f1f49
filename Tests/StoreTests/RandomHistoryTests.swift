import Foundation
import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Random histories") struct RandomHistoryTests {
  @Test("Whatever happened and however it was told, every promise is kept and both tellings end the same")
  func fewSeeds() async throws {
    if let seed = ProcessInfo.processInfo.environment["GKM_SEED"].flatMap(UInt64.init) {
      try await RandomHistories.check(seed..<seed + 1)
    } else {
      try await RandomHistories.check(0..<20)
    }
  }
}

@Suite("Random histories by the thousand") struct RandomHistoriesLongTests {
  @Test("Whatever happened and however it was told, every promise is kept and both tellings end the same")
  func manySeeds() async throws {
    for start in stride(from: UInt64(1_000), to: 3_000, by: 100) {
      try await RandomHistories.check(start..<start + 100)
    }
  }
}

/// Tells each seed's story of two orders, in two different orders of its events, in batches that many orders share, some
/// events twice, with mails that are put off or lost between, and claims whose worker died.
enum RandomHistories {
  static func check(_ seeds: Range<UInt64>) async throws {
    try await Workbench.with(keys: seeds.count * 14) { bench in
      var dice = Dice(seed: seeds.lowerBound &* 31 &+ 7)
      var twins: [(history: RandomHistory, first: OpenedOrder, second: OpenedOrder)] = []
      var waiting: [RandomHistory.Telling] = []
      for seed in seeds {
        let history = RandomHistory(seed: seed)
        let orders = try await bench.open(history.quantity, history.quantity)
        guard orders.count == 2 else { continue }
        twins.append((history, orders[0], orders[1]))
        for order in orders { waiting += history.events(of: order).shuffled(using: &dice) }
      }
      #expect(twins.count == seeds.count)
      try await tell(waiting, bench, &dice)
      try await deliverAll(bench, &dice)
      for twin in twins {
        let (first, second) = (try await bench.ending(of: twin.first), try await bench.ending(of: twin.second))
        #expect(first == second, "GKM_SEED=\(twin.history.seed)")
      }
      let results = try await bench.daemon.read { try Verification().look($0) }
      for result in results where !result.isKept {
        Issue.record("seeds \(seeds): \(result.check): \(result.offenders.prefix(5))")
      }
    }
  }

  private static func tell(_ events: [RandomHistory.Telling], _ bench: Workbench, _ dice: inout Dice) async throws {
    var waiting = events.shuffled(using: &dice)
    // Stripe sends some again, and long after.
    waiting += events.filter { _ in dice.chance(0.1) }
    while !waiting.isEmpty {
      var names: Set<String> = []
      let batch = waiting.prefix(dice.number(1...48)).filter { names.insert($0.id).inserted }
      waiting.removeFirst(min(waiting.count, max(batch.count, 1)))
      let lease = Lease(for: .seconds(60))
      let claimed = try await bench.receive(batch, lease: lease)
      guard !claimed.isEmpty else { continue }
      let context = bench.context(lease)
      _ = try await bench.daemon.write { try ApplyTransaction.run($0, claimed, context) }
      if dice.chance(0.3) { try await deliver(bench, &dice) }
    }
  }

  /// One round of mails, each with an ending of its own.
  private static func deliver(_ bench: Workbench, _ dice: inout Dice) async throws {
    let prepared = try await bench.prepare(1_000).prepared
    // The worker that had these died: they come again as unknown.
    let (lost, sent) = (prepared.filter { _ in dice.chance(0.1) }, prepared)
    let gone = Set(lost.map(\.delivery))
    let outcomes = sent.filter { !gone.contains($0.delivery) }.map { delivery in
      let ending: DeliveryOutcome.Ending = dice.pick([.confirmed, .confirmed, .confirmed, .deferred, .unknown])
      return DeliveryOutcome(delivery, ending, reply: "250 or not", retryAfter: .seconds(1))
    }
    if !outcomes.isEmpty { _ = try await bench.settle(outcomes) }
    try await bench.passTime()
  }

  private static func deliverAll(_ bench: Workbench, _ dice: inout Dice) async throws {
    for _ in 0..<200 {
      try await bench.passTime()
      try await deliver(bench, &dice)
      if try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'deliver';") == "0" { return }
    }
    Issue.record("deliveries never came to an end")
  }
}

extension Workbench {
  /// Where an order stands, with what it holds: the same for two orders to which the same happened. What was handed out
  /// before a dispute stays so, and what was not is kept back: there keys are not counted.
  fileprivate func ending(of order: OpenedOrder) async throws -> String {
    try await sql(
      """
      SELECT o.state, o.hold_reason, p.received, p.refunded,
        CASE WHEN o.state NOT IN ('disputed', 'held') THEN
          (SELECT count(*) FROM gkm.assignment a WHERE a.order_id = o.id AND a.active) END,
        (SELECT count(*) FROM gkm.payment_attempt a WHERE a.order_id = o.id),
        (SELECT string_agg(r.amount || r.status, ' ' ORDER BY r.id) FROM gkm.refund r WHERE r.order_id = o.id),
        (SELECT string_agg(d.standing, ' ') FROM gkm.dispute d WHERE d.order_id = o.id),
        (SELECT string_agg(s.sum::text, ' ' ORDER BY s.account_id)
          FROM (SELECT l.account_id, sum(l.amount) FROM gkm.ledger_posting l JOIN gkm.ledger_tx t ON t.id = l.tx_id
            WHERE t.order_id = o.id GROUP BY 1 HAVING sum(l.amount) <> 0) s)
      FROM gkm.orders o LEFT JOIN gkm.payment p ON p.order_id = o.id WHERE o.id = \(order.id);
      """)
  }
}
