import Market
import Postgres
import Store
import TestSupport
import Testing

/// How long stock stays held for an order that is not paid yet.
@Suite struct HoldTests {
  private func unpaid(_ order: OpenedOrder, _ name: String, _ fact: StripeFact) -> (id: String, content: EventContent) {
    ("evt_\(name)_\(order.id)", .order(order.id, facts: [fact]))
  }

  @Test func anOrderWhoseMoneyIsOnItsWayKeepsItsStockUntilTheBankHasSpoken() async throws {
    try await Workbench.with(keys: 2) { bench in
      let orders = try await bench.open(1, 1)
      for order in orders {
        let waiting = StripeFact.sessionCompleted(
          paymentStatus: "unpaid", total: order.amount, paymentIntent: "pi_\(order.id)", customerEmail: nil)
        try await bench.apply(unpaid(order, "completed", waiting))
        #expect(try await bench.state(of: order) == "awaiting_async")
      }
      _ = try await bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.reservation SET expires_at = now() - interval '2 days'; COMMIT;
        """)
      let overdue = try await bench.daemon.read { try ReservationRelease.overdue($0, after: nil, limit: 10) }
      #expect(overdue.isEmpty)
      let isReleased = try await bench.daemon.write { try ReservationRelease.release($0, orders[0].id, .expired) }
      #expect(!isReleased)
      #expect(try await bench.sql("SELECT available, reserved FROM gkm.listing_stock;") == "0|2")
      let failed = StripeFact.asyncPaymentFailed(paymentIntent: "pi_\(orders[0].id)", customerEmail: nil)
      try await bench.apply(unpaid(orders[0], "failed", failed))
      #expect(try await bench.state(of: orders[0]) == "payment_failed")
      let succeeded = StripeFact.asyncPaymentSucceeded(
        total: orders[1].amount, paymentIntent: "pi_\(orders[1].id)", customerEmail: nil)
      try await bench.apply(unpaid(orders[1], "succeeded", succeeded))
      #expect(try await bench.state(of: orders[1]) == "paid")
      #expect(try await bench.sql("SELECT available, reserved, sold FROM gkm.listing_stock;") == "1|0|1")
      #expect(try await bench.imbalance() == "")
    }
  }
}
