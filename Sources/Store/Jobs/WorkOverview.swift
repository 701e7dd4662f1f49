package import Market
package import Postgres

/// How the work of one kind stands: for the console, for `gkm work`, for metrics and for alerts alike.
package struct WorkOverview: Sendable, Equatable {
  package var kind: String
  /// Waiting for nothing but a worker.
  package var due: Int
  /// Some worker's, under its lease.
  package var underWay: Int
  /// Meant for a later time: to be tried again, or queued with a delay.
  package var later: Int
  /// How long the oldest that is due has waited.
  package var oldestDue: Duration
  /// The most tries that one of those has had which were looked at.
  package var mostAttempts: Int
  /// Dead letters that nobody has settled.
  package var dead: Int
  package var pausedAt: Instant?
  package var pausedBy: String?
  package var pauseReason: String?
  /// Under way at once, over all daemons; `nil`: as many as workers take.
  package var concurrency: Int?
  package var ratePerSecond: Double?
  /// Of its switches: what `WorkSwitches` wants back. 0 where nobody has ever touched them.
  package var version: Int64

  /// In the queue, under way included.
  package var waiting: Int { due + underWay + later }

  package init(
    kind: String, due: Int = 0, underWay: Int = 0, later: Int = 0, oldestDue: Duration = .zero, mostAttempts: Int = 0,
    dead: Int = 0, pausedAt: Instant? = nil, pausedBy: String? = nil, pauseReason: String? = nil,
    concurrency: Int? = nil, ratePerSecond: Double? = nil, version: Int64 = 0
  ) {
    self.kind = kind
    self.due = due
    self.underWay = underWay
    self.later = later
    self.oldestDue = oldestDue
    self.mostAttempts = mostAttempts
    self.dead = dead
    self.pausedAt = pausedAt
    self.pausedBy = pausedBy
    self.pauseReason = pauseReason
    self.concurrency = concurrency
    self.ratePerSecond = ratePerSecond
    self.version = version
  }

  /// Jobs of one kind that are counted, at most, on either side of now: looking must stay cheap with a million in the
  /// queue.
  package static let countLimit = 100_000

  /// Every kind, also one that has nothing to do.
  ///
  /// - Parameter at: what counts as now; `nil` for the database's own clock.
  package static func read(_ session: borrowing Session, at: Instant? = nil) throws -> [WorkOverview] {
    try session.rows(
      """
      WITH moment AS (SELECT coalesce(\(at)::timestamptz, now()) AS at), dead AS (
        SELECT kind, count(*) AS dead FROM gkm.job_dead WHERE state = 'dead' GROUP BY kind
      )
      SELECT n.kind, past.due, ahead.held, ahead.later,
        coalesce(extract(epoch FROM m.at - oldest.run_at), 0)::float8, greatest(past.attempts, ahead.attempts),
        coalesce(d.dead, 0), k.paused_at, k.paused_by, k.pause_reason::text, k.concurrency, k.rate_per_second,
        coalesce(k.version, 0)
      FROM moment m CROSS JOIN unnest(\(JobKind.allCases.map(\.rawValue))) WITH ORDINALITY AS n (kind, place)
      CROSS JOIN LATERAL (
        SELECT count(*) AS due, coalesce(max(attempts), 0) AS attempts FROM (
          SELECT attempts FROM gkm.job WHERE kind = n.kind AND run_at <= m.at LIMIT \(countLimit)) j
      ) past
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE lease_token IS NOT NULL) AS held,
          count(*) FILTER (WHERE lease_token IS NULL) AS later, coalesce(max(attempts), 0) AS attempts
        FROM (SELECT lease_token, attempts FROM gkm.job WHERE kind = n.kind AND run_at > m.at LIMIT \(countLimit)) j
      ) ahead
      CROSS JOIN LATERAL (
        SELECT min(first.run_at) AS run_at FROM generate_series(0, 2) AS p (priority) CROSS JOIN LATERAL (
          SELECT run_at FROM gkm.job WHERE kind = n.kind AND priority = p.priority::smallint AND run_at <= m.at
          ORDER BY run_at LIMIT 1) first
      ) oldest
      LEFT JOIN dead d ON d.kind = n.kind
      LEFT JOIN gkm.job_kind k ON k.kind = n.kind
      ORDER BY n.place
      """
    ) {
      WorkOverview(
        kind: try $0.string(0), due: try $0.int(1), underWay: try $0.int(2), later: try $0.int(3),
        oldestDue: .microseconds(Int64(try $0.double(4) * 1_000_000)), mostAttempts: try $0.int(5),
        dead: try $0.int(6), pausedAt: try $0.instantOrNil(7), pausedBy: try $0.stringOrNil(8),
        pauseReason: try $0.stringOrNil(9), concurrency: try $0.intOrNil(10), ratePerSecond: try $0.doubleOrNil(11),
        version: try $0.int64(12))
    }
  }
}
