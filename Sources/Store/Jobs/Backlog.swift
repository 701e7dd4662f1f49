package import Market
package import Postgres

/// How many jobs of a kind wait for a worker, counted no further than somebody wants to know.
package enum Backlog {
  package struct Count: Sendable, Equatable {
    /// At most the limit that was asked with.
    package var waiting: Int
    /// How many of them became due since the time that was asked with.
    package var new: Int
    /// When the first of them became due; `nil` where none waits.
    package var oldest: Instant?
    package var now: Instant
  }

  /// Counts what is due of the usual priority, which is what events are queued with.
  ///
  /// - Parameters:
  ///   - floor: nothing that became due before it is looked at. Jobs become due in the order in which they are queued,
  ///     so whoever asks again and again passes the oldest of the last time, less a margin: what lies before it are
  ///     rows of jobs long done, which a vacuum that is held back has left there.
  ///   - last: what became due after it is counted as new.
  package static func count(
    _ session: borrowing Session, _ kind: JobKind, atMost limit: Int, since floor: Instant?,
    newSince last: Instant? = nil
  ) throws -> Count {
    let row = try session.first(
      """
      SELECT count(*), min(run_at), now(), count(*) FILTER (WHERE run_at > \(last)) FROM (
        SELECT run_at FROM gkm.job
        WHERE kind = \(kind.rawValue) AND priority = 1 AND run_at <= now()
          AND run_at >= coalesce(\(floor), '-infinity')
        ORDER BY run_at LIMIT \(limit)
      ) AS waiting
      """
    ) {
      Count(
        waiting: try $0.int(0), new: try $0.int(3), oldest: try $0.instantOrNil(1), now: try $0.instant(2))
    }
    guard let row else { throw StoreError.badRow("a count gave no row") }
    return row
  }
}
