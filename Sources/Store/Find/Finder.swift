import Market
package import Postgres

/// Finds orders by whatever a person has at hand: an order's number, an e-mail address, a Stripe id of any kind, a
/// card's last four digits, a vendor's handle, the address that a key was shown to.
package enum Finder {
  /// An order, and by what it was found.
  package struct Hit: Sendable, Equatable {
    package var by: String
    package var order: OrderRow
  }

  /// Newest first, at most `limit`. For staff; each way in has an index of its own.
  package static func find(_ session: borrowing Session, _ text: String, limit: Int = 50) throws -> [Hit] {
    let needle = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    for (by, condition) in conditions(needle) {
      // Nobody's handle is not looked for among the orders.
      if by == "vendor", try !isVendor(session, needle) { continue }
      let rows = try OrderList.page(session, where: [condition], after: nil, limit: limit)
      if !rows.isEmpty { return rows.map { Hit(by: by, order: $0) } }
    }
    return []
  }

  private static func isVendor(_ session: borrowing Session, _ handle: String) throws -> Bool {
    try session.first("SELECT 1 FROM gkm.vendor WHERE handle = \(handle.lowercased())") { _ in true } ?? false
  }

  /// The ways in that the text's form allows, the surest first.
  private static func conditions(_ needle: String) -> [(by: String, SQL)] {
    guard !needle.isEmpty else { return [] }
    if let way = stripeWay(needle) { return [way] }
    if isNetworkAddress(needle) {
      let address = needle.lowercased()
      return [("address", "o.id IN (SELECT r.order_id FROM gkm.reveal r WHERE r.address = \(address))")]
    }
    var ways: [(by: String, SQL)] = []
    if let number = OrderNumber(needle) { ways.append(("number", "o.number = \(number.text)")) }
    if needle.contains("@") {
      let address = needle.lowercased()
      ways.append(("email", "lower(o.customer_email) = \(address)"))
      ways.append(
        (
          "old_email",
          "o.id IN (SELECT c.order_id FROM gkm.address_change c WHERE lower(c.old_email) = \(address))"
        ))
      ways.append(
        ("email", "lower(o.customer_email) ~>=~ \(address) AND lower(o.customer_email) ~<~ \(after(address))"))
      return ways
    }
    if needle.utf8.count == 4, needle.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
      ways.append(
        ("last4", "o.id IN (SELECT a.order_id FROM gkm.payment_attempt a WHERE a.card_last4 = \(needle))"))
    }
    if let id = Int64(needle) { ways.append(("id", "o.id = \(id)")) }
    let upper = needle.uppercased()
    if upper.hasPrefix("GK") {
      ways.append(("number", "o.number ~>=~ \(upper) AND o.number ~<~ \(after(upper))"))
    }
    let lower = needle.lowercased()
    ways.append(
      (
        "vendor",
        """
        o.id IN (SELECT w.order_id FROM gkm.vendor_order w
          WHERE w.vendor_id = (SELECT v.id FROM gkm.vendor v WHERE v.handle = \(lower)))
        """
      ))
    ways.append(("email", "lower(o.customer_email) ~>=~ \(lower) AND lower(o.customer_email) ~<~ \(after(lower))"))
    return ways
  }

  private static func stripeWay(_ id: String) -> (by: String, SQL)? {
    guard let underscore = id.firstIndex(of: "_") else { return nil }
    switch id[..<underscore] {
    case "cs": return ("checkout_session", "o.checkout_session = \(id)")
    case "pi":
      return ("payment_intent", "o.id IN (SELECT i.order_id FROM gkm.payment_intent i WHERE i.id = \(id))")
    case "ch", "py":
      return ("charge", "o.id IN (SELECT a.order_id FROM gkm.payment_attempt a WHERE a.charge_id = \(id))")
    case "re", "pyr":
      return ("refund", "o.id IN (SELECT r.order_id FROM gkm.refund r WHERE r.id = \(id))")
    case "dp", "du":
      return ("dispute", "o.id IN (SELECT d.order_id FROM gkm.dispute d WHERE d.id = \(id))")
    case "evt":
      return ("event", "o.id IN (SELECT e.order_id FROM gkm.stripe_event e WHERE e.event_id = \(id))")
    default: return nil
    }
  }

  /// `203.0.113.7`, `2001:db8::7`: four numbers, or two colons at least among hexadecimal digits.
  private static func isNetworkAddress(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) { return true }
    return text.utf8.count <= 45 && text.utf8.count(where: { $0 == UInt8(ascii: ":") }) >= 2
      && text.allSatisfy { $0 == ":" || $0 == "." || $0.isHexDigit }
  }

  /// The least text behind all that begin with `prefix`.
  private static func after(_ prefix: String) -> String { prefix + "\u{10FFFF}" }
}
