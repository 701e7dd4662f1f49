import Foundation
import Market
import Outbound
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// From a request to Stripe and back: once each, whatever fails between.
@Suite("Refunds at Stripe") struct RefundWorkerTests {
  private static let parts: Set<DaemonPart> = [.intake, .checkout, .workers]

  @Test("Part and rest: one refund each, and events and answer agree")
  func wholeThread() async throws {
    try await Shop.open(parts: Self.parts) { shop in
      let order = try await shop.refundableOrder(units: 2)
      let part = try await shop.requestRefund(order, amount: 500)
      try await shop.eventually { try await shop.refundState(part) == "succeeded" }
      #expect(try await shop.sql("SELECT state FROM gkm.orders") == "partially_refunded")
      #expect(try await shop.count("assignment", where: "active") == 2)
      let rest = try await shop.requestRefund(order)
      try await shop.eventually { try await shop.refundState(rest) == "succeeded" }
      try await shop.eventually { try await shop.sql("SELECT state FROM gkm.orders") == "refunded" }
      #expect(try await shop.count("assignment", where: "active") == 0)
      #expect(try await shop.sql("SELECT string_agg(DISTINCT state, ',') FROM gkm.order_unit") == "refunded")
      // refund.created, charge.refunded and charge.refund.updated of both.
      try await shop.eventually {
        try await shop.count("stripe_event", where: "state = 'done' AND type ~ 'refund'") == 6
      }
      #expect(
        try await shop.sql("SELECT string_agg(amount || status, ',' ORDER BY seq) FROM gkm.refund")
          == "500succeeded,3498succeeded")
      #expect(try await shop.refundsAtStripe() == 2)
      #expect(try await shop.refundOffenders() == "")
    }
  }

  @Test(
    "A try that fails, or whose answer is lost, is repeated under its key",
    arguments: [("429", 5), ("500", 5), ("commit_then_timeout", 2)])
  func faults(kind: String, times: Int) async throws {
    try await Shop.open(parts: Self.parts, settings: "stripe.deadline = \"1s\"", knobs: ["api_hold_ms": 4_000]) {
      shop in
      let order = try await shop.refundableOrder(units: 1)
      try await shop.hearStripe(false)
      _ = try await shop.atStripe("/_sim/faults", "kind=\(kind)&path=/v1/refunds&method=POST&times=\(times)")
      let request = try await shop.requestRefund(order)
      try await shop.eventually(within: .seconds(60)) { try await shop.refundState(request) == "succeeded" }
      #expect(try await shop.refundsAtStripe() == 1)
      #expect(try await shop.count("refund") == 1)
      #expect(try await shop.count("job", where: "kind = 'refund'") == 0)
      #expect(try await shop.refundOffenders() == "")
    }
  }

  @Test("What Stripe refuses fails with Stripe's words, puts the order back, and somebody is told")
  func refused() async throws {
    try await Shop.open(parts: Self.parts) { shop in
      let order = try await shop.refundableOrder(units: 1)
      // Refunded in the dashboard, and we do not hear of it.
      try await shop.hearStripe(false)
      #expect(try await shop.asDashboard("/v1/refunds", "payment_intent=\(order.intent)").status == 200)
      let request = try await shop.requestRefund(order)
      try await shop.eventually { try await shop.refundState(request) == "failed" }
      #expect(try await shop.sql("SELECT problem FROM gkm.refund_request").contains("already been refunded"))
      #expect(try await shop.sql("SELECT state FROM gkm.order_unit") == "sold")
      #expect(try await shop.sql("SELECT kind, order_id FROM gkm.support_case") == "refund_failed|\(order.id)")
      #expect(try await shop.count("job", where: "kind = 'refund'") == 0)
      #expect(try await shop.refundsAtStripe() == 1)
      #expect(try await shop.refundOffenders() == "")
    }
  }

  @Test("A request so old that Stripe may have forgotten its key is looked for first", arguments: [true, false])
  func oldKey(isThere: Bool) async throws {
    try await Shop.open(parts: Self.parts) { shop in
      let order = try await shop.refundableOrder(units: 1)
      try await shop.hearStripe(false)
      let request = try await shop.requestRefund(
        order,
        then: """
          UPDATE gkm.job SET run_at = now() + interval '1 hour' WHERE kind = 'refund';
          UPDATE gkm.refund_request SET state = 'sending', attempts = 1, key_since = now() - interval '25 hours';
          """)
      if isThere {
        let made = try await shop.asDashboard(
          "/v1/refunds", "payment_intent=\(order.intent)&metadata[refund_request]=\(request)")
        #expect(made.status == 200)
      }
      try await shop.sql("UPDATE gkm.job SET run_at = now() WHERE kind = 'refund'")
      try await shop.eventually { try await shop.refundState(request) == "succeeded" }
      #expect(try await shop.refundsAtStripe() == 1)
      #expect(try await shop.count("audit_event", where: "action = 'refund.sending'") == (isThere ? 1 : 2))
      #expect(try await shop.refundOffenders() == "")
    }
  }
}
