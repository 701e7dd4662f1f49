package import Market
package import Postgres

/// One audit event, as lists and timelines show it.
package struct AuditRow: ListRow {
  package var id: Int64
  package var at: Instant
  /// Who acted; a vendor is not told.
  package var actor: String?
  package var action: String
  package var subjectKind: String
  package var subjectID: String
  package var order: String?
  package var vendor: String?
  package var stripeEvent: String?
  /// The event's exact bytes (`gkm-audit v1`); a vendor is not shown them.
  package var body: String?
  /// Whether it is under a signed head; `nil` where that was not asked, or nothing is sealed at all.
  package var seal: SealMark?

  package var rowID: Int64 { id }
  package var subject: String { "\(subjectKind) \(subjectID)" }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("at", .time(at)), ListField("actor", .optional(actor)),
      ListField("action", .text(action)), ListField("subject_kind", .text(subjectKind)),
      ListField("subject_id", .text(subjectID)), ListField("order", .optional(order)),
      ListField("vendor", .optional(vendor)), ListField("stripe_event", .optional(stripeEvent)),
      ListField("body", .optional(body)),
    ] + (seal?.fields ?? [])
  }
}

/// Where in the sealed log an event is.
package enum SealMark: Sendable, Equatable {
  /// Leaf so-and-so, first signed under the head of so many events.
  case sealed(leaf: Int64, head: Int64)
  case waiting

  package var text: String {
    switch self {
    case .sealed(let leaf, let head): "sealed as leaf \(leaf) under the head of \(head)"
    case .waiting: "not sealed yet"
    }
  }

  fileprivate var fields: [ListField] {
    guard case .sealed(let leaf, let head) = self else {
      return [ListField("leaf", .none), ListField("sealed_under", .none)]
    }
    return [ListField("leaf", .integer(leaf)), ListField("sealed_under", .integer(head))]
  }
}

package enum AuditList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [AuditRow]
  {
    try page(
      session, where: conditions + (after.map { ["e.id < \($0)"] } ?? []), sortedBy: "e.id DESC", limit: limit)
  }

  package static func page(
    _ session: borrowing Session, where conditions: [SQL], sortedBy order: SQL, limit: Int
  ) throws -> [AuditRow] {
    let filter = conditions.isEmpty ? SQL("true") : SQL.joined(conditions, by: " AND ")
    return try rows(session, where: filter, order: order, limit: limit)
  }

  /// Everything about one order, oldest first, with what is sealed of it.
  package static func ofOrder(_ session: borrowing Session, _ order: OrderID, limit: Int = 2_000) throws -> [AuditRow] {
    var rows = try rows(session, where: "e.order_id = \(order)", order: "e.id", limit: limit)
    let seals = try session.rows(
      """
      SELECT e.id, l.leaf_index, (SELECT min(h.tree_size) FROM gkm.audit_head h WHERE h.tree_size > l.leaf_index)
      FROM gkm.audit_event e LEFT JOIN gkm.audit_leaf l ON l.event_id = e.id
      WHERE e.order_id = \(order) AND EXISTS (SELECT FROM gkm.audit_head)
      ORDER BY e.id LIMIT \(limit)
      """
    ) { row -> (Int64, SealMark) in
      guard let leaf = try row.int64OrNil(1), let head = try row.int64OrNil(2) else {
        return (try row.int64(0), .waiting)
      }
      return (try row.int64(0), .sealed(leaf: leaf, head: head))
    }
    let marks = Dictionary(seals) { first, _ in first }
    for index in rows.indices { rows[index].seal = marks[rows[index].id] }
    return rows
  }

  private static func rows(_ session: borrowing Session, where filter: SQL, order: SQL, limit: Int) throws
    -> [AuditRow]
  {
    try session.rows(
      """
      SELECT e.id, e.at, e.actor, e.action, e.subject_kind, e.subject_id, o.number, v.handle, e.stripe_event, e.body
      FROM gkm.audit_event e
      LEFT JOIN gkm.orders o ON o.id = e.order_id
      LEFT JOIN gkm.vendor v ON v.id = e.vendor_id
      WHERE \(sql: filter)
      ORDER BY \(sql: order) LIMIT \(limit)
      """
    ) { row in
      AuditRow(
        id: try row.int64(0), at: try row.instant(1), actor: try row.string(2), action: try row.string(3),
        subjectKind: try row.string(4), subjectID: try row.string(5), order: try row.stringOrNil(6),
        vendor: try row.stringOrNil(7), stripeEvent: try row.stringOrNil(8),
        body: String(decoding: try row.bytes(9), as: UTF8.self))
    }
  }
}

extension AuditList: ListDefinition {
  package static let capability = Capability.readAudit
  package static let memberNames = [
    "id", "at", "actor", "action", "subject_kind", "subject_id", "order", "vendor", "stripe_event", "body",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("action", .text, "such as delivery.confirmed"), FilterField("actor", .text, "who acted"),
        FilterField("order", .id, "the order's number"), FilterField("subject", .id, "the kind of subject"),
        FilterField("event", .id, "evt_…"), FilterField("vendor", .id, "a vendor's handle"),
        FilterField("at", .time, "when"),
      ], timeField: "at")
  }

  package static var vendorSchema: FilterSchema {
    FilterSchema([], timeField: "at")
  }

  package static let keyset: ListKeyset? = ListKeyset(
    "gkm.audit_event", as: "e", sorts: [.init("at", within: "vendor") { "\($0).at" }])

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return ["order", "event"].contains(field)
  }

  package static func ofVendors(_ ids: [VendorID]) -> SQL? { isOne("e.vendor_id", of: ids) }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    // What came of an event is about its order, or about the event itself.
    if field == "event" {
      return """
        e.id = ANY (ARRAY(
          SELECT x.id FROM gkm.audit_event x JOIN gkm.stripe_event z ON z.order_id = x.order_id
          WHERE z.event_id = ANY (\(values)) AND x.stripe_event = z.event_id
          UNION ALL
          SELECT x.id FROM gkm.audit_event x
          WHERE x.subject_kind = 'stripe_event' AND x.subject_kind <> 'order' AND x.subject_id = ANY (\(values))
            AND x.stripe_event = x.subject_id))
        """
    }
    guard field == "order" else { return nil }
    let numbers = values.map { OrderNumber($0)?.text ?? $0.uppercased() }
    guard numbers.count == 1 else {
      return "e.order_id IN (SELECT z.id FROM gkm.orders z WHERE z.number = ANY (\(numbers)))"
    }
    return "e.order_id = (SELECT z.id FROM gkm.orders z WHERE z.number = \(numbers[0]))"
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "action": "e.action"
    case "actor": "e.actor"
    case "subject": "e.subject_kind"
    case "event": "e.stripe_event"
    case "vendor": "v.handle"
    default: "e.at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(e.action, \(lower)) > 0 OR strpos(e.actor, \(lower)) > 0 OR e.stripe_event = \(text)
      OR e.subject_id = \(text) OR o.number = \(text.uppercased())
      """
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [AuditRow] {
    try VendorList.audit(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
