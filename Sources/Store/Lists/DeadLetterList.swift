package import Market
package import Postgres

/// One job that was given up, as lists show it.
package struct DeadLetterRow: ListRow {
  package var id: Int64
  package var kind: String
  package var subject: String
  package var state: DeadLetterState
  package var attempts: Int64
  /// Why it was given up.
  package var problem: String
  package var createdAt: Instant
  package var diedAt: Instant
  package var settledAt: Instant?
  package var settledBy: String?
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("kind", .text(kind)), ListField("subject", .text(subject)),
      ListField("state", .text(state.rawValue)), ListField("attempts", .integer(attempts)),
      ListField("problem", .text(problem)), ListField("created_at", .time(createdAt)),
      ListField("died_at", .time(diedAt)), ListField("settled_at", .optional(settledAt)),
      ListField("settled_by", .optional(settledBy)),
      ListField("version", .integer(version)),
    ]
  }
}

/// What became of a job that was given up.
package enum DeadLetterState: String, CaseIterable, Sendable {
  case dead, redriven, discarded
}

/// The dead letters.
package enum DeadLetterList: ListDefinition {
  package static let capability = Capability.readWork
  package static let memberNames = [
    "id", "kind", "subject", "state", "attempts", "problem", "created_at", "died_at", "settled_at", "settled_by",
    "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField(
          "state", .enumeration(DeadLetterState.allCases.map(\.rawValue)), "whether somebody has settled it"),
        FilterField("kind", .enumeration(JobKind.allCases.map(\.rawValue)), "the kind of work"),
        FilterField("subject", .text, "what it was about"), FilterField("problem", .text, "why it was given up"),
        FilterField("died", .time, "when it was given up"),
      ], timeField: "died", mainField: "state")
  }

  package static let keyset: ListKeyset? = ListKeyset("gkm.job_dead", as: "j")

  package static func column(_ field: String) -> String {
    switch field {
    case "state": "j.state"
    case "kind": "j.kind"
    case "subject": "j.subject"
    case "problem": "j.problem"
    default: "j.died_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return "j.subject = \(text) OR j.kind = \(lower) OR strpos(lower(j.problem), \(lower)) > 0"
  }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [DeadLetterRow]
  {
    var all = conditions
    if let after { all.append("j.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT j.id, j.kind, j.subject, j.state, j.attempts, j.problem::text, j.created_at, j.died_at, j.settled_at,
        j.settled_by, j.version
      FROM gkm.job_dead j WHERE \(sql: filter) ORDER BY j.id DESC LIMIT \(limit)
      """
    ) { row in
      DeadLetterRow(
        id: try row.int64(0), kind: try row.string(1), subject: try row.string(2), state: try row.word(3),
        attempts: Int64(try row.int(4)), problem: try row.string(5), createdAt: try row.instant(6),
        diedAt: try row.instant(7), settledAt: try row.instantOrNil(8), settledBy: try row.stringOrNil(9),
        version: try row.int64(10))
    }
  }
}
