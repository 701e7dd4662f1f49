package import Market
package import Postgres

/// One notice, as lists show it. Its address is not among it.
package struct NoticeRow: ListRow {
  package var id: Int64
  package var audience: NoticeAudience
  package var channel: NoticeChannel
  package var template: String
  package var order: String?
  package var vendor: String?
  package var endpoint: Int64?
  package var state: NoticeState
  package var attempts: Int64
  package var messageID: String?
  package var templateVersion: String?
  package var lastReply: String?
  package var nextAttemptAt: Instant?
  package var createdAt: Instant
  package var sentAt: Instant?
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("audience", .text(audience.rawValue)),
      ListField("channel", .text(channel.rawValue)), ListField("template", .text(template)),
      ListField("order", .optional(order)), ListField("vendor", .optional(vendor)),
      ListField("endpoint", .optional(endpoint)), ListField("state", .text(state.rawValue)),
      ListField("attempts", .integer(attempts)), ListField("message_id", .optional(messageID)),
      ListField("template_version", .optional(templateVersion)), ListField("last_reply", .optional(lastReply)),
      ListField("next_attempt_at", .optional(nextAttemptAt)), ListField("created_at", .time(createdAt)),
      ListField("sent_at", .optional(sentAt)), ListField("version", .integer(version)),
    ]
  }
}

/// Every message that is not a key: to customers, vendors and the team.
package enum NoticeList: ListDefinition {
  package static let capability = Capability.readWork
  package static let memberNames = [
    "id", "audience", "channel", "template", "order", "vendor", "endpoint", "state", "attempts", "message_id",
    "template_version", "last_reply", "next_attempt_at", "created_at", "sent_at", "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(NoticeState.allCases.map(\.rawValue)), "where it stands"),
        FilterField("audience", .enumeration(NoticeAudience.allCases.map(\.rawValue)), "who it is for"),
        FilterField("channel", .enumeration(NoticeChannel.allCases.map(\.rawValue)), "the way it goes"),
        FilterField("template", .text, "the template's name"), FilterField("order", .id, "the order's number"),
        FilterField("vendor", .id, "the vendor's handle"), FilterField("created", .time, "when it was asked for"),
      ], timeField: "created", mainField: "state")
  }

  package static let keyset: ListKeyset? = ListKeyset("gkm.notice", as: "n")

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return field == "order"
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "n.state"
    case "audience": "n.audience"
    case "channel": "n.channel"
    case "template": "n.template"
    case "order": "o.number"
    case "vendor": "v.handle"
    default: "n.created_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      o.number = \(OrderNumber(text)?.text ?? text) OR n.template = \(lower) OR v.handle = \(lower)
      OR n.message_id = \(text)
      """
  }

  package static func page(
    _ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int
  ) throws -> [NoticeRow] {
    var all = conditions
    if let after { all.append("n.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT n.id, n.audience, n.channel, n.template, o.number, v.handle, n.endpoint_id, n.state, n.attempts,
        n.message_id, n.template_version, n.last_reply::text, n.next_attempt_at, n.created_at, n.sent_at, n.version
      FROM gkm.notice n
      LEFT JOIN gkm.orders o ON o.id = n.order_id
      LEFT JOIN gkm.vendor v ON v.id = n.vendor_id
      WHERE \(sql: filter) ORDER BY n.id DESC LIMIT \(limit)
      """
    ) { row in
      NoticeRow(
        id: try row.int64(0), audience: try row.word(1), channel: try row.word(2), template: try row.string(3),
        order: try row.stringOrNil(4), vendor: try row.stringOrNil(5), endpoint: try row.int64OrNil(6),
        state: try row.word(7), attempts: Int64(try row.int(8)), messageID: try row.stringOrNil(9),
        templateVersion: try row.stringOrNil(10), lastReply: try row.stringOrNil(11),
        nextAttemptAt: try row.instantOrNil(12), createdAt: try row.instant(13), sentAt: try row.instantOrNil(14),
        version: try row.int64(15))
    }
  }
}
