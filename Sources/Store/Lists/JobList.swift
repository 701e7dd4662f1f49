package import Market
package import Postgres

/// One job in the queue, as lists show it.
package struct JobRow: ListRow {
  package var id: Int64
  package var kind: String
  /// What it is about: an event, a delivery, an order.
  package var subject: String
  package var state: JobState
  package var priority: Int64
  package var attempts: Int64
  package var runAt: Instant
  package var createdAt: Instant

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("kind", .text(kind)), ListField("subject", .text(subject)),
      ListField("state", .text(state.rawValue)), ListField("priority", .integer(priority)),
      ListField("attempts", .integer(attempts)), ListField("run_at", .time(runAt)),
      ListField("created_at", .time(createdAt)),
    ]
  }
}

/// Where a job stands.
package enum JobState: String, CaseIterable, Sendable {
  /// Waits for a worker.
  case due
  /// Waits for its time.
  case waiting
  /// Some worker's, under a lease.
  case underWay = "under_way"
}

/// The queue.
package enum JobList: ListDefinition {
  package static let capability = Capability.readWork
  package static let memberNames = [
    "id", "kind", "subject", "state", "priority", "attempts", "run_at", "created_at",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(JobState.allCases.map(\.rawValue)), "where the job stands"),
        FilterField("kind", .enumeration(JobKind.allCases.map(\.rawValue)), "the kind of work"),
        FilterField("subject", .text, "what it is about"),
        FilterField("attempts", .integer, "how often it was taken up"),
        FilterField("created", .time, "when it was queued"),
      ], timeField: "created", mainField: "state")
  }

  package static let keyset: ListKeyset? = ListKeyset("gkm.job", as: "j")

  package static func column(_ field: String) -> String {
    switch field {
    case "state": stateColumn
    case "kind": "j.kind"
    case "subject": "j.subject"
    case "attempts": "j.attempts"
    default: "j.created_at"
    }
  }

  private static let stateColumn =
    "CASE WHEN j.run_at <= now() THEN 'due' WHEN j.lease_token IS NOT NULL THEN 'under_way' ELSE 'waiting' END"

  package static func freeText(_ text: String) -> SQL { "j.subject = \(text) OR j.kind = \(text.lowercased())" }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [JobRow]
  {
    var all = conditions
    if let after { all.append("j.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT j.id, j.kind, j.subject, \(unescaped: stateColumn), j.priority, j.attempts, j.run_at, j.created_at
      FROM gkm.job j WHERE \(sql: filter) ORDER BY j.id DESC LIMIT \(limit)
      """
    ) { row in
      JobRow(
        id: try row.int64(0), kind: try row.string(1), subject: try row.string(2), state: try row.word(3),
        priority: Int64(try row.int(4)), attempts: Int64(try row.int(5)), runAt: try row.instant(6),
        createdAt: try row.instant(7))
    }
  }
}
