package import Market
package import Postgres

/// The queue: `gkm.job`. A leased job is one whose `run_at` lies a lease ahead, so a job whose worker died becomes due
/// by itself.
package enum JobQueue {
  /// Claims due jobs, the oldest first. One statement, which never waits for another worker; its commit need not reach
  /// the disk, for a claim that is lost is only a job that is due again.
  package static func claim(
    _ session: borrowing Session, _ kind: JobKind, limit: Int, lease: Lease
  ) throws -> [ClaimedJob] {
    try session.rows(
      """
      \(sql: claiming(kind, limit: limit, lease: lease))
      SELECT id, subject, attempts, created_at, set_config('synchronous_commit', 'off', true) FROM claimed ORDER BY id
      """
    ) { try decode($0) }
  }

  /// The head of a statement that claims: a CTE `claimed (id, subject, attempts, created_at)`.
  static func claiming(_ kind: JobKind, limit: Int, lease: Lease) -> SQL {
    """
    WITH due AS (
      SELECT id FROM gkm.job WHERE kind = \(kind.rawValue) AND run_at <= now()
      ORDER BY run_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE gkm.job j
      SET run_at = now() + make_interval(secs => \(lease.seconds)), lease_token = \(lease.token), attempts = attempts + 1
      FROM due WHERE j.id = due.id
      RETURNING j.id, j.subject, j.attempts, j.created_at
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

  /// Adds jobs. `delays` in seconds, one for each subject; a job without delay is due at once.
  static func add(_ kind: JobKind, _ jobs: [(subject: String, delay: Duration)]) -> SQL {
    let seconds = jobs.map { Double($0.delay.wholeMicroseconds) / 1_000_000 }
    return """
      INSERT INTO gkm.job (kind, subject, run_at)
      SELECT \(kind.rawValue), d.subject, now() + make_interval(secs => d.seconds)
      FROM unnest(\(jobs.map(\.subject)), \(seconds)) AS d (subject, seconds)
      """
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

  /// How many jobs wait, by kind, and how long the oldest that is due has waited.
  package struct Depth: Sendable, Equatable {
    package let kind: String
    package let waiting: Int
    package let due: Int
    package let oldestDue: Duration
  }

  package static func depths(_ session: borrowing Session) throws -> [Depth] {
    try session.rows(
      """
      SELECT kind, count(*), count(*) FILTER (WHERE run_at <= now()),
        coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE run_at <= now())), 0)::float8
      FROM gkm.job GROUP BY kind ORDER BY kind
      """
    ) {
      Depth(
        kind: try $0.string(0), waiting: try $0.int(1), due: try $0.int(2),
        oldestDue: .microseconds(Int64(try $0.double(3) * 1_000_000)))
    }
  }
}

/// Another worker has the job: whatever was about to be written about it must not be.
package struct LeaseLost: Error, CustomStringConvertible {
  package let jobs: Int

  package var description: String { "\(jobs) jobs are another worker's by now" }
}
