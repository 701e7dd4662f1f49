import Foundation
import Glibc
import Market
import Outbound
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// `gkmd serve --only workers`, killed while Stripe has the refund and it does not know yet.
@Suite("Refunds and a killed daemon") struct KilledRefundLongTests {
  private func start(_ shop: Shop) throws -> ChildProcess {
    try ChildProcess(
      try TestRun.program("gkmd"), ["serve", "--only", "workers"],
      environment: [
        "GKM_DATABASE_URL": shop.market.daemon.conninfo, "REDIS_URL": try shop.redis.url(.daemon),
        "SMTP_URL": "smtp://127.0.0.1:9", "STRIPE_API_BASE": shop.stripeURL, "STRIPE_API_KEY": Shop.apiKey,
        "STRIPE_WEBHOOK_SECRET": Shop.secret, "GKM_MASTER_KEY": String(repeating: "07", count: 32),
        "GKM_LISTEN": "127.0.0.1:\(try FreePort.next())", "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())",
      ])
  }

  @Test("Between request and answer, again and again: never a second refund", arguments: [true, false])
  func killed(wasCarriedOut: Bool) async throws {
    let knobs = ["api_hold_ms": 60_000.0]
    try await Shop.open(parts: [.intake, .checkout], knobs: knobs) { shop in
      var process = try start(shop)
      let order = try await shop.refundableOrder(units: 1)
      try await shop.hearStripe(false)
      let kind = wasCarriedOut ? "commit_then_timeout" : "timeout"
      _ = try await shop.atStripe("/_sim/faults", "kind=\(kind)&path=/v1/refunds&method=POST&times=3")
      let request = try await shop.requestRefund(order)
      for round in 1...3 {
        try await shop.eventually(within: .seconds(60)) {
          try await shop.sql("SELECT state || attempts FROM gkm.refund_request") == "sending\(round)"
        }
        if wasCarriedOut { try await shop.eventually { try await shop.refundsAtStripe() == 1 } }
        try await process.end(SIGKILL)
        #expect(try await shop.refundState(request) == "sending")
        // As if the lease had run out.
        try await shop.sql("UPDATE gkm.job SET run_at = now() WHERE kind = 'refund'")
        process = try start(shop)
      }
      try await shop.eventually(within: .seconds(90)) { try await shop.refundState(request) == "succeeded" }
      #expect(try await shop.refundsAtStripe() == 1)
      #expect(try await shop.count("refund") == 1)
      #expect(try await shop.sql("SELECT state FROM gkm.orders") == "refunded")
      // The events come now, days late.
      try await process.end()
      #expect(try await shop.refundOffenders() == "")
    }
  }

  @Test("Two daemons, every fault, events doubled and out of order: each request is carried out once")
  func storm() async throws {
    let knobs: [String: Double] = [
      "api_429_rate": 0.15, "api_500_rate": 0.15, "api_409_rate": 0.1, "api_timeout_rate": 0.1,
      "api_commit_then_timeout_rate": 0.15, "api_hold_ms": 1_500, "webhook_duplicate_rate": 0.3,
      "webhook_reorder_rate": 0.5, "webhook_reorder_window_ms": 1_000, "refund_pending_rate": 0.3,
    ]
    let calm = knobs.keys.map { "\($0)=0" }.joined(separator: "&")
    let stormy = knobs.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
    try await Shop.open(parts: [.intake, .checkout, .workers], settings: "stripe.deadline = \"1s\"") { shop in
      let second = try start(shop)
      var orders: [Shop.RefundableOrder] = []
      for _ in 0..<12 { orders.append(try await shop.refundableOrder(units: 2)) }
      _ = try await shop.atStripe("/_sim/knobs", stormy)
      var requests: [Int64] = []
      for order in orders {
        requests.append(try await shop.requestRefund(order, amount: 700))
        requests.append(try await shop.requestRefund(order, amount: 900))
      }
      try await Task.sleep(for: .seconds(15))
      _ = try await shop.atStripe("/_sim/knobs", calm)
      try await shop.sql("UPDATE gkm.job SET run_at = now() WHERE kind = 'refund' AND lease_token IS NULL")
      let open = "state NOT IN ('sent', 'succeeded')"
      try await shop.eventually(within: .seconds(120)) { try await shop.count("refund_request", where: open) == 0 }
      #expect(try await shop.refundsAtStripe() == requests.count)
      #expect(try await shop.count("refund") == requests.count)
      #expect(
        try await shop.sql("SELECT string_agg(DISTINCT refunded::text, ',') FROM gkm.payment") == "1600")
      try await shop.eventually(within: .seconds(60)) { try await shop.refundOffenders() == "" }
      try await second.end()
    }
  }
}
