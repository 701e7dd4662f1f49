package import Market
package import Postgres

/// A job that the workers gave up on, with the problem it died of.
package struct DeadLetterRow: ListRow {
  package var id: Int64
  package var kind: String
  package var subject: String
  package var attempts: Int64
  package var problem: String
  package var createdAt: Instant
  package var diedAt: Instant
  /// When somebody had it done again, and who.
  package var redrivenAt: Instant?
  package var redrivenBy: String?

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("kind", .text(kind)), ListField("subject", .text(subject)),
      ListField("attempts", .integer(attempts)), ListField("problem", .text(problem)),
      ListField("created_at", .time(createdAt)), ListField("died_at", .time(diedAt)),
      ListField("redriven_at", .optional(redrivenAt)), ListField("redriven_by", .optional(redrivenBy)),
    ]
  }
}

package enum DeadLetterList: ListDefinition {
  package static let capability = Capability.readWork
  package static let isForVendors = false
  package static let memberNames = [
    "id", "kind", "subject", "attempts", "problem", "created_at", "died_at", "redriven_at", "redriven_by",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(["waiting", "redriven"]), "whether somebody had it done again"),
        FilterField("kind", .enumeration(JobKind.allCases.map(\.rawValue)), "what was to be done"),
        FilterField("subject", .text, "what it was about"), FilterField("problem", .text, "what it died of"),
        FilterField("attempts", .integer, "how often it was tried"), FilterField("died", .time, "when"),
      ], timeField: "died", mainField: "state")
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "kind": "j.kind"
    case "subject": "j.subject"
    case "problem": "j.problem"
    case "attempts": "j.attempts"
    default: "j.died_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    switch field {
    case "state": "CASE WHEN j.redriven_at IS NULL THEN 'waiting' ELSE 'redriven' END = ANY (\(values))"
    default: nil
    }
  }

  package static func freeText(_ text: String) -> SQL {
    "strpos(j.subject, \(text)) > 0 OR strpos(lower(j.problem), \(text.lowercased())) > 0"
  }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [DeadLetterRow]
  {
    var all = conditions
    if let after { all.append("j.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT j.id, j.kind, j.subject, j.attempts, j.problem::text, j.created_at, j.died_at,
        j.redriven_at, j.redriven_by
      FROM gkm.job_dead j WHERE \(sql: filter) ORDER BY j.id DESC LIMIT \(limit)
      """
    ) { row in
      DeadLetterRow(
        id: try row.int64(0), kind: try row.string(1), subject: try row.string(2), attempts: Int64(try row.int(3)),
        problem: try row.string(4), createdAt: try row.instant(5), diedAt: try row.instant(6),
        redrivenAt: try row.instantOrNil(7), redrivenBy: try row.stringOrNil(8))
    }
  }
}
