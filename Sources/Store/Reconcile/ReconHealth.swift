package import Market
package import Postgres

/// How reconciliation stands, for metrics and for whoever watches over it.
package struct ReconHealth: Sendable, Equatable {
  package struct Kind: Sendable, Equatable {
    package let kind: ReconKind
    package let lastGood: Instant?
    package let sinceLastGood: Duration?
    package let isRunning: Bool
    /// Of the present run, since it last came forward.
    package let failures: Int
    package let problem: String?
  }

  package let kinds: [Kind]
  package let openBreaks: Int
  package let oldestBreak: Duration?

  package static func read(_ session: borrowing Session) throws -> ReconHealth {
    var open = (count: 0, oldest: Double?.none)
    let kinds: [Kind] = try session.rows(
      """
      SELECT kind, last_good, since_seconds, running, failures, problem, open_breaks,
        extract(epoch FROM now() - oldest_break)::float8
      FROM gkm.reconciliation_health()
      """
    ) { row in
      open = (try row.int(6), row.isNull(7) ? nil : try row.double(7))
      return Kind(
        kind: try row.word(0), lastGood: try row.instantOrNil(1),
        sinceLastGood: row.isNull(2) ? nil : .microseconds(Int64(try row.double(2) * 1_000_000)),
        isRunning: try row.bool(3), failures: try row.int(4), problem: try row.stringOrNil(5))
    }
    return ReconHealth(
      kinds: kinds, openBreaks: open.count,
      oldestBreak: open.oldest.map { .microseconds(Int64($0 * 1_000_000)) })
  }
}
