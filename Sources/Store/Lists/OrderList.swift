package import Market
package import Postgres

/// An order as lists show it. A vendor's has no e-mail but a mask, no Stripe ids, and the vendor's own total.
package struct OrderRow: ListRow {
  package var id: Int64
  package var number: String
  package var state: OrderState
  package var customer: String
  package var vendors: [String]
  package var title: String
  package var total: Money
  package var checkoutSession: String?
  package var paymentIntent: String?
  package var unitsTotal: Int64?
  package var unitsDelivered: Int64?
  package var holdReason: String?
  /// Who of the staff holds it, why and since when.
  package var heldBy: String?
  package var heldFor: String?
  package var heldAt: Instant?
  package var createdAt: Instant
  package var paidAt: Instant?
  package var deliveredAt: Instant?
  package var version: Int64
  /// A vendor is not shown the market's own ids.
  package var idIsInternal: Bool

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", idIsInternal ? .text(number) : .integer(id)), ListField("number", .text(number)),
      ListField("state", .text(state.rawValue)), ListField("customer_email", .text(customer)),
      ListField("vendors", .texts(vendors)), ListField("title", .text(title)),
      ListField("amount", .integer(total.amount)), ListField("currency", .text(total.currency.code)),
      ListField("checkout_session", .optional(checkoutSession)), ListField("payment_intent", .optional(paymentIntent)),
      ListField("units", .optional(unitsTotal)), ListField("units_delivered", .optional(unitsDelivered)),
      ListField("hold_reason", .optional(holdReason)), ListField("created_at", .time(createdAt)),
      ListField("paid_at", .optional(paidAt)), ListField("delivered_at", .optional(deliveredAt)),
      ListField("held_by", .optional(heldBy)), ListField("held_for", .optional(heldFor)),
      ListField("held_at", .optional(heldAt)),
    ]
  }
}

package enum OrderList {
  /// For staff: the whole market, newest first.
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [OrderRow]
  {
    try page(
      session, where: conditions + (after.map { ["o.id < \($0)"] } ?? []), sortedBy: "o.id DESC", limit: limit)
  }

  package static func page(
    _ session: borrowing Session, where conditions: [SQL], sortedBy order: SQL, limit: Int
  ) throws -> [OrderRow] {
    let filter = conditions.isEmpty ? SQL("true") : SQL.joined(conditions, by: " AND ")
    return try session.rows(
      """
      SELECT o.id, o.number, o.state, o.customer_email::text, o.amount, o.currency, o.checkout_session, p.intent,
        o.units_total, o.units_delivered, o.hold_reason::text, o.created_at, o.paid_at, o.delivered_at, o.version,
        ARRAY(SELECT v.handle FROM gkm.vendor v WHERE v.id IN
          (SELECT l.vendor_id FROM gkm.order_line l WHERE l.order_id = o.id) ORDER BY v.handle),
        (SELECT string_agg(l.title::text || CASE WHEN l.quantity > 1 THEN ' ×' || l.quantity ELSE '' END, ', '
          ORDER BY l.id) FROM gkm.order_line l WHERE l.order_id = o.id), o.held_by, o.held_for::text, o.held_at
      FROM gkm.orders o LEFT JOIN gkm.payment p ON p.order_id = o.id
      WHERE \(sql: filter)
      ORDER BY \(sql: order) LIMIT \(limit)
      """
    ) { row in
      OrderRow(
        id: try row.int64(0), number: try row.string(1), state: try row.word(2), customer: try row.string(3),
        vendors: try row.stringArray(15), title: try row.stringOrNil(16) ?? "", total: try row.money(4, 5),
        checkoutSession: try row.stringOrNil(6), paymentIntent: try row.stringOrNil(7),
        unitsTotal: Int64(try row.int(8)), unitsDelivered: Int64(try row.int(9)),
        holdReason: try row.stringOrNil(10), heldBy: try row.stringOrNil(17), heldFor: try row.stringOrNil(18),
        heldAt: try row.instantOrNil(19), createdAt: try row.instant(11), paidAt: try row.instantOrNil(12),
        deliveredAt: try row.instantOrNil(13), version: try row.int64(14), idIsInternal: false)
    }
  }
}

extension OrderList: ListDefinition {
  package static let capability = Capability.readOrders
  package static let memberNames = [
    "id", "number", "state", "customer_email", "vendors", "title", "amount", "currency", "checkout_session",
    "payment_intent", "units", "units_delivered", "hold_reason", "created_at", "paid_at", "delivered_at", "held_by",
    "held_for", "held_at",
  ]

  private static let states = FilterField(
    "state", .enumeration(OrderState.allCases.map(\.rawValue) + ["stuck"]), "where the order stands")

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        states, FilterField("vendor", .id, "a vendor's handle"),
        FilterField("email", .text, "the customer's address"), FilterField("amount", .money, "the order's total"),
        FilterField("currency", .id, "such as eur"), FilterField("number", .id, "the order's number"),
        FilterField("title", .text, "what was bought"), FilterField("created", .time, "when it was placed"),
        FilterField("paid", .time, "when it was paid"),
        FilterField("held", .enumeration(["yes", "no"]), "whether somebody of the staff holds it"),
      ], timeField: "created", mainField: "state")
  }

  package static var vendorSchema: FilterSchema {
    FilterSchema(
      [FilterField("state", .enumeration(OrderState.allCases.map(\.rawValue)), "where the order stands")],
      timeField: "created", mainField: "state")
  }

  package static let keyset: ListKeyset? = ListKeyset(
    "gkm.orders", as: "o",
    sorts: [
      .init("created") { "\($0).created_at" }, .init("paid", isPartial: true) { "\($0).paid_at" },
      .init("amount") { AmountSQL.thousandths("\($0).amount", currency: "\($0).currency") },
    ])

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return ["state", "number", "vendor", "held"].contains(field)
  }

  package static func ofVendors(_ ids: [VendorID]) -> SQL? {
    "o.id IN (SELECT w.order_id FROM gkm.vendor_order w WHERE \(sql: isOne("w.vendor_id", of: ids)))"
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "email": "o.customer_email"
    case "amount": "o.amount"
    case "currency": "o.currency"
    case "title": "(SELECT string_agg(x.title, ' ') FROM gkm.order_line x WHERE x.order_id = o.id)"
    case "paid": "o.paid_at"
    default: "o.created_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    switch field {
    case "state":
      // One state's orders come in the order of an index on the state and the id.
      var parts: [SQL] = [values.count == 1 ? "o.state = \(values[0])" : "o.state = ANY (\(values))"]
      // Paid, and still not delivered after the promised time, or waiting for a person.
      if values.contains("stuck") {
        parts.append(
          """
          (o.state IN ('held', 'paid_unfulfillable')
            OR (o.state = 'paid' AND o.paid_at < now() - interval '30 seconds'))
          """)
      }
      return SQL.joined(parts, by: " OR ")
    case "held":
      // By a constant condition, so that the few that are held are found by their index.
      let parts = Set(values).map { $0 == "yes" ? SQL("o.held_at IS NOT NULL") : SQL("o.held_at IS NULL") }
      return SQL.joined(parts, by: " OR ")
    default: return nil
    }
  }

  /// OFFSET 0: an order's lines are looked at with the order, and not all lines beforehand.
  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    let end = "\u{10FFFF}"
    return """
      lower(o.customer_email) ~>=~ \(lower) AND lower(o.customer_email) ~<~ \(lower + end)
      OR strpos(lower(o.customer_email), \(lower)) > 0 OR strpos(o.number, \(text.uppercased())) > 0
      OR o.checkout_session = \(text) OR p.intent = \(text)
      OR EXISTS (SELECT FROM gkm.order_line x WHERE x.order_id = o.id AND strpos(lower(x.title), \(lower)) > 0 OFFSET 0)
      """
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [OrderRow] {
    try VendorList.orders(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
