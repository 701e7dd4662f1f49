package import Market
package import Postgres

/// One alert, as lists show it.
package struct AlertRow: ListRow {
  package var id: Int64
  package var rule: String
  package var subject: String
  package var state: AlertState
  package var detail: String
  package var value: Double
  package var since: Instant
  package var firedAt: Instant?
  package var resolvedAt: Instant?
  /// How many messages told of it.
  package var notified: Int64
  package var ackedBy: String?
  package var silencedUntil: Instant?
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("rule", .text(rule)), ListField("subject", .text(subject)),
      ListField("state", .text(state.rawValue)), ListField("detail", .text(detail)),
      ListField("value", .text(Self.spell(value))), ListField("since", .time(since)),
      ListField("fired_at", .optional(firedAt)), ListField("resolved_at", .optional(resolvedAt)),
      ListField("notified", .integer(notified)), ListField("acked_by", .optional(ackedBy)),
      ListField("silenced_until", .optional(silencedUntil)), ListField("version", .integer(version)),
    ]
  }

  /// With three digits behind the point at most.
  private static func spell(_ value: Double) -> String {
    let thousandths = (value * 1_000).rounded()
    return thousandths.truncatingRemainder(dividingBy: 1_000) == 0
      ? String(Int64(thousandths / 1_000)) : String(thousandths / 1_000)
  }
}

/// The alerts, with what people did about them.
package enum AlertList: ListDefinition {
  package static let capability = Capability.readWork
  package static let isForVendors = false
  package static let memberNames = [
    "id", "rule", "subject", "state", "detail", "value", "since", "fired_at", "resolved_at", "notified", "acked_by",
    "silenced_until", "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(AlertState.allCases.map(\.rawValue) + ["open"]), "open: not resolved"),
        FilterField("rule", .enumeration(AlertRule.allCases.map(\.rawValue)), "what is watched"),
        FilterField("subject", .text, "what it is about"), FilterField("detail", .text, "what was found"),
        FilterField("began", .time, "when it was first seen"),
      ], timeField: "began", mainField: "state")
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "a.state"
    case "rule": "a.rule"
    case "subject": "a.subject"
    case "detail": "a.detail"
    default: "a.since"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "state", values.contains("open") else { return nil }
    return "a.state = ANY (\(values + [AlertState.pending, .firing].map(\.rawValue)))"
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return "a.rule = \(lower) OR a.subject = \(text) OR strpos(lower(a.detail), \(lower)) > 0"
  }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [AlertRow]
  {
    var all = conditions
    if let after { all.append("a.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT a.id, a.rule, a.subject::text, a.state, a.detail::text, a.last_value, a.since, a.fired_at, a.resolved_at,
        a.notified, k.acked_by, CASE WHEN a.state = 'resolved' THEN NULL ELSE (
          SELECT max(s.until) FROM gkm.alert_silence s WHERE s.rule = a.rule AND s.ended_at IS NULL AND s.until > now()
            AND (s.subject IS NULL OR s.subject = a.subject)) END, a.version
      FROM gkm.alert a LEFT JOIN gkm.alert_ack k ON k.alert_id = a.id
      WHERE \(sql: filter) ORDER BY a.id DESC LIMIT \(limit)
      """
    ) { row in
      AlertRow(
        id: try row.int64(0), rule: try row.string(1), subject: try row.string(2), state: try row.word(3),
        detail: try row.string(4), value: try row.double(5), since: try row.instant(6),
        firedAt: try row.instantOrNil(7), resolvedAt: try row.instantOrNil(8), notified: Int64(try row.int(9)),
        ackedBy: try row.stringOrNil(10), silencedUntil: try row.instantOrNil(11), version: try row.int64(12))
    }
  }
}
