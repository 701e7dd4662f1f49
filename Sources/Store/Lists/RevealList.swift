package import Market
package import Postgres

/// How somebody's wish to see a key stands.
package enum RevealState: String, CaseIterable, Sendable {
  /// A second person has to agree.
  case waiting = "awaiting_approval"
  /// Agreed: whoever asked has a quarter of an hour to ask again.
  case approved
  case rejected
  /// The daemon works on it.
  case queued
  case answered
  /// The key was shown.
  case fetched
  /// Nobody fetched the answer.
  case expired
  case failed
}

/// A person's wish to see one key of the stock.
package struct RevealRow: ListRow {
  package var id: Int64
  package var unit: Int64
  package var order: String?
  package var vendor: String
  package var state: RevealState
  package var reason: String
  package var askedBy: String
  package var decidedBy: String?
  package var problem: String?
  package var askedAt: Instant
  package var decidedAt: Instant?
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("unit", .integer(unit)), ListField("order", .optional(order)),
      ListField("vendor", .text(vendor)), ListField("state", .text(state.rawValue)), ListField("reason", .text(reason)),
      ListField("asked_by", .text(askedBy)), ListField("decided_by", .optional(decidedBy)),
      ListField("problem", .optional(problem)), ListField("asked_at", .time(askedAt)),
      ListField("decided_at", .optional(decidedAt)), ListField("version", .integer(version)),
    ]
  }
}

/// Who wanted to see which key, and who agreed.
package enum RevealList: ListDefinition {
  package static let capability = Capability.revealKey
  package static let isForVendors = false
  package static let memberNames = [
    "id", "unit", "order", "vendor", "state", "reason", "asked_by", "decided_by", "problem", "asked_at", "decided_at",
    "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(RevealState.allCases.map(\.rawValue)), "how it stands"),
        FilterField("order", .id, "the order's number"), FilterField("vendor", .id, "a vendor's handle"),
        FilterField("by", .id, "who asked: a login"), FilterField("reason", .text, "why"),
        FilterField("asked", .time, "when it was asked for"),
      ], timeField: "asked", mainField: "state")
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "k.state"
    case "vendor": "v.handle"
    case "by": "k.requested_by"
    case "reason": "k.reason"
    default: "k.requested_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    """
    strpos(o.number, \(text.uppercased())) > 0 OR k.requested_by = \(text.lowercased())
    OR strpos(lower(k.reason), \(text.lowercased())) > 0
    """
  }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [RevealRow]
  {
    var all = conditions
    if let after { all.append("k.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT k.id, k.stock_unit_id, o.number, v.handle, k.state, k.reason::text, k.requested_by, k.decided_by,
        k.problem::text, k.requested_at, k.decided_at, k.version
      FROM gkm.key_request k
      JOIN gkm.vendor v ON v.id = k.vendor_id
      LEFT JOIN gkm.orders o ON o.id = k.order_id
      WHERE k.kind = 'reveal' AND \(sql: filter)
      ORDER BY k.id DESC LIMIT \(limit)
      """
    ) { row in
      RevealRow(
        id: try row.int64(0), unit: try row.int64(1), order: try row.stringOrNil(2), vendor: try row.string(3),
        state: try row.word(4), reason: try row.string(5), askedBy: try row.string(6),
        decidedBy: try row.stringOrNil(7), problem: try row.stringOrNil(8), askedAt: try row.instant(9),
        decidedAt: try row.instantOrNil(10), version: try row.int64(11))
    }
  }
}
