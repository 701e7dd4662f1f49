package import Market
package import Postgres

/// One unit's delivery, as lists show it.
package struct DeliveryRow: ListRow {
  package var id: Int64
  package var order: String
  package var orderID: OrderID?
  package var vendor: String?
  package var recipient: String?
  package var channel: String
  package var state: DeliveryState
  package var attempts: Int64
  package var nextAttemptAt: Instant?
  package var confirmedAt: Instant?
  package var lastReply: String?
  package var createdAt: Instant
  package var updatedAt: Instant
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("order", .text(order)), ListField("vendor", .optional(vendor)),
      ListField("recipient", .optional(recipient)), ListField("channel", .text(channel)),
      ListField("state", .text(state.rawValue)), ListField("attempts", .integer(attempts)),
      ListField("next_attempt_at", .optional(nextAttemptAt)), ListField("confirmed_at", .optional(confirmedAt)),
      ListField("last_reply", .optional(lastReply)), ListField("created_at", .time(createdAt)),
      ListField("updated_at", .time(updatedAt)), ListField("version", .integer(version)),
    ]
  }
}

package enum DeliveryList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [DeliveryRow]
  {
    try page(
      session, where: conditions + (after.map { ["d.id < \($0)"] } ?? []), sortedBy: "d.id DESC", limit: limit)
  }

  package static func page(
    _ session: borrowing Session, where conditions: [SQL], sortedBy order: SQL, limit: Int
  ) throws -> [DeliveryRow] {
    let filter = conditions.isEmpty ? SQL("true") : SQL.joined(conditions, by: " AND ")
    return try session.rows(
      """
      SELECT d.id, o.number, d.order_id, v.handle, o.customer_email::text, d.channel, d.state, d.attempts,
        d.next_attempt_at, d.confirmed_at, d.last_reply::text, d.created_at, d.updated_at, d.version
      FROM gkm.delivery d
      JOIN gkm.orders o ON o.id = d.order_id
      JOIN gkm.vendor v ON v.id = d.vendor_id
      WHERE \(sql: filter)
      ORDER BY \(sql: order) LIMIT \(limit)
      """
    ) { row in
      DeliveryRow(
        id: try row.int64(0), order: try row.string(1), orderID: try row.id(2), vendor: try row.string(3),
        recipient: try row.string(4), channel: try row.string(5), state: try row.word(6),
        attempts: Int64(try row.int(7)), nextAttemptAt: try row.instantOrNil(8),
        confirmedAt: try row.instantOrNil(9), lastReply: try row.stringOrNil(10), createdAt: try row.instant(11),
        updatedAt: try row.instant(12), version: try row.int64(13))
    }
  }
}

extension DeliveryList: ListDefinition {
  package static let capability = Capability.readOrders
  package static let memberNames = [
    "id", "order", "vendor", "recipient", "channel", "state", "attempts", "next_attempt_at", "confirmed_at",
    "last_reply", "created_at", "updated_at", "version",
  ]

  private static let states = FilterField(
    "state", .enumeration(DeliveryState.allCases.map(\.rawValue)), "where the delivery stands")

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        states, FilterField("order", .id, "the order's number"),
        FilterField("vendor", .id, "a vendor's handle"), FilterField("email", .text, "the recipient"),
        FilterField("attempts", .integer, "how many so far"), FilterField("reply", .text, "the last SMTP reply"),
        FilterField("created", .time, "when it was queued"),
      ], timeField: "created", mainField: "state")
  }

  package static var vendorSchema: FilterSchema {
    FilterSchema([states], timeField: "created", mainField: "state")
  }

  package static let keyset: ListKeyset? = ListKeyset(
    "gkm.delivery", as: "d", sorts: [.init("created") { "\($0).created_at" }])

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, let values) = predicate else { return false }
    // The many that are over are in no index of states.
    let isOpen = values.allSatisfy { !["confirmed", "cancelled"].contains($0) }
    return ["order", "vendor"].contains(field) || field == "state" && isOpen
  }

  package static func ofVendors(_ ids: [VendorID]) -> SQL? { isOne("d.vendor_id", of: ids) }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "d.state"
    case "vendor": "v.handle"
    case "email": "o.customer_email"
    case "attempts": "d.attempts"
    case "reply": "d.last_reply"
    default: "d.created_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(o.number, \(text.uppercased())) > 0 OR strpos(lower(o.customer_email), \(lower)) > 0
      OR v.handle = \(lower) OR strpos(lower(coalesce(d.last_reply, '')), \(lower)) > 0
      """
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [DeliveryRow] {
    try VendorList.deliveries(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
