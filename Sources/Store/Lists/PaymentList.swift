package import Market
package import Postgres

/// One attempt to pay, as lists show it.
package struct PaymentRow: ListRow {
  package var id: Int64
  package var order: String
  package var orderID: OrderID
  package var charge: String
  package var intent: String?
  package var outcome: String
  package var code: String?
  package var declineCode: String?
  package var message: String?
  package var amount: Money?
  package var cardBrand: String?
  package var cardLast4: String?
  package var riskLevel: String?
  package var attemptedAt: Instant

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("order", .text(order)), ListField("charge", .text(charge)),
      ListField("payment_intent", .optional(intent)), ListField("outcome", .text(outcome)),
      ListField("code", .optional(code)), ListField("decline_code", .optional(declineCode)),
      ListField("message", .optional(message)), ListField("amount", .optional(amount?.amount)),
      ListField("currency", .optional(amount?.currency.code)), ListField("card_brand", .optional(cardBrand)),
      ListField("card_last4", .optional(cardLast4)), ListField("risk_level", .optional(riskLevel)),
      ListField("attempted_at", .time(attemptedAt)),
    ]
  }
}

package enum PaymentList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [PaymentRow]
  {
    try page(
      session, where: conditions + (after.map { ["a.id < \($0)"] } ?? []), sortedBy: "a.id DESC", limit: limit)
  }

  package static func page(
    _ session: borrowing Session, where conditions: [SQL], sortedBy order: SQL, limit: Int
  ) throws -> [PaymentRow] {
    let filter = conditions.isEmpty ? SQL("true") : SQL.joined(conditions, by: " AND ")
    return try session.rows(
      """
      SELECT a.id, o.number, a.order_id, a.charge_id, p.intent, a.outcome, a.code::text, a.decline_code::text,
        a.message::text, a.amount, a.currency, a.card_brand::text, a.card_last4, a.risk_level::text, a.attempted_at
      FROM gkm.payment_attempt a
      JOIN gkm.orders o ON o.id = a.order_id
      LEFT JOIN gkm.payment p ON p.order_id = a.order_id
      WHERE \(sql: filter)
      ORDER BY \(sql: order) LIMIT \(limit)
      """
    ) { row in
      PaymentRow(
        id: try row.int64(0), order: try row.string(1), orderID: try row.id(2), charge: try row.string(3),
        intent: try row.stringOrNil(4), outcome: try row.string(5), code: try row.stringOrNil(6),
        declineCode: try row.stringOrNil(7), message: try row.stringOrNil(8),
        amount: row.isNull(9) || row.isNull(10) ? nil : try row.money(9, 10), cardBrand: try row.stringOrNil(11),
        cardLast4: try row.stringOrNil(12), riskLevel: try row.stringOrNil(13), attemptedAt: try row.instant(14))
    }
  }
}

extension PaymentList: ListDefinition {
  package static let capability = Capability.readPayments
  /// A vendor has no list of payment attempts: they are the customer's.
  package static let isForVendors = false
  package static let memberNames = [
    "id", "order", "charge", "payment_intent", "outcome", "code", "decline_code", "message", "amount", "currency",
    "card_brand", "card_last4", "risk_level", "attempted_at",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("outcome", .enumeration(["succeeded", "failed"]), "how the attempt ended"),
        FilterField("order", .id, "the order's number"), FilterField("charge", .id, "ch_…"),
        FilterField("code", .text, "Stripe's error code"), FilterField("decline", .text, "the bank's reason"),
        FilterField("last4", .id, "the card's last four digits"), FilterField("brand", .text, "the card's brand"),
        FilterField("amount", .money, "the amount"), FilterField("at", .time, "when"),
      ], timeField: "at", mainField: "outcome")
  }

  package static let moneyAlias = "a"

  package static let keyset: ListKeyset? = ListKeyset(
    "gkm.payment_attempt", as: "a", sorts: [.init("at") { "\($0).attempted_at" }])

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return ["order", "charge", "last4"].contains(field)
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "outcome": "a.outcome"
    case "charge": "a.charge_id"
    case "code": "a.code"
    case "decline": "a.decline_code"
    case "last4": "a.card_last4"
    case "brand": "a.card_brand"
    case "amount": "a.amount"
    default: "a.attempted_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(o.number, \(text.uppercased())) > 0 OR a.charge_id = \(text) OR p.intent = \(text)
      OR strpos(lower(coalesce(a.message, '')), \(lower)) > 0 OR a.card_last4 = \(text)
      OR a.decline_code = \(lower) OR a.code = \(lower)
      """
  }
}
