package import Market
package import Postgres

/// What ops and admins do about kinds of work: on every daemon at once, each with a reason that is kept.
///
/// Every call throws `ActionRefused` for what the market refuses, and `PostgresError` for what the database could not
/// do. `version` is `WorkOverview.version` of what the person saw; each answers the next one.
package enum WorkSwitches {
  /// Stops a kind from being taken up. What is under way is finished.
  package static func pause(
    _ session: borrowing Session, _ kind: JobKind, version: Int64, reason: String
  ) throws -> Int64 {
    try answer(session, "SELECT api.pause_work(\(kind.rawValue), \(version), \(reason))")
  }

  package static func resume(
    _ session: borrowing Session, _ kind: JobKind, version: Int64, reason: String
  ) throws -> Int64 {
    try answer(session, "SELECT api.resume_work(\(kind.rawValue), \(version), \(reason))")
  }

  /// - Parameters:
  ///   - concurrency: jobs under way at once over all daemons; `nil` for no limit.
  ///   - rate: jobs taken up a second over all daemons; `nil` for no limit.
  package static func limit(
    _ session: borrowing Session, _ kind: JobKind, version: Int64, concurrency: Int32?, rate: Double?, reason: String
  ) throws -> Int64 {
    try answer(
      session, "SELECT api.limit_work(\(kind.rawValue), \(version), \(concurrency), \(rate), \(reason))")
  }

  private static func answer(_ session: borrowing Session, _ sql: SQL) throws -> Int64 {
    do {
      guard let next = try session.first(sql, { try $0.int64(0) }) else {
        throw StoreError.badRow("a function of schema api gave no answer")
      }
      return next
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}

/// What ops and admins do about dead letters: jobs that were given up.
package enum DeadLetters {
  /// Puts them back in the queue, as if they were new; an event's quarantine ends with it. More than ten go behind
  /// everything else that waits. Answers how many were dead until now.
  package static func redrive(_ session: borrowing Session, _ jobs: [JobID], reason: String) throws -> Int {
    try count(session, "SELECT api.redrive_jobs(\(jobs), \(reason))")
  }

  /// Settles them undone. Answers how many were dead until now.
  package static func discard(_ session: borrowing Session, _ jobs: [JobID], reason: String) throws -> Int {
    try count(session, "SELECT api.discard_jobs(\(jobs), \(reason))")
  }

  /// Changes what one is about, as `gkm list dead` shows it; answers its next version.
  package static func edit(
    _ session: borrowing Session, _ job: JobID, version: Int64, subject: String, reason: String
  ) throws -> Int64 {
    do {
      let next = try session.first("SELECT api.edit_dead_job(\(job), \(version), \(subject), \(reason))") {
        try $0.int64(0)
      }
      guard let next else { throw StoreError.badRow("api.edit_dead_job gave no version") }
      return next
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }

  /// Those that wait to be settled, the oldest first.
  package static func open(
    _ session: borrowing Session, _ kind: JobKind?, limit: Int = 10_000
  ) throws -> [JobID] {
    try session.rows(
      """
      SELECT id FROM gkm.job_dead WHERE state = 'dead' AND (\(kind?.rawValue)::text IS NULL OR kind = \(kind?.rawValue))
      ORDER BY id LIMIT \(limit)
      """
    ) { try $0.id(0) }
  }

  private static func count(_ session: borrowing Session, _ sql: SQL) throws -> Int {
    do {
      return try session.first(sql) { try $0.int(0) } ?? 0
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
