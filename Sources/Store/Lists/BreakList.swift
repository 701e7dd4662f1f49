package import Market
package import Postgres

/// One difference between Stripe and us, as lists show it.
package struct BreakRow: ListRow {
  package var id: Int64
  package var kind: String
  /// What differs: `pi_…`, `re_…`, `txn_…`.
  package var object: String
  package var order: String?
  package var state: BreakState
  package var ours: Int64?
  package var stripes: Int64?
  package var currency: String?
  package var detail: String
  package var owner: String
  package var assignee: String?
  package var explanation: String?
  package var openedAt: Instant
  package var changedAt: Instant
  /// How long it is open; until it was over, where it is.
  package var ageSeconds: Int64
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("kind", .text(kind)), ListField("object", .text(object)),
      ListField("order", .optional(order)), ListField("state", .text(state.rawValue)),
      ListField("ours", .optional(ours)), ListField("stripes", .optional(stripes)),
      ListField("currency", .optional(currency)), ListField("detail", .text(detail)),
      ListField("owner", .text(owner)), ListField("assignee", .optional(assignee)),
      ListField("explanation", .optional(explanation)), ListField("opened_at", .time(openedAt)),
      ListField("changed_at", .time(changedAt)), ListField("age_seconds", .integer(ageSeconds)),
      ListField("version", .integer(version)),
    ]
  }
}

package enum BreakList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [BreakRow]
  {
    var all = conditions
    if let after { all.append("b.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT b.id, b.kind, b.subject, o.number, b.state, b.our_amount, b.stripe_amount, b.currency, b.detail::text,
        b.owner, a.role_name, b.explanation::text, b.opened_at, b.changed_at,
        extract(epoch FROM CASE WHEN b.state IN ('closed', 'healed') THEN b.changed_at ELSE now() END - b.opened_at)::bigint,
        b.version
      FROM gkm.recon_break b
      LEFT JOIN gkm.orders o ON o.id = b.order_id
      LEFT JOIN gkm.person a ON a.id = b.assignee
      WHERE \(sql: filter)
      ORDER BY b.id DESC LIMIT \(limit)
      """
    ) { row in
      BreakRow(
        id: try row.int64(0), kind: try row.string(1), object: try row.string(2), order: try row.stringOrNil(3),
        state: try row.word(4), ours: try row.int64OrNil(5), stripes: try row.int64OrNil(6),
        currency: try row.stringOrNil(7), detail: try row.string(8), owner: try row.string(9),
        assignee: try row.stringOrNil(10), explanation: try row.stringOrNil(11), openedAt: try row.instant(12),
        changedAt: try row.instant(13), ageSeconds: try row.int64(14), version: try row.int64(15))
    }
  }
}

extension BreakList: ListDefinition {
  package static let capability = Capability.readBreaks
  package static let isForVendors = false
  package static let memberNames = [
    "id", "kind", "object", "order", "state", "ours", "stripes", "currency", "detail", "owner", "assignee",
    "explanation", "opened_at", "changed_at", "age_seconds", "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField(
          "state", .enumeration(BreakState.allCases.map(\.rawValue) + ["unsettled"]),
          "how it stands; unsettled is open, assigned or explained"),
        FilterField("kind", .enumeration(BreakKind.allCases.map(\.rawValue)), "in what way Stripe and we differ"),
        FilterField("object", .id, "pi_…, re_…, dp_…, txn_…"), FilterField("order", .id, "the order's number"),
        FilterField("assignee", .id, "who works on it"), FilterField("detail", .text, "what differs"),
        FilterField("amount", .money, "what Stripe has, else what we have"),
        FilterField("opened", .time, "when it was found"),
      ], timeField: "opened", mainField: "state")
  }

  package static let moneyAlias = "b"

  package static let keyset: ListKeyset? = ListKeyset("gkm.recon_break", as: "b")

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return ["order", "object"].contains(field)
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "b.state"
    case "kind": "b.kind"
    case "object": "b.subject"
    case "assignee": "a.role_name"
    case "detail": "b.detail"
    case "amount": "coalesce(b.stripe_amount, b.our_amount)"
    default: "b.opened_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "state", values.contains("unsettled") else { return nil }
    return "b.state = ANY (\(values + BreakState.allCases.filter(\.isOpen).map(\.rawValue)))"
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      b.subject = \(text) OR strpos(o.number, \(text.uppercased())) > 0 OR strpos(lower(b.detail), \(lower)) > 0
      OR a.role_name = \(lower) OR strpos(b.kind, \(lower)) > 0
      """
  }
}
