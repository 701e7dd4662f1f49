package import Market
package import Postgres

/// The queue: `gkm.job`. A leased job is one whose `run_at` lies a lease ahead, so a job whose worker died becomes due
/// by itself.
package enum JobQueue {
  /// Claims due jobs of a kind that may be paused or limited: the most urgent first, then the oldest. Never waits for
  /// another worker's jobs; its commit need not reach the disk, for a claim that is lost is only a job that is due
  /// again. Inside a transaction.
  package static func claim(
    _ session: borrowing Session, _ kind: JobKind, limit: Int, lease: Lease, past horizon: ClaimHorizon? = nil
  ) throws -> [ClaimedJob] {
    let allowed = try session.first("SELECT gkm.claim_allowance(\(kind.rawValue), \(Int32(clamping: limit)))") {
      try $0.int(0)
    }
    guard let allowed, allowed > 0 else { return [] }
    let start = horizon?.start(kind)
    var claimed: [(ClaimedJob, ClaimPlace)] = []
    _ = try session.rows(
      """
      \(sql: claiming(kind, limit: allowed, lease: lease, from: start?.floors))
      SELECT id, subject, attempts, created_at, priority, due_at,
        set_config('synchronous_commit', 'off', true) FROM claimed ORDER BY priority, due_at, id
      """
    ) { claimed.append((try decode($0), ClaimPlace(priority: try $0.int(4), dueAt: try $0.instant(5)))) }
    if let start { horizon?.end(kind, start, claimed: claimed.map(\.1)) }
    return claimed.map(\.0)
  }

  /// The head of a statement that claims: a CTE `claimed (id, subject, attempts, created_at, priority, due_at)`.
  ///
  /// A priority is a range of the index of its own, read only where the ones before it gave too little. What lies
  /// before a priority's floor is not looked at: those are rows of jobs long done, which a vacuum that is held back
  /// by somebody's long transaction cannot take away. A kind that is paused gives nothing.
  static func claiming(_ kind: JobKind, limit: Int, lease: Lease, from floors: [Instant]? = nil) -> SQL {
    let ranges: [SQL] = JobPriority.allCases.map { priority in
      let floor: SQL = floors.map { "AND run_at >= \($0[priority.rawValue])" } ?? ""
      return """
        SELECT * FROM (
          SELECT id, priority, run_at FROM gkm.job
          WHERE kind = \(kind.rawValue) AND priority = \(Int16(priority.rawValue)) AND run_at <= now() \(sql: floor)
            AND NOT EXISTS (SELECT FROM gkm.job_kind p WHERE p.kind = \(kind.rawValue) AND p.paused_at IS NOT NULL)
          ORDER BY run_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
        ) level_\(unescaped: String(priority.rawValue))
        """
    }
    return """
      WITH due AS (
        \(sql: SQL.joined(ranges, by: " UNION ALL ")) LIMIT \(limit)
      ), claimed AS (
        UPDATE gkm.job j
        SET run_at = now() + make_interval(secs => \(lease.seconds)), lease_token = \(lease.token),
          attempts = attempts + 1
        FROM due WHERE j.id = due.id
        RETURNING j.id, j.subject, j.attempts, j.created_at, due.priority, due.run_at AS due_at
      )
      """
  }

  static func decode(_ row: Row) throws -> ClaimedJob {
    ClaimedJob(
      id: try row.id(0), subject: try row.string(1), attempts: try row.int(2), createdAt: try row.instant(3))
  }

  /// Those of `jobs` that are still held under the lease.
  package static func held(_ session: borrowing Session, _ jobs: [JobID], lease: Lease) throws -> Set<JobID> {
    let rows: [JobID] = try session.rows(
      "SELECT id FROM gkm.job WHERE id = ANY (\(jobs)) AND lease_token = \(lease.token)"
    ) { try $0.id(0) }
    return Set(rows)
  }

  /// Ends jobs that are done. Affects as many rows as are still held.
  static func complete(_ jobs: [JobID], lease: Lease) -> SQL {
    "DELETE FROM gkm.job WHERE id = ANY (\(jobs)) AND lease_token = \(lease.token)"
  }

  /// Gives jobs back, to be run again at their times. Affects as many rows as are still held.
  static func postpone(_ jobs: [(id: JobID, until: Instant)], lease: Lease) -> SQL {
    """
    UPDATE gkm.job j SET run_at = d.run_at, lease_token = NULL
    FROM unnest(\(jobs.map(\.id)), \(jobs.map(\.until))) AS d (id, run_at)
    WHERE j.id = d.id AND j.lease_token = \(lease.token)
    """
  }

  /// Adds jobs. `delays` in seconds, one for each subject; a job without delay is due at once. Of a kind there is only
  /// one of for each subject, one that is there already stays as it is.
  static func add(
    _ kind: JobKind, _ jobs: [(subject: String, delay: Duration)], priority: JobPriority = .normal
  ) -> SQL {
    let seconds = jobs.map { Double($0.delay.wholeMicroseconds) / 1_000_000 }
    return """
      INSERT INTO gkm.job (kind, subject, run_at, priority, is_unique)
      SELECT \(kind.rawValue), d.subject, now() + make_interval(secs => d.seconds), \(Int16(priority.rawValue)),
        \(kind.isUnique)
      FROM unnest(\(jobs.map(\.subject)), \(seconds)) AS d (subject, seconds)
      ON CONFLICT (kind, subject) WHERE is_unique DO NOTHING
      """
  }

  /// Queues the round of a periodic kind that has begun, if no daemon has yet; the first of all at once. Answers
  /// whether this call did. Rounds begin at multiples of `interval` since 2000-01-01, so that every daemon means the
  /// same ones; one that was missed altogether is not made up for.
  package static func addRound(_ session: borrowing Session, _ kind: JobKind, every interval: Duration) throws -> Bool {
    let seconds = Double(interval.wholeMicroseconds) / 1_000_000
    return try session.execute(
      """
      WITH round AS (
        INSERT INTO gkm.job_round (kind, due_at)
        VALUES (\(kind.rawValue),
          date_bin(make_interval(secs => \(seconds)), now(), timestamptz '2000-01-01 00:00:00+00'))
        ON CONFLICT DO NOTHING RETURNING kind, due_at
      )
      INSERT INTO gkm.job (kind, subject, is_unique)
      SELECT kind, to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), true FROM round
      ON CONFLICT (kind, subject) WHERE is_unique DO NOTHING
      """) > 0
  }

  /// Takes the round of a periodic work that has begun, if no daemon has yet: who gets it does it there and then. One
  /// that is not done, because its daemon died over it, is not made up for: it is for work whose next round does as well.
  package static func takeRound(_ session: borrowing Session, _ name: String, every interval: Duration) throws -> Bool {
    let seconds = Double(interval.wholeMicroseconds) / 1_000_000
    return try session.execute(
      """
      INSERT INTO gkm.job_round (kind, due_at)
      VALUES (\(name), date_bin(make_interval(secs => \(seconds)), now(), timestamptz '2000-01-01 00:00:00+00'))
      ON CONFLICT DO NOTHING
      """) > 0
  }

  /// Moves a job that cannot be done to the dead letters. Answers whether it was still held.
  package static func bury(
    _ session: borrowing Session, _ job: ClaimedJob, lease: Lease, problem: String
  ) throws -> Bool {
    let problem = safe(problem) ?? ""
    let buried = try session.execute(
      """
      WITH gone AS (DELETE FROM gkm.job WHERE id = \(job.id) AND lease_token = \(lease.token) RETURNING *)
      INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at)
      SELECT id, kind, subject, attempts, \(problem), created_at FROM gone
      """)
    return buried == 1
  }

  /// Lengthens the lease on jobs that take long. Answers which are still held.
  package static func extend(_ session: borrowing Session, _ jobs: [JobID], lease: Lease) throws -> Set<JobID> {
    let rows: [JobID] = try session.rows(
      """
      UPDATE gkm.job SET run_at = now() + make_interval(secs => \(lease.seconds))
      WHERE id = ANY (\(jobs)) AND lease_token = \(lease.token)
      RETURNING id, set_config('synchronous_commit', 'off', true)
      """
    ) { try $0.id(0) }
    return Set(rows)
  }

  /// Gives back what a worker has claimed and will not do, due at once and as if it had not been claimed.
  package static func release(_ session: borrowing Session, _ jobs: [JobID], lease: Lease) throws {
    try session.execute(
      """
      UPDATE gkm.job SET run_at = now(), lease_token = NULL, attempts = greatest(attempts - 1, 0)
      WHERE id = ANY (\(jobs)) AND lease_token = \(lease.token)
      """)
  }

  /// Gives a job back after a failure, to be run again after a delay. Answers whether it was still held.
  package static func retry(
    _ session: borrowing Session, _ job: JobID, after delay: Duration, lease: Lease
  ) throws -> Bool {
    let seconds = Double(delay.wholeMicroseconds) / 1_000_000
    return try session.execute(
      """
      UPDATE gkm.job SET run_at = now() + make_interval(secs => \(seconds)), lease_token = NULL
      WHERE id = \(job) AND lease_token = \(lease.token)
      """) == 1
  }
}

/// Another worker has the job: whatever was about to be written about it must not be.
package struct LeaseLost: Error, CustomStringConvertible {
  package let jobs: Int

  package var description: String { "\(jobs) jobs are another worker's by now" }
}
