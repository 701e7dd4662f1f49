package import Market
package import Postgres

/// Something that somebody asked for and others decide on.
package struct AskRow: ListRow {
  package var id: Int64
  package var kind: AskKind
  package var order: String
  /// The unit's place in the order, from 1, where it is about one.
  package var unit: Int64?
  package var state: AskState
  /// Where to, while it waits.
  package var address: String?
  package var reason: String
  package var askedBy: String
  package var decidedBy: String?
  /// What was said to it.
  package var decision: String?
  package var askedAt: Instant
  package var decidedAt: Instant?
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("kind", .text(kind.rawValue)), ListField("order", .text(order)),
      ListField("unit", .optional(unit)), ListField("state", .text(state.rawValue)),
      ListField("address", .optional(address)), ListField("reason", .text(reason)),
      ListField("asked_by", .text(askedBy)), ListField("decided_by", .optional(decidedBy)),
      ListField("decision", .optional(decision)), ListField("asked_at", .time(askedAt)),
      ListField("decided_at", .optional(decidedAt)), ListField("version", .integer(version)),
    ]
  }
}

package enum AskList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [AskRow]
  {
    var all = conditions
    if let after { all.append("a.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT a.id, a.kind, o.number, CASE WHEN a.order_unit_id IS NOT NULL THEN (
          SELECT count(*) FROM gkm.order_unit u WHERE u.order_id = a.order_id AND u.id <= a.order_unit_id) END,
        a.state, a.address::text, a.reason::text, a.asked_by, a.decided_by, a.decision::text, a.asked_at, a.decided_at,
        a.version
      FROM gkm.ask a JOIN gkm.orders o ON o.id = a.order_id
      WHERE \(sql: filter)
      ORDER BY a.id DESC LIMIT \(limit)
      """
    ) { row in
      AskRow(
        id: try row.int64(0), kind: try row.word(1), order: try row.string(2), unit: try row.int64OrNil(3),
        state: try row.word(4), address: try row.stringOrNil(5), reason: try row.string(6),
        askedBy: try row.string(7), decidedBy: try row.stringOrNil(8), decision: try row.stringOrNil(9),
        askedAt: try row.instant(10), decidedAt: try row.instantOrNil(11), version: try row.int64(12))
    }
  }
}

extension AskList: ListDefinition {
  package static let capability = Capability.readOrders
  package static let isForVendors = false
  package static let memberNames = [
    "id", "kind", "order", "unit", "state", "address", "reason", "asked_by", "decided_by", "decision", "asked_at",
    "decided_at", "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(AskState.allCases.map(\.rawValue)), "how it stands"),
        FilterField("kind", .enumeration(AskKind.allCases.map(\.rawValue)), "what is asked for"),
        FilterField("order", .id, "the order's number"), FilterField("by", .id, "who asked: a login"),
        FilterField("reason", .text, "why"), FilterField("asked", .time, "when it was asked for"),
      ], timeField: "asked", mainField: "state")
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "a.state"
    case "kind": "a.kind"
    case "by": "a.asked_by"
    case "reason": "a.reason"
    default: "a.asked_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    """
    strpos(o.number, \(text.uppercased())) > 0 OR a.asked_by = \(text.lowercased())
    OR strpos(lower(a.reason), \(text.lowercased())) > 0
    """
  }
}
