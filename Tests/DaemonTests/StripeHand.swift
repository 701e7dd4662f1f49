import Foundation
import Market
import Outbound
import Stripe
import TestSupport

@testable import Daemon

/// What customers, banks and the dashboard do to one order, at Stripe's stand-in; and the events that tell of it.
struct StripeHand: Sendable {
  let shop: Shop
  let order: Int
  let session: String

  /// Checks out one unit of a listing.
  static func checkOut(_ shop: Shop, _ listing: ListingID) async throws -> StripeHand {
    let answer = try await shop.checkout(listing)
    guard answer.status == 201, let order = (answer.json["order"] as? [String: Any])?["id"] as? Int,
      let session = answer.json["checkout_session"] as? String
    else { throw Shop.Failure("no checkout: \(answer.status) \(answer.text)") }
    return StripeHand(shop: shop, order: order, session: session)
  }

  /// Calls the stand-in: `/v1/…` as ourselves, `/_sim/…` as customers and banks. The answer's JSON.
  @discardableResult
  func call(_ path: String, _ form: [String: String]) async throws -> [String: Any] {
    try await shop.callStripe(path, form)
  }

  func pay(_ outcome: String = "paid", _ more: [String: String] = [:]) async throws {
    try await call("/_sim/sessions/\(session)/pay", more.merging(["outcome": outcome]) { $1 })
  }

  func settle(_ outcome: String) async throws {
    try await call("/_sim/sessions/\(session)/settle", ["outcome": outcome])
  }

  func expire() async throws { try await call("/v1/checkout/sessions/\(session)/expire", [:]) }

  /// `pi_…`
  func intent() async throws -> String {
    guard let intent = try await shop.callStripe("/v1/checkout/sessions/\(session)")["payment_intent"] as? String else {
      throw Shop.Failure("the session has no intent")
    }
    return intent
  }

  /// From the dashboard: nothing in it names our request. Answers `re_…`.
  @discardableResult
  func refund(_ amount: Int? = nil) async throws -> String {
    var form = ["payment_intent": try await intent()]
    form["amount"] = amount.map(String.init)
    return try await call("/v1/refunds", form)["id"] as? String ?? ""
  }

  func move(refund id: String, to status: String) async throws {
    try await call("/_sim/refunds/\(id)", ["status": status])
  }

  /// Answers `dp_…`.
  @discardableResult
  func dispute(_ status: String = "needs_response", reason: String = "fraudulent") async throws -> String {
    let form = ["payment_intent": try await intent(), "status": status, "reason": reason]
    return try await call("/_sim/disputes", form)["id"] as? String ?? ""
  }

  func move(dispute id: String, to status: String) async throws {
    try await call("/_sim/disputes/\(id)", ["status": status])
  }

  /// The bodies of the events that the market handles and that are about this order, as they happened.
  func events() async throws -> [[UInt8]] {
    let intent = try? await intent()
    var found: [[UInt8]] = []
    var after: String?
    repeat {
      let place = after.map { "&starting_after=\($0)" } ?? ""
      let page = try await shop.callStripe("/v1/events?limit=100\(place)")
      let events = page["data"] as? [[String: Any]] ?? []
      for event in events where StripeEvent.handledTypes.contains(event["type"] as? String ?? "") {
        let body = try JSONSerialization.data(withJSONObject: event, options: [.sortedKeys])
        let text = String(decoding: body, as: UTF8.self)
        if text.contains(session) || intent.map(text.contains) == true { found.append(Array(body)) }
      }
      after = page["has_more"] as? Bool == true ? events.last?["id"] as? String : nil
    } while after != nil
    return found.reversed()
  }

  /// How the order ended: its state, what came and went, its attempts, refunds and disputes, and its keys where the
  /// order in which things happened does not matter to them.
  func ending() async throws -> String {
    try await shop.sql(
      """
      SELECT concat_ws(' ', o.state, o.hold_reason, p.received || '-' || p.refunded,
        (SELECT string_agg(t.outcome || coalesce(':' || t.decline_code, ''), ',' ORDER BY t.outcome, t.decline_code)
          FROM gkm.payment_attempt t WHERE t.order_id = o.id),
        (SELECT string_agg(r.status || ':' || r.amount, ',' ORDER BY r.amount) FROM gkm.refund r WHERE r.order_id = o.id),
        (SELECT string_agg(d.status || ':' || d.standing || CASE WHEN d.funds_withdrawn THEN ':withdrawn' ELSE '' END
          || CASE WHEN d.funds_reinstated THEN ':reinstated' ELSE '' END, ',')
          FROM gkm.dispute d WHERE d.order_id = o.id),
        CASE WHEN o.state NOT IN ('disputed', 'held') THEN 'keys:' || (SELECT count(*) FROM gkm.assignment a
          WHERE a.order_id = o.id AND a.active) END)
      FROM gkm.orders o JOIN gkm.payment p ON p.order_id = o.id WHERE o.id = \(order)
      """)
  }
}

extension Shop {
  /// Calls Stripe's stand-in; without a form it is a GET. Throws what is not answered with success.
  @discardableResult
  func callStripe(_ path: String, _ form: [String: String]? = nil) async throws -> [String: Any] {
    var headers = [("Authorization", "Bearer \(Shop.apiKey)")]
    var body: [UInt8] = []
    if let form {
      headers.append(("Content-Type", "application/x-www-form-urlencoded"))
      var parameters = FormParameters()
      for (name, value) in form.sorted(by: { $0.key < $1.key }) { parameters.add(name, value) }
      body = Array(parameters.encoded.utf8)
    }
    let answer = try await http.send(
      HTTPRequest(method: form == nil ? "GET" : "POST", url: stripeURL + path, headers: headers, body: body))
    guard (200..<300).contains(answer.status) else { throw Failure("\(path): \(answer.status) \(answer.text)") }
    return answer.json
  }
}
