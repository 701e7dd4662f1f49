package import Market
package import Postgres

/// How the work of one kind stands.
package struct WorkOverview: Sendable, Equatable {
  package let kind: String
  /// In the queue, under way included.
  package let waiting: Int
  /// Waiting for nothing but a worker.
  package let due: Int
  /// Some worker's, under its lease.
  package let underWay: Int
  /// How long the oldest that is due has waited.
  package let oldestDue: Duration
  /// Dead letters that nobody has settled.
  package let dead: Int
  package let pausedAt: Instant?
  package let pausedBy: String?
  package let pauseReason: String?
  /// Under way at once, over all daemons; `nil`: as many as workers take.
  package let concurrency: Int?
  package let ratePerSecond: Double?
  /// Of its switches: what `WorkSwitches` wants back. 0 where nobody has ever touched them.
  package let version: Int64

  package static func read(_ session: borrowing Session) throws -> [WorkOverview] {
    try session.rows(
      """
      WITH queue AS (
        SELECT kind, count(*) AS waiting, count(*) FILTER (WHERE run_at <= now()) AS due,
          count(*) FILTER (WHERE lease_token IS NOT NULL AND run_at > now()) AS under_way,
          min(run_at) FILTER (WHERE run_at <= now()) AS oldest
        FROM gkm.job GROUP BY kind
      ), dead AS (
        SELECT kind, count(*) AS dead FROM gkm.job_dead WHERE state = 'dead' GROUP BY kind
      )
      SELECT n.kind, coalesce(q.waiting, 0), coalesce(q.due, 0), coalesce(q.under_way, 0),
        coalesce(extract(epoch FROM now() - q.oldest), 0)::float8, coalesce(d.dead, 0), k.paused_at, k.paused_by,
        k.pause_reason::text, k.concurrency, k.rate_per_second, coalesce(k.version, 0)
      FROM unnest(\(JobKind.allCases.map(\.rawValue))) WITH ORDINALITY AS n (kind, place)
      LEFT JOIN queue q ON q.kind = n.kind
      LEFT JOIN dead d ON d.kind = n.kind
      LEFT JOIN gkm.job_kind k ON k.kind = n.kind
      ORDER BY n.place
      """
    ) {
      WorkOverview(
        kind: try $0.string(0), waiting: try $0.int(1), due: try $0.int(2), underWay: try $0.int(3),
        oldestDue: .microseconds(Int64(try $0.double(4) * 1_000_000)), dead: try $0.int(5),
        pausedAt: try $0.instantOrNil(6), pausedBy: try $0.stringOrNil(7), pauseReason: try $0.stringOrNil(8),
        concurrency: try $0.intOrNil(9), ratePerSecond: try $0.doubleOrNil(10), version: try $0.int64(11))
    }
  }
}
