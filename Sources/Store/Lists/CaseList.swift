package import Market
package import Postgres

/// One support case, as lists show it. A vendor is shown those that they take part in, without whatever is among staff.
package struct CaseRow: ListRow {
  package var id: Int64
  package var queue: CaseQueue?
  package var kind: String
  package var order: String?
  package var vendor: String?
  package var state: CaseState
  /// Who takes part besides staff, or is waited for.
  package var audience: CaseAudience
  package var priority: CasePriority?
  /// The login of whoever works on it.
  package var assignee: String?
  package var dueAt: Instant?
  package var openedBy: String?
  package var createdAt: Instant
  package var updatedAt: Instant
  package var closedAt: Instant?
  package var version: Int64

  package var rowID: Int64 { id }

  /// Not closed, and its time is over.
  package func isOverdue(at now: Instant) -> Bool { state != .closed && dueAt.map { $0 < now } ?? false }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("queue", .optional(queue?.rawValue)), ListField("kind", .text(kind)),
      ListField("order", .optional(order)), ListField("vendor", .optional(vendor)),
      ListField("state", .text(state.rawValue)), ListField("audience", .text(audience.rawValue)),
      ListField("priority", .optional(priority?.rawValue)), ListField("assignee", .optional(assignee)),
      ListField("due_at", .optional(dueAt)), ListField("opened_by", .optional(openedBy)),
      ListField("created_at", .time(createdAt)), ListField("updated_at", .time(updatedAt)),
      ListField("closed_at", .optional(closedAt)), ListField("version", .integer(version)),
    ]
  }
}

package enum CaseList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [CaseRow]
  {
    var all = conditions
    if let after { all.append("c.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT c.id, c.queue, c.kind, o.number, v.handle, c.state, c.audience, c.priority, p.role_name, c.due_at,
        c.opened_by, c.created_at, c.updated_at, c.closed_at, c.version
      FROM gkm.support_case c
      LEFT JOIN gkm.orders o ON o.id = c.order_id
      LEFT JOIN gkm.vendor v ON v.id = c.vendor_id
      LEFT JOIN gkm.person p ON p.id = c.assignee
      WHERE \(sql: filter)
      ORDER BY c.id DESC LIMIT \(limit)
      """
    ) { row in
      CaseRow(
        id: try row.int64(0), queue: try row.word(1, as: CaseQueue.self), kind: try row.string(2),
        order: try row.stringOrNil(3),
        vendor: try row.stringOrNil(4), state: try row.word(5), audience: try row.word(6),
        priority: try row.word(7, as: CasePriority.self),
        assignee: try row.stringOrNil(8), dueAt: try row.instant(9), openedBy: try row.string(10),
        createdAt: try row.instant(11), updatedAt: try row.instant(12), closedAt: try row.instantOrNil(13),
        version: try row.int64(14))
    }
  }
}

extension CaseList: ListDefinition {
  package static let capability = Capability.manageCases
  package static let memberNames = [
    "id", "queue", "kind", "order", "vendor", "state", "audience", "priority", "assignee", "due_at", "opened_by",
    "created_at", "updated_at", "closed_at", "version",
  ]

  private static func states(more: [String] = []) -> FilterField {
    FilterField("state", .enumeration(CaseState.allCases.map(\.rawValue) + more), "how the case stands")
  }

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        states(more: ["overdue"]),
        FilterField("queue", .enumeration(CaseQueue.allCases.map(\.rawValue)), "whose work it is"),
        FilterField("kind", .id, "such as unfulfillable"), FilterField("order", .id, "the order's number"),
        FilterField("priority", .enumeration(CasePriority.allCases.map(\.rawValue)), "how soon"),
        FilterField("assignee", .id, "who works on it: a login"), FilterField("vendor", .id, "a vendor's handle"),
        FilterField("due", .time, "until when"), FilterField("created", .time, "when it was opened"),
      ], timeField: "created", mainField: "state")
  }

  package static var vendorSchema: FilterSchema {
    FilterSchema([states()], timeField: "created", mainField: "state")
  }

  package static let keyset: ListKeyset? = ListKeyset("gkm.support_case", as: "c")

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return field == "order"
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "queue": "c.queue"
    case "kind": "c.kind"
    case "priority": "c.priority"
    case "assignee": "p.role_name"
    case "vendor": "v.handle"
    case "due": "c.due_at"
    default: "c.created_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "state" else { return nil }
    var parts: [SQL] = ["c.state = ANY (\(values))"]
    if values.contains("overdue") { parts.append("c.state <> 'closed' AND c.due_at < now()") }
    return SQL.joined(parts, by: " OR ")
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(o.number, \(text.uppercased())) > 0 OR c.kind = \(lower) OR p.role_name = \(lower) OR v.handle = \(lower)
      OR EXISTS (SELECT FROM gkm.case_message m WHERE m.case_id = c.id AND strpos(lower(m.body), \(lower)) > 0 OFFSET 0)
      """
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [CaseRow] {
    try VendorList.cases(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
