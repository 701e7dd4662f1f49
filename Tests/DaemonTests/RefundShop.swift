import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// What the tests of refunds do with a shop and its Stripe.
extension Shop {
  /// A paid order; its events came through the webhook.
  struct RefundableOrder: Sendable {
    let id: Int64
    let intent: String
  }

  func refundableOrder(units: Int) async throws -> RefundableOrder {
    let listing = try await listing(keys: units + 2)
    let answer = try await checkout(listing, quantity: units)
    let session = try #require(answer.json["checkout_session"] as? String, "\(answer.text)")
    let id = try #require((answer.json["order"] as? [String: Any])?["id"] as? Int)
    try await hearStripe(true)
    let paid = try await atStripe("/_sim/sessions/\(session)/pay")
    let intent = try #require(paid.json["payment_intent"] as? String, "\(paid.text)")
    try await eventually(within: .seconds(60)) {
      // All of the payment's events, so that none comes later.
      let heard = try await count(
        "stripe_event", where: "state = 'done' AND type = 'charge.succeeded' AND order_id = \(id)")
      return heard == 1
    }
    return RefundableOrder(id: Int64(id), intent: intent)
  }

  /// Whether Stripe's events reach the shop.
  func hearStripe(_ isHeard: Bool) async throws {
    _ = try await atStripe("/_sim/webhook", isHeard ? "url=http://127.0.0.1:\(port)/webhooks/stripe" : "")
  }

  /// Asks as the daemon does; answers the request's id. What `more` says happens in the same transaction.
  func requestRefund(_ order: RefundableOrder, amount: Int64? = nil, then more: String? = nil) async throws -> Int64 {
    let scope = amount == nil ? "whole" : "amount"
    return try await pool.write { session in
      let request = try session.first(
        "SELECT gkm.create_refund_request(\(order.id), 'not wanted any more', \(scope), NULL, \(amount))"
      ) { try $0.int64(0) }
      if let more { try session.script(more) }
      return request ?? 0
    }
  }

  func refundState(_ request: Int64) async throws -> String {
    try await sql("SELECT state FROM gkm.refund_request WHERE id = \(request)")
  }

  /// Calls Stripe as its dashboard would.
  func asDashboard(_ path: String, _ form: String) async throws -> HTTPResponse {
    try await http.send(
      HTTPRequest(
        method: "POST", url: stripeURL + path,
        headers: [
          ("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Bearer \(Self.apiKey)"),
        ], body: Array(form.utf8)))
  }

  /// How many refunds Stripe has ever made.
  func refundsAtStripe() async throws -> Int {
    let stats = try await http.send(HTTPRequest(url: stripeURL + "/_sim/stats"))
    return (stats.json["counters"] as? [String: Any])?["refunds"] as? Int ?? 0
  }

  /// The violations that `gkmd verify` finds in refunds, orders and stock.
  func refundOffenders() async throws -> String {
    let checks: Set = [
      "refunds.sums", "refunds.keys", "refunds.once", "refunds.agreed", "refunds.in_time", "orders.state",
      "payments.rows", "stock.counters", "stock.states", "events.one_effect",
    ]
    return try await pool.read { session in
      try Verification().look(session, only: checks).flatMap(\.offenders).map { "\($0.name) \($0.problem)" }
    }.joined(separator: "\n")
  }
}
