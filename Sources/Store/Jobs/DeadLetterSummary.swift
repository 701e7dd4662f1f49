package import Market
package import Postgres

/// Jobs of one kind that died of the same problem, and that nobody has settled.
package struct DeadLetterSummary: Sendable, Equatable {
  package var kind: String
  package var problem: String
  package var count: Int
  package var lastSubject: String
  package var lastAt: Instant

  package init(kind: String, problem: String, count: Int, lastSubject: String, lastAt: Instant) {
    self.kind = kind
    self.problem = problem
    self.count = count
    self.lastSubject = lastSubject
    self.lastAt = lastAt
  }

  /// The newest first, as far as the newest `Pulse.countLimit` letters reach.
  package static func read(_ session: borrowing Session) throws -> [DeadLetterSummary] {
    try session.rows(
      """
      SELECT kind, problem::text, count(*), (array_agg(subject ORDER BY died_at DESC))[1], max(died_at)
      FROM (SELECT kind, problem, subject, died_at FROM gkm.job_dead WHERE state = 'dead'
        ORDER BY id DESC LIMIT \(Pulse.countLimit)) j
      GROUP BY kind, problem ORDER BY max(died_at) DESC LIMIT 50
      """
    ) { row in
      DeadLetterSummary(
        kind: try row.string(0), problem: try row.string(1), count: Int(try row.int64(2)),
        lastSubject: try row.string(3), lastAt: try row.instant(4))
    }
  }
}
