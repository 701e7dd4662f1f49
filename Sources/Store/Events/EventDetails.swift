package import Market
package import Postgres

/// One of Stripe's events as staff may look into it: everything but what Stripe wrote in it.
package struct EventDetails: Sendable, Equatable {
  package var event: String
  package var type: String
  package var state: StripeEventState
  package var problem: String?
  package var livemode: Bool?
  package var order: String?
  package var waitsFor: [String]
  package var createdAt: Instant?
  package var receivedAt: Instant
  /// How large it is; `nil` where its bytes are no longer kept.
  package var bytes: Int64?
  /// Oldest first.
  package var audit: [AuditRow]

  package static func read(_ session: borrowing Session, event id: String) throws -> EventDetails? {
    let audit = try AuditList.page(
      session, where: ["e.subject_kind = 'stripe_event' AND e.subject_id = \(id)"], after: nil, limit: 100)
    return try session.first(
      """
      SELECT e.event_id, e.type, e.state, e.problem::text, e.livemode, o.number, ARRAY(
          SELECT p.object_id FROM gkm.parked_event p WHERE p.event_id = e.event_id AND e.state = 'parked'
          ORDER BY p.object_id
        ), e.stripe_created, e.received_at, b.bytes
      FROM gkm.stripe_event e
      LEFT JOIN gkm.orders o ON o.id = e.order_id
      LEFT JOIN gkm.stripe_event_body b ON b.event_id = e.event_id AND b.received_at = e.received_at
      WHERE e.event_id = \(id)
      """
    ) { row in
      EventDetails(
        event: try row.string(0), type: try row.string(1), state: try row.word(2), problem: try row.stringOrNil(3),
        livemode: try row.boolOrNil(4), order: try row.stringOrNil(5), waitsFor: try row.stringArray(6),
        createdAt: try row.instantOrNil(7), receivedAt: try row.instant(8),
        bytes: try row.int32OrNil(9).map(Int64.init), audit: audit.reversed())
    }
  }

  package var fields: [ListField] {
    [
      ListField("event", .text(event)), ListField("type", .text(type)), ListField("state", .text(state.rawValue)),
      ListField("problem", .optional(problem)), ListField("livemode", livemode.map { .flag($0) } ?? .none),
      ListField("order", .optional(order)), ListField("waits_for", .texts(waitsFor)),
      ListField("created_at", .optional(createdAt)), ListField("received_at", .time(receivedAt)),
      ListField("bytes", .optional(bytes)), ListField("audit", .objects(audit.map(\.fields))),
    ]
  }
}
