package import Market
package import Postgres

/// How a daemon's process stands.
package enum WorkerState: String, CaseIterable, Sendable {
  case running
  /// It was told to end, and finishes what is under way.
  case draining
  /// It said that it ends.
  case stopped
  /// It said nothing for longer than it may.
  case gone
}

/// One process of `gkmd serve`, as lists show it.
package struct WorkerRow: ListRow {
  package var id: Int64
  package var host: String
  package var pid: Int64
  package var state: WorkerState
  package var parts: String
  /// What it holds under its leases: `apply 64, deliver 3`.
  package var holding: String
  package var programVersion: String
  package var startedAt: Instant
  package var lastSeen: Instant
  /// Since it was last seen.
  package var silentSeconds: Int64
  package var clockOffset: Duration
  package var redisDownSince: Instant?
  package var stripeFailures: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("host", .text(host)), ListField("pid", .integer(pid)),
      ListField("state", .text(state.rawValue)), ListField("parts", .text(parts)),
      ListField("holding", .text(holding)), ListField("program_version", .text(programVersion)),
      ListField("started_at", .time(startedAt)), ListField("last_seen", .time(lastSeen)),
      ListField("silent_seconds", .integer(silentSeconds)),
      ListField("clock_offset_ms", .integer(clockOffset.wholeMicroseconds / 1_000)),
      ListField("redis_down_since", .optional(redisDownSince)), ListField("stripe_failures", .integer(stripeFailures)),
    ]
  }
}

/// The daemons' processes, those of the last week that ended included.
package enum WorkerList: ListDefinition {
  package static let capability = Capability.readWork
  package static let isForVendors = false
  package static let memberNames = [
    "id", "host", "pid", "state", "parts", "holding", "program_version", "started_at", "last_seen", "silent_seconds",
    "clock_offset_ms", "redis_down_since", "stripe_failures",
  ]

  private static let stateSQL = """
    CASE WHEN w.stopped_at IS NOT NULL THEN 'stopped'
      WHEN w.last_seen < now() - make_interval(secs => \(Worker.goneAfterSeconds)) THEN 'gone'
      WHEN w.draining THEN 'draining' ELSE 'running' END
    """

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(WorkerState.allCases.map(\.rawValue)), "how it stands"),
        FilterField("host", .text, "where it runs"), FilterField("seen", .time, "when it was last seen"),
      ], timeField: "seen", mainField: "state")
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "state": stateSQL
    case "host": "w.host"
    default: "w.last_seen"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    "w.host = \(text) OR w.pid::text = \(text) OR \(text.lowercased()) = ANY (w.parts)"
  }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [WorkerRow]
  {
    var all = conditions
    if let after { all.append("w.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      WITH held AS (
        SELECT holder, string_agg(kind || ' ' || n, ', ' ORDER BY kind) AS jobs FROM (
          SELECT lease_token >> 32 AS holder, kind, count(*) AS n FROM gkm.job
          WHERE kind = ANY (\(JobKind.allCases.map(\.rawValue))) AND run_at > now() AND lease_token IS NOT NULL
          GROUP BY 1, 2) j
        GROUP BY holder
      )
      SELECT w.id, w.host::text, w.pid, \(unescaped: stateSQL), array_to_string(w.parts, ','), coalesce(h.jobs, ''),
        w.program_version::text, w.started_at, w.last_seen,
        greatest(0, extract(epoch FROM now() - w.last_seen))::bigint, w.clock_offset_ms, w.redis_down_since,
        w.stripe_failures
      FROM gkm.worker w LEFT JOIN held h ON h.holder = w.holder AND w.stopped_at IS NULL
      WHERE \(sql: filter) ORDER BY w.id DESC LIMIT \(limit)
      """
    ) { row in
      WorkerRow(
        id: try row.int64(0), host: try row.string(1), pid: Int64(try row.int(2)), state: try row.word(3),
        parts: try row.string(4), holding: try row.string(5), programVersion: try row.string(6),
        startedAt: try row.instant(7), lastSeen: try row.instant(8), silentSeconds: try row.int64(9),
        clockOffset: .milliseconds(try row.int64(10)), redisDownSince: try row.instantOrNil(11),
        stripeFailures: Int64(try row.int(12)))
    }
  }
}
