import FoundationEssentials
package import Market
package import Postgres

/// How one line of an order was sold, and all that was posted of it.
package struct LineStory: Sendable {
  /// The line's place in the order, from 1; for a vendor among their own.
  package let place: Int64
  package let vendor: String
  package let title: String
  package let quantity: Int
  package let unitPrice: Money
  /// As frozen at checkout.
  package let terms: CommissionTerms
  package let commission: Money
  package let rule: CommissionRuleID?
  /// For what the rule was made; `nil` to a vendor, where it is not the vendor's own.
  package let scope: CommissionScope?

  package init(
    place: Int64, vendor: String, title: String, quantity: Int, unitPrice: Money, terms: CommissionTerms,
    commission: Money, rule: CommissionRuleID?, scope: CommissionScope?
  ) {
    self.place = place
    self.vendor = vendor
    self.title = title
    self.quantity = quantity
    self.unitPrice = unitPrice
    self.terms = terms
    self.commission = commission
    self.rule = rule
    self.scope = scope
  }

  /// The lines of the order of exactly this number, as the viewer may see them, and its postings, oldest first.
  package static func read(
    _ session: borrowing Session, viewer: Viewer, order number: String
  ) throws -> (lines: [LineStory], postings: [LedgerPostingRow]) {
    guard viewer.role != .vendor else { return try vendors(session, viewer: viewer, number) }
    guard ListKind.ledger.isOpen(to: viewer.role) else {
      throw ActionRefused(.notAllowed, "\(viewer.role.rawValue) may not \(Capability.readLedger.title)")
    }
    let order: OrderID? = try session.first("SELECT id FROM gkm.orders WHERE number = \(number)") { try $0.id(0) }
    guard let order else { return ([], []) }
    let lines: [LineStory] = try session.rows(
      """
      SELECT row_number() OVER (ORDER BY l.id), v.handle, l.title::text, l.quantity, l.unit_price, l.currency,
        l.commission_bps, l.commission_fixed, l.commission_min, l.commission_max, l.commission, r.id, r.vendor_id,
        r.category::text, r.product_id
      FROM gkm.order_line l
      JOIN gkm.vendor v ON v.id = l.vendor_id
      LEFT JOIN gkm.commission_rule r ON r.id = l.commission_rule_id
      WHERE l.order_id = \(order) ORDER BY l.id
      """
    ) { row in
      LineStory(
        place: try row.int64(0), vendor: try row.string(1), title: try row.string(2), quantity: try row.int(3),
        unitPrice: try row.money(4, 5),
        terms: CommissionTerms(
          basisPoints: try row.int(6), fixed: try row.int64(7), minimum: try row.int64OrNil(8),
          maximum: try row.int64OrNil(9)),
        commission: try row.money(10, 5), rule: try row.idOrNil(11),
        scope: row.isNull(11)
          ? nil
          : CommissionScope(
            vendor: try row.idOrNil(12), category: try row.stringOrNil(13), product: try row.idOrNil(14)))
    }
    return (lines, try LedgerList.ofOrder(session, order))
  }

  private static func vendors(
    _ session: borrowing Session, viewer: Viewer, _ number: String
  ) throws -> (lines: [LineStory], postings: [LedgerPostingRow]) {
    let texts = try session.rows("SELECT row_data::text FROM api.vendor_lines(\(number))") { try $0.string(0) }
    let lines = try texts.map { text in
      let raw = try VendorList.decode(text, RawLine.self)
      return LineStory(
        place: raw.place, vendor: viewer.vendorHandle ?? "", title: raw.title, quantity: raw.quantity,
        unitPrice: try VendorList.money(raw.unitPrice, raw.currency),
        terms: CommissionTerms(
          basisPoints: raw.bps, fixed: raw.fixed, minimum: raw.minimum, maximum: raw.maximum),
        commission: try VendorList.money(raw.commission, raw.currency), rule: raw.rule.map { CommissionRuleID($0) },
        scope: raw.isOwn
          ? CommissionScope(
            vendor: viewer.vendor, category: raw.category, product: raw.productId.map { ProductID($0) }) : nil)
    }
    let conditions = VendorList.Conditions(text: number)
    let postings = try VendorList.ledger(session, viewer: viewer, conditions, after: nil, limit: 500)
    return (lines, postings.filter { $0.order == number }.reversed())
  }
}

private struct RawLine: Decodable {
  var place: Int64
  var title: String
  var quantity: Int
  var unitPrice: Int64
  var currency: String
  var bps: Int
  var fixed: Int64
  var minimum: Int64?
  var maximum: Int64?
  var commission: Int64
  var rule: Int64?
  /// The rule is the vendor's own.
  var isOwn: Bool
  var category: String?
  var productId: Int64?
}
