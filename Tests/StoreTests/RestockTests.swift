import Market
import Postgres
import Store
import TestSupport
import Testing

/// Paid after the stock was sold to others: the order waits for new stock, and when its time is over what is missing is
/// paid back.
@Suite struct RestockTests {
  /// An order that is paid after its own stock was given back and `sold` keys of it sold to somebody else.
  private func late(_ bench: Workbench, _ quantity: Int, sold: Int) async throws -> OpenedOrder {
    let order = try #require(try await bench.open(quantity).first)
    try await bench.apply(Story(order: order).expired())
    let other = try #require(try await bench.open(sold).first)
    try await bench.apply(Story(order: other).completed())
    try await bench.apply(Story(order: order).completed())
    #expect(try await bench.state(of: order) == "paid_unfulfillable")
    return order
  }

  /// Lets every order that waits look for stock, as the worker does.
  @discardableResult
  private func look(_ bench: Workbench) async throws -> Int {
    let lease = Lease(for: .seconds(12))
    let jobs = try await bench.daemon.run { try JobQueue.claim($0, .restock, limit: 50, lease: lease) }
    for job in jobs {
      let order = try #require(Int64(job.subject))
      let event = EventToApply(
        job: job.id, eventID: nil, type: JobKind.restock.rawValue, reading: .content(.order(OrderID(order))))
      let context = bench.context(lease, thorough: true)
      _ = try await bench.daemon.write { try ApplyTransaction.run($0, [event], context) }
    }
    return jobs.count
  }

  /// As if the orders' time were over, or the moment of their next look come.
  private func passWindow(_ bench: Workbench) async throws {
    _ = try await bench.sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE gkm.orders SET restock_until = now() - interval '1 s' WHERE restock_until IS NOT NULL; COMMIT;
      UPDATE gkm.job SET run_at = now() WHERE kind = 'restock';
      """)
  }

  private func due(_ bench: Workbench) async throws -> String {
    try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock' AND run_at <= now();")
  }

  @Test func newStockWakesTheOrderAtOnceAndItsCaseIsClosed() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await late(bench, 1, sold: 1)
      #expect(try await due(bench) == "0")
      let waits = try await bench.sql(
        "SELECT restock_until > now() + interval '23 hours' FROM gkm.orders WHERE id = \(order.id);")
      #expect(waits == "t")
      let open = try await bench.sql(
        """
        SELECT c.state, v.handle, m.audience, m.body LIKE 'Missing: 1 × Stellar Drift.%' FROM gkm.support_case c
        JOIN gkm.vendor v ON v.id = c.vendor_id JOIN gkm.case_message m ON m.case_id = c.id;
        """)
      #expect(open == "open|vend|vendor|t")
      try await bench.stock(100...101)
      #expect(try await due(bench) == "1")
      #expect(try await look(bench) == 1)
      #expect(try await bench.state(of: order) == "paid")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.orders WHERE restock_until IS NOT NULL;") == "0")
      #expect(try await bench.sql("SELECT state FROM gkm.support_case;") == "closed")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock';") == "0")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func aLookBeforeItsTimeIsOverPaysNothingBack() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await late(bench, 1, sold: 1)
      _ = try await bench.sql("UPDATE gkm.job SET run_at = now() WHERE kind = 'restock';")
      #expect(try await look(bench) == 1)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.refund_request;") == "0", "paid back too early")
      #expect(try await bench.state(of: order) == "paid_unfulfillable")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock';") == "1")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func stockThatSomebodyGivesBackWakesItToo() async throws {
    try await Workbench.with(keys: 2) { bench in
      let undecided = try #require(try await bench.open(1).first)
      let order = try await late(bench, 1, sold: 1)
      _ = try await bench.daemon.write { try ReservationRelease.release($0, undecided.id, .expired) }
      #expect(try await due(bench) == "1")
      try await look(bench)
      #expect(try await bench.state(of: order) == "paid")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func whenItsTimeIsOverTheMissingUnitsArePaidBackAndNoLaterStockIsBoundToThem() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await late(bench, 2, sold: 1)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.assignment WHERE order_id = \(order.id);") == "1")
      try await passWindow(bench)
      #expect(try await look(bench) == 1)
      let request = try await bench.sql(
        """
        SELECT r.scope, r.amount, r.state, r.requested_as, count(u.*), min(o.state) FROM gkm.refund_request r
        JOIN gkm.refund_request_unit u ON u.request_id = r.id JOIN gkm.order_unit o ON o.id = u.order_unit_id
        WHERE r.order_id = \(order.id) GROUP BY r.id;
        """)
      #expect(request == "units|1999|approved|daemon|1|refunding")
      try await bench.stock(100...104)
      try await look(bench)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.assignment WHERE order_id = \(order.id);") == "1")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.refund_request;") == "1")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.case_message;") >= "2")
      #expect(try await bench.sql("SELECT available FROM gkm.listing_stock;") == "5")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func theLastLookTakesWhatIsThereAndPaysBackOnlyTheRest() async throws {
    try await Workbench.with(keys: 3) { bench in
      let order = try await late(bench, 3, sold: 3)
      try await bench.stock(100...101)
      try await passWindow(bench)
      try await look(bench)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.assignment WHERE order_id = \(order.id);") == "2")
      #expect(try await bench.sql("SELECT scope, amount FROM gkm.refund_request;") == "units|1999")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func ofAnOrderWithoutAnyKeyEverythingIsPaidBack() async throws {
    try await Workbench.with(keys: 2) { bench in
      let order = try await late(bench, 2, sold: 2)
      try await passWindow(bench)
      try await look(bench)
      #expect(try await bench.sql("SELECT scope, amount, state FROM gkm.refund_request;") == "whole|3998|approved")
      #expect(try await bench.state(of: order) == "paid_unfulfillable")
      try await bench.apply(Story(order: order).refunded())
      #expect(try await bench.state(of: order) == "refunded")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock';") == "0")
    }
  }

  @Test func manyLooksAtOnceAskForOneRefund() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await late(bench, 1, sold: 1)
      try await passWindow(bench)
      // Another daemon that took the same look before its lease ran out, and a second job for the same order.
      _ = try await bench.sql(
        "INSERT INTO gkm.job (kind, subject) SELECT 'restock', '\(order.id)' FROM generate_series(1, 3);")
      let daemon = bench.market.daemon
      let vault = bench.vault
      try await withThrowingTaskGroup { group in
        for _ in 1...4 {
          group.addTask {
            let connection = try await PostgresConnection.connect(daemon)
            let lease = Lease(for: .seconds(12))
            let jobs = try await connection.run { try JobQueue.claim($0, .restock, limit: 1, lease: lease) }
            for job in jobs {
              let event = EventToApply(
                job: job.id, eventID: nil, type: JobKind.restock.rawValue, reading: .content(.order(order.id)))
              let context = ApplyContext(
                vault: vault, mailDomain: "shop.example", lease: lease, deliveryLease: Lease(for: .seconds(12)),
                expressSlots: 0, isThorough: true)
              _ = try await connection.write { try ApplyTransaction.run($0, [event], context) }
            }
            await connection.close()
          }
        }
        try await group.waitForAll()
      }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.refund_request;") == "1")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.job WHERE kind = 'restock';") == "0")
    }
  }

  @Test func twoThatWaitForTheLastKeyInOneBatchDoNotBothGetIt() async throws {
    try await Workbench.with(keys: 2) { bench in
      let orders = try await bench.open(1, 1)
      for order in orders { try await bench.apply(Story(order: order).expired()) }
      let quick = try #require(try await bench.open(1).first)
      try await bench.apply(Story(order: quick).completed())
      try await bench.apply(Story(order: orders[0]).completed(), Story(order: orders[1]).completed())
      let states = try await bench.sql("SELECT state FROM gkm.orders WHERE id <> \(quick.id) ORDER BY state;")
      #expect(states == "paid\npaid_unfulfillable")
      #expect(try await bench.imbalance() == "")
    }
  }

  @Test func whoPaidFirstIsServedFirst() async throws {
    try await Workbench.with(keys: 2) { bench in
      let orders = try await bench.open(1, 1)
      for order in orders { try await bench.apply(Story(order: order).expired()) }
      let quick = try #require(try await bench.open(2).first)
      try await bench.apply(Story(order: quick).completed())
      for order in orders.reversed() { try await bench.apply(Story(order: order).completed()) }
      try await bench.stock(100...100)
      let lease = Lease(for: .seconds(12))
      let first = try await bench.daemon.run { try JobQueue.claim($0, .restock, limit: 1, lease: lease) }
      #expect(first.map(\.subject) == [orders[1].id.description])
    }
  }

  @Test func inWhateverOrderItsEventsComeItWaitsOnce() async throws {
    try await Workbench.with(keys: 0) { bench in
      for (round, order) in ApplyTests.permutations(of: [0, 1, 2]).enumerated() {
        try await bench.stock((round + 1)...(round + 1))
        let late = try #require(try await bench.open(1).first)
        _ = try await bench.daemon.write { try ReservationRelease.release($0, late.id, .expired) }
        let quick = try #require(try await bench.open(1).first)
        try await bench.apply(Story(order: quick).completed())
        let story = Story(order: late)
        let events = [story.completed(), story.expired(), story.succeeded()]
        for place in order { try await bench.apply(events[place]) }
        #expect(try await bench.state(of: late) == "paid_unfulfillable", "\(order)")
        let looks = "SELECT count(*) FROM gkm.job WHERE kind = 'restock' AND subject = '\(late.id)';"
        #expect(try await bench.sql(looks) == "1", "\(order)")
        let cases = "SELECT count(*) FROM gkm.support_case WHERE order_id = \(late.id);"
        #expect(try await bench.sql(cases) == "1", "\(order)")
      }
    }
  }

  @Test func aDisputeMeanwhileStopsTheRefundAndItsEndLetsItGoOn() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await late(bench, 1, sold: 1)
      let story = Story(order: order)
      try await bench.apply(story.disputed("created", "needs_response"))
      try await passWindow(bench)
      try await look(bench)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.refund_request;") == "0")
      try await bench.apply(story.disputed("closed", "won"))
      #expect(try await bench.state(of: order) == "paid_unfulfillable")
      try await passWindow(bench)
      #expect(try await look(bench) == 1)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.refund_request;") == "1")
    }
  }
}
