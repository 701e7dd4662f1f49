package import Market
package import Postgres

/// What the workers have before them, and what they gave up on, by kind of job.
package struct WorkReading: Sendable, Equatable {
  package struct Queue: Sendable, Equatable {
    package var kind: String
    /// To be done now, in a worker's hands, and meant for later.
    package var due: Int
    package var leased: Int
    package var later: Int
    /// How long the oldest due one has been due.
    package var oldestDue: Duration?
    /// The most tries that one of them has had.
    package var mostAttempts: Int

    package init(kind: String, due: Int, leased: Int, later: Int, oldestDue: Duration?, mostAttempts: Int) {
      self.kind = kind
      self.due = due
      self.leased = leased
      self.later = later
      self.oldestDue = oldestDue
      self.mostAttempts = mostAttempts
    }
  }

  /// Jobs of one kind that died of the same problem.
  package struct DeadLetters: Sendable, Equatable {
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
  }

  package var queues: [Queue]
  package var dead: [DeadLetters]

  package init(queues: [Queue], dead: [DeadLetters]) {
    self.queues = queues
    self.dead = dead
  }

  /// Jobs that are looked at, at most.
  package static let countLimit = 100_000

  /// Reads it. For staff. Every kind is listed, also one that has nothing to do.
  package static func read(_ session: borrowing Session) throws -> WorkReading {
    let found = try session.rows(
      """
      SELECT kind, count(*) FILTER (WHERE run_at <= now()),
        count(*) FILTER (WHERE run_at > now() AND lease_token IS NOT NULL),
        count(*) FILTER (WHERE run_at > now() AND lease_token IS NULL),
        extract(epoch FROM now() - min(run_at) FILTER (WHERE run_at <= now()))::double precision, max(attempts)
      FROM (SELECT kind, run_at, lease_token, attempts FROM gkm.job LIMIT \(countLimit)) j GROUP BY kind
      """
    ) { row in
      Queue(
        kind: try row.string(0), due: Int(try row.int64(1)), leased: Int(try row.int64(2)),
        later: Int(try row.int64(3)),
        oldestDue: try row.doubleOrNil(4).map(Duration.seconds), mostAttempts: try row.int(5))
    }
    let idle = JobKind.allCases.map(\.rawValue).filter { kind in !found.contains { $0.kind == kind } }
      .map { Queue(kind: $0, due: 0, leased: 0, later: 0, oldestDue: nil, mostAttempts: 0) }
    let dead = try session.rows(
      """
      SELECT kind, problem::text, count(*), (array_agg(subject ORDER BY died_at DESC))[1], max(died_at)
      FROM (SELECT kind, problem, subject, died_at FROM gkm.job_dead WHERE state = 'dead'
        ORDER BY id DESC LIMIT \(Pulse.countLimit)) j
      GROUP BY kind, problem ORDER BY max(died_at) DESC LIMIT 50
      """
    ) { row in
      DeadLetters(
        kind: try row.string(0), problem: try row.string(1), count: Int(try row.int64(2)),
        lastSubject: try row.string(3), lastAt: try row.instant(4))
    }
    return WorkReading(queues: (found + idle).sorted { $0.kind < $1.kind }, dead: dead)
  }
}
