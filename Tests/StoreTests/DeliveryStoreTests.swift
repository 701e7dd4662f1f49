import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite struct DeliveryStoreTests {
  /// An order of one unit, paid, with its first attempt prepared right away.
  private func paid(_ bench: Workbench, units: Int = 1) async throws -> (OpenedOrder, [PreparedDelivery]) {
    let order = try await bench.open(units)[0]
    let result = try await bench.apply(Story(order: order).completed(), express: 10)
    return (order, result.prepared)
  }

  @Test func theKeyThatGoesOutIsTheOneThatWasBound() async throws {
    try await Workbench.with(keys: 2) { bench in
      let (_, prepared) = try await paid(bench)
      let delivery = try #require(prepared.first)
      let cache = DataKeyCache(bench.vault)
      try await bench.daemon.read { try cache.load($0, [delivery.dataKey]) }
      let key = try #require(try cache.open(delivery.sealed, at: delivery.place, under: delivery.dataKey))
      #expect(String(decoding: key, as: UTF8.self) == "KEY-1-AAAA")
      #expect(
        try await bench.sql("SELECT state, attempts FROM gkm.delivery;") == "sending|1")
      #expect(try await bench.sql("SELECT outcome FROM gkm.delivery_attempt;") == "prepared")
    }
  }

  @Test func anOrderIsDeliveredWhenItsLastUnitIs() async throws {
    try await Workbench.with(keys: 3) { bench in
      let (order, prepared) = try await paid(bench, units: 2)
      let first = DeliveryOutcome(prepared[0], .confirmed, reply: "250 OK", retryAfter: nil)
      #expect(try await bench.settle([first]).delivered.isEmpty)
      #expect(try await bench.state(of: order) == "paid")
      let second = DeliveryOutcome(prepared[1], .confirmed, reply: "250 OK", retryAfter: nil)
      #expect(try await bench.settle([second]).delivered.map(\.id) == [order.id])
      #expect(try await bench.state(of: order) == "delivered")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job;") == "0")
      #expect(try await bench.sql("SELECT units_delivered, delivered_at IS NOT NULL FROM gkm.orders;") == "2|t")
    }
  }

  @Test func aCrashBetweenPreparingAndTheAnswerIsUnknownAndKeepsItsMessageID() async throws {
    try await Workbench.with(keys: 2) { bench in
      let (_, prepared) = try await paid(bench)
      let first = try #require(prepared.first)
      // The worker is gone: nobody settles the attempt, and its lease runs out.
      try await bench.passTime()
      let again = try #require(try await bench.prepare().prepared.first)
      #expect(again.attempt == 2)
      #expect(again.messageID == first.messageID)
      #expect(again.place == first.place)
      #expect(
        try await bench.sql("SELECT string_agg(outcome, ',' ORDER BY number) FROM gkm.delivery_attempt;")
          == "unknown,prepared")

      // The first worker wakes up after all: what it has to say counts for nothing.
      let late = DeliveryOutcome(first, .refused, reply: "550 no", retryAfter: nil)
      #expect(try await bench.settle([late]).lost == [first.delivery])
      #expect(try await bench.sql("SELECT state FROM gkm.delivery;") == "sending")
      let done = DeliveryOutcome(again, .confirmed, reply: "250 OK", retryAfter: nil)
      #expect(try await bench.settle([done]).lost.isEmpty)
      #expect(try await bench.sql("SELECT state, attempts FROM gkm.delivery;") == "confirmed|2")
    }
  }

  @Test func whatWasCutOffAfterItsContentIsSentAgainUnderTheSameMessageIDUpToALimit() async throws {
    try await Workbench.with(keys: 2) { bench in
      let (_, prepared) = try await paid(bench)
      var current = try #require(prepared.first)
      let messageID = current.messageID
      for _ in 1..<3 {
        let cut = DeliveryOutcome(current, .unknown, reply: "ambiguous", retryAfter: .seconds(1))
        _ = try await bench.settle([cut])
        #expect(try await bench.sql("SELECT state FROM gkm.delivery;") == "retrying")
        try await bench.passTime()
        current = try #require(try await bench.prepare(3).prepared.first)
        #expect(current.messageID == messageID)
      }
      _ = try await bench.settle([DeliveryOutcome(current, .unknown, reply: "ambiguous", retryAfter: .seconds(1))])
      try await bench.passTime()
      let last = try await bench.prepare(3)
      #expect(last.prepared.isEmpty)
      #expect(last.exhausted.count == 1)
      #expect(try await bench.sql("SELECT state, attempts FROM gkm.delivery;") == "failed|3")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job;") == "0")
    }
  }

  @Test func aFullRefundTakesTheKeyOutForGood() async throws {
    try await Workbench.with(keys: 2) { bench in
      let (order, prepared) = try await paid(bench)
      _ = try await bench.settle([DeliveryOutcome(prepared[0], .confirmed, reply: "250 OK", retryAfter: nil)])
      try await bench.apply(Story(order: order).refunded())
      #expect(try await bench.state(of: order) == "refunded")
      #expect(
        try await bench.sql("SELECT string_agg(state, ',' ORDER BY id) FROM gkm.stock_unit;") == "revoked,available")
      #expect(try await bench.sql("SELECT active FROM gkm.assignment;") == "f")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func aRefundBeforeTheMailStopsIt() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await bench.open(1)[0]
      let story = Story(order: order)
      try await bench.apply(story.completed())
      try await bench.apply(story.refunded())
      #expect(try await bench.sql("SELECT state FROM gkm.delivery;") == "cancelled")
      let claim = try await bench.prepare()
      #expect(claim.prepared.isEmpty)
      #expect(claim.dropped == 1)
    }
  }

  @Test func aRefundThatFailsAfterwardsBringsAnotherKeyUnderAnotherMessageID() async throws {
    try await Workbench.with(keys: 2) { bench in
      let (order, prepared) = try await paid(bench)
      _ = try await bench.settle([DeliveryOutcome(prepared[0], .confirmed, reply: "250 OK", retryAfter: nil)])
      let story = Story(order: order)
      try await bench.apply(story.refunded())
      try await bench.apply(story.refunded(status: "failed", name: "refund_failed"))
      let again = try #require(try await bench.prepare().prepared.first)
      #expect(again.messageID != prepared[0].messageID)
      #expect(again.place.unit != prepared[0].place.unit)
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func oneHundredOutcomesShareATransaction() async throws {
    try await Workbench.with(keys: 40) { bench in
      var prepared: [PreparedDelivery] = []
      for _ in 0..<20 { prepared += try await paid(bench).1 }
      let outcomes = prepared.enumerated().map { index, delivery in
        index % 4 == 0
          ? DeliveryOutcome(delivery, .deferred, reply: "450 later", retryAfter: .seconds(60))
          : DeliveryOutcome(delivery, .confirmed, reply: "250 OK", retryAfter: nil)
      }
      #expect(try await bench.settle(outcomes).delivered.count == 15)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job;") == "5")
      #expect(
        try await bench.sql(
          "SELECT string_agg(DISTINCT state, ',') FROM gkm.delivery WHERE next_attempt_at IS NOT NULL;")
          == "retrying")
    }
  }
}
