package import Market
package import Postgres

/// Whether a person may sign in, and as what.
package enum PersonState: String, CaseIterable, Sendable {
  case active
  /// Admin for a while, by the broken glass.
  case glass
  /// The time that was set is over.
  case expired
  case disabled
}

/// A person with a login of their own, as admins see them.
package struct PersonRow: ListRow {
  package var id: Int64
  package var login: String
  package var name: String
  package var role: Role
  /// The vendor's handle, of those who act for one.
  package var vendor: String?
  package var createdAt: Instant
  package var disabledAt: Instant?
  /// Until when they have access.
  package var expiresAt: Instant?
  /// Until when they are admin by the broken glass.
  package var elevatedUntil: Instant?
  package var lastSeenAt: Instant?
  /// Open when it was last looked.
  package var sessions: Int64
  /// What they are otherwise, while the glass is broken.
  package var elevatedFrom: Role?
  package var state: PersonState
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("login", .text(login)), ListField("name", .text(name)),
      ListField("role", .text(role.rawValue)), ListField("vendor", .optional(vendor)),
      ListField("created_at", .time(createdAt)), ListField("disabled_at", .optional(disabledAt)),
      ListField("expires_at", .optional(expiresAt)), ListField("elevated_until", .optional(elevatedUntil)),
      ListField("last_seen_at", .optional(lastSeenAt)), ListField("sessions", .integer(sessions)),
      ListField("version", .integer(version)), ListField("state", .text(state.rawValue)),
      ListField("elevated_from", .optional(elevatedFrom?.rawValue)),
    ]
  }
}

package enum PeopleList: ListDefinition {
  package static let capability = Capability.managePeople
  package static let isForVendors = false
  package static let memberNames = [
    "id", "login", "name", "role", "vendor", "created_at", "disabled_at", "expires_at", "elevated_until",
    "last_seen_at", "sessions", "version", "state", "elevated_from",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField(
          "state", .enumeration(["active", "disabled", "expired", "glass"]),
          "whether they may sign in; whether their time is over; who broke the glass"),
        FilterField("role", .enumeration(Role.people.map(\.rawValue)), "what they are here as"),
        FilterField("vendor", .id, "a vendor's handle"), FilterField("login", .text, "the login"),
        FilterField("created", .time, "since when"), FilterField("seen", .time, "when they were last here"),
      ], timeField: "created", mainField: "state")
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "role": "p.role"
    case "vendor": "v.handle"
    case "login": "p.role_name"
    case "seen": "s.last_seen_at"
    default: "p.created_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    switch field {
    // Whose time is over is disabled too, and an admin by the broken glass is active.
    case "state":
      """
      (CASE WHEN p.disabled_at IS NOT NULL OR p.expires_at <= now() THEN 'disabled' ELSE 'active' END = ANY (\(values))
        OR \(unescaped: state) = ANY (\(values)))
      """
    default: nil
    }
  }

  private static let state = """
    CASE WHEN p.expires_at <= coalesce(p.disabled_at, now()) THEN 'expired' WHEN p.disabled_at IS NOT NULL THEN 'disabled'
      WHEN p.elevated_until > now() THEN 'glass' ELSE 'active' END
    """

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(p.role_name, \(lower)) > 0 OR strpos(lower(p.display_name), \(lower)) > 0 OR v.handle = \(lower)
      """
  }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [PersonRow]
  {
    var all = conditions
    if let after { all.append("p.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT p.id, p.role_name, p.display_name::text, p.role, v.handle, p.created_at, p.disabled_at, p.version,
        p.expires_at, p.elevated_until, s.last_seen_at, coalesce(s.sessions, 0)::bigint, p.elevated_from,
        \(unescaped: state)
      FROM gkm.person p LEFT JOIN gkm.vendor v ON v.id = p.vendor_id LEFT JOIN gkm.person_seen s ON s.person_id = p.id
      WHERE \(sql: filter)
      ORDER BY p.id DESC LIMIT \(limit)
      """
    ) { row in
      PersonRow(
        id: try row.int64(0), login: try row.string(1), name: try row.string(2), role: try row.word(3),
        vendor: try row.stringOrNil(4), createdAt: try row.instant(5), disabledAt: try row.instantOrNil(6),
        expiresAt: try row.instantOrNil(8), elevatedUntil: try row.instantOrNil(9),
        lastSeenAt: try row.instantOrNil(10), sessions: try row.int64(11),
        elevatedFrom: try row.stringOrNil(12).flatMap(Role.init(rawValue:)), state: try row.word(13),
        version: try row.int64(7))
    }
  }
}
