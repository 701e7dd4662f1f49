package import Market
package import Postgres

/// One of Stripe's events that did not go straight: it was parked or quarantined, whatever has become of it since.
package struct EventRow: ListRow {
  /// Its place in the list.
  package var id: Int64
  /// `evt_…`, or `sha256:…` of bytes without an id.
  package var event: String
  package var type: String
  package var state: StripeEventState
  /// Why it stands aside, and for unreadable bytes where they went wrong.
  package var problem: String?
  package var livemode: Bool?
  package var order: String?
  /// Stripe's ids for which a parked event waits.
  package var waitsFor: [String]
  package var createdAt: Instant?
  package var receivedAt: Instant

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("event", .text(event)), ListField("type", .text(type)),
      ListField("state", .text(state.rawValue)), ListField("problem", .optional(problem)),
      ListField("livemode", livemode.map { .flag($0) } ?? .none), ListField("order", .optional(order)),
      ListField("waits_for", .texts(waitsFor)), ListField("created_at", .optional(createdAt)),
      ListField("received_at", .time(receivedAt)),
    ]
  }
}

package enum EventList {
  /// Those in quarantine.
  package static let isQuarantined: SQL = "e.state = 'quarantined'"

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [EventRow]
  {
    var all = conditions + ["e.place IS NOT NULL"]
    if let after { all.append("e.place < \(after)") }
    return try session.rows(
      """
      SELECT e.place, e.event_id, e.type, e.state, e.problem::text, e.livemode, o.number, ARRAY(
          SELECT p.object_id FROM gkm.parked_event p WHERE p.event_id = e.event_id AND e.state = 'parked'
          ORDER BY p.object_id
        ), e.stripe_created, e.received_at
      FROM gkm.stripe_event e
      LEFT JOIN gkm.orders o ON o.id = e.order_id
      WHERE \(sql: SQL.joined(all, by: " AND "))
      ORDER BY e.place DESC LIMIT \(limit)
      """
    ) { try row($0) }
  }

  static func row(_ row: Row) throws -> EventRow {
    EventRow(
      id: try row.int64(0), event: try row.string(1), type: try row.string(2), state: try row.word(3),
      problem: try row.stringOrNil(4), livemode: try row.boolOrNil(5), order: try row.stringOrNil(6),
      waitsFor: try row.stringArray(7), createdAt: try row.instantOrNil(8), receivedAt: try row.instant(9))
  }
}

extension EventList: ListDefinition {
  package static let capability = Capability.readPayments
  package static let isForVendors = false
  package static let memberNames = [
    "id", "event", "type", "state", "problem", "livemode", "order", "waits_for", "created_at", "received_at",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(StripeEventState.allCases.map(\.rawValue)), "where the event stands"),
        FilterField("type", .text, "such as charge.refunded"), FilterField("event", .id, "evt_…"),
        FilterField("order", .id, "the order's number"), FilterField("problem", .text, "why it stands aside"),
        FilterField("received", .time, "when it came"),
      ], timeField: "received", mainField: "state")
  }

  package static let keyset: ListKeyset? = ListKeyset(
    "(SELECT e.place AS id FROM gkm.stripe_event e WHERE e.place IS NOT NULL)", as: "e", place: "e.place")

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return ["order", "event"].contains(field)
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "e.state"
    case "type": "e.type"
    case "event": "e.event_id"
    case "problem": "e.problem"
    default: "e.received_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      e.event_id = \(text) OR strpos(e.type, \(lower)) > 0 OR strpos(lower(coalesce(e.problem, '')), \(lower)) > 0
        OR strpos(o.number, \(text.uppercased())) > 0
        OR EXISTS (SELECT FROM gkm.parked_event p WHERE p.event_id = e.event_id AND p.object_id = \(text) OFFSET 0)
      """
  }
}
