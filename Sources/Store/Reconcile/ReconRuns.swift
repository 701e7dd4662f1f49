package import Market
package import Postgres

/// The rows of `gkm.recon_run`: by them several daemons share the work without a leader.
///
/// A period's run is whoever's who inserts its row; a kind has one unfinished run at most, and one whose lease ran out
/// is taken up where its cursor stands. Whatever a run writes is fenced by its lease's token.
package enum ReconRuns {
  /// Takes up a run that was left, or begins the present period's; `nil` where there is nothing to do.
  package static func claim(_ session: borrowing Session, _ plan: ReconPlan, lease: Lease) throws -> ReconRun? {
    let left: [ReconRun] = try session.rows(
      """
      UPDATE gkm.recon_run r
      SET lease_token = \(lease.token), lease_until = now() + make_interval(secs => \(lease.seconds))
      FROM (
        SELECT id FROM gkm.recon_run
        WHERE kind = \(plan.kind.rawValue) AND ended_at IS NULL AND period IS NOT NULL AND lease_until <= now()
        FOR UPDATE SKIP LOCKED
      ) d
      WHERE r.id = d.id
      RETURNING \(unescaped: columns)
      """
    ) { try decode($0, plan.kind, lease) }
    if let run = left.first { return run }
    return try session.rows(
      """
      INSERT INTO gkm.recon_run AS r (kind, period, window_from, window_until, stage, lease_token, lease_until)
      SELECT \(plan.kind.rawValue), c.period,
        greatest(
          least(coalesce(l.window_until, c.founded), c.at) - make_interval(secs => \(seconds(plan.overlap))),
          c.at - make_interval(secs => \(seconds(ReconPlan.longestWindow)))),
        CASE WHEN \(plan.kind == .events) THEN NULL ELSE c.at - make_interval(secs => \(seconds(plan.lateness))) END,
        \(plan.kind.firstStage.rawValue), \(lease.token), c.at + make_interval(secs => \(lease.seconds))
      FROM (
        SELECT now() AS at, i.created_at AS founded,
          to_timestamp(
            floor(extract(epoch FROM now())::float8 / \(seconds(plan.interval))) * \(seconds(plan.interval))) AS period
        FROM gkm.installation i
      ) c
      LEFT JOIN LATERAL (
        SELECT window_until FROM gkm.recon_run
        WHERE kind = \(plan.kind.rawValue) AND outcome = 'good' AND period IS NOT NULL
        ORDER BY ended_at DESC LIMIT 1
      ) l ON true
      ON CONFLICT DO NOTHING
      RETURNING \(unescaped: columns)
      """
    ) { try decode($0, plan.kind, lease) }.first
  }

  /// Begins a run over a window of somebody's choice. It stands beside those of the periods, and moves none of them.
  package static func begin(
    _ session: borrowing Session, _ kind: ReconKind, from: Instant, until: Instant?, lease: Lease
  ) throws -> ReconRun {
    let run = try session.first(
      """
      INSERT INTO gkm.recon_run AS r (kind, window_from, window_until, stage, lease_token, lease_until)
      VALUES (\(kind.rawValue), \(from), \(until), \(kind.firstStage.rawValue), \(lease.token),
        now() + make_interval(secs => \(lease.seconds)))
      RETURNING \(unescaped: columns)
      """
    ) { try decode($0, kind, lease) }
    guard let run else { throw StoreError.badRow("a run could not be begun") }
    return run
  }

  /// Writes down how far a run came, and lengthens its lease.
  ///
  /// - Throws: `LeaseLost` where the run is another process' by now: the transaction must not be committed then.
  package static func advance(_ session: borrowing Session, _ run: ReconRun, _ progress: ReconProgress) throws {
    let count = try session.execute(
      """
      UPDATE gkm.recon_run
      SET stage = \(progress.stage.rawValue), cursor = \(progress.cursor),
        newest_seen = greatest(newest_seen, \(progress.newestSeen)), pages = pages + 1,
        looked_at = looked_at + \(progress.lookedAt), missed = missed + \(progress.missed),
        rechecks = rechecks + \(progress.rechecks), breaks = breaks + \(progress.breaks), failures = 0, problem = NULL,
        lease_until = now() + make_interval(secs => \(run.lease.seconds))
      WHERE id = \(run.id) AND lease_token = \(run.lease.token) AND ended_at IS NULL
      """)
    if count != 1 { throw LeaseLost(jobs: 1) }
  }

  /// Ends a run that went through. One over events reaches as far as the newest that it saw, by Stripe's clock: ours
  /// may be wrong.
  package static func finish(_ session: borrowing Session, _ run: ReconRun, overlap: Duration) throws {
    let count = try session.execute(
      """
      UPDATE gkm.recon_run
      SET outcome = 'good', ended_at = clock_timestamp(), lease_token = NULL, cursor = NULL,
        window_until = coalesce(
          window_until, newest_seen, window_from + make_interval(secs => \(seconds(overlap))))
      WHERE id = \(run.id) AND lease_token = \(run.lease.token) AND ended_at IS NULL
      """)
    if count != 1 { throw LeaseLost(jobs: 1) }
    try session.execute("DELETE FROM gkm.recon_seen WHERE run_id = \(run.id)")
    if run.kind == .objects { try prune(session) }
  }

  /// Forgets runs that ended long ago, one a minute: but those that found a break.
  private static func prune(_ session: borrowing Session) throws {
    try session.execute(
      """
      DELETE FROM gkm.recon_run r WHERE r.ended_at < now() - interval '40 days'
        AND NOT EXISTS (SELECT FROM gkm.recon_break b WHERE b.found_by = r.id)
        AND NOT EXISTS (SELECT FROM gkm.recon_seen s WHERE s.run_id = r.id)
      """)
  }

  /// Lets go of a run that could not go on, to be taken up again after a while; one that has not come through for a
  /// day is given up, and the next period's begins where the last good one ended.
  ///
  /// - Parameter problem: `nil` where it was only interrupted.
  package static func leave(
    _ session: borrowing Session, _ run: ReconRun, problem: String?, for delay: Duration
  ) throws {
    try session.execute(
      """
      UPDATE gkm.recon_run
      SET lease_token = NULL, lease_until = now() + make_interval(secs => \(seconds(delay))),
        failures = failures + \(problem == nil ? 0 : 1), problem = coalesce(\(safe(problem)), problem),
        outcome = CASE WHEN started_at < now() - interval '1 day' OR period IS NULL THEN 'failed' END,
        ended_at = CASE WHEN started_at < now() - interval '1 day' OR period IS NULL THEN clock_timestamp() END
      WHERE id = \(run.id) AND lease_token = \(run.lease.token) AND ended_at IS NULL
      """)
    try session.execute(
      """
      DELETE FROM gkm.recon_seen s USING gkm.recon_run r WHERE r.id = s.run_id AND r.id = \(run.id)
        AND r.ended_at IS NOT NULL
      """)
  }

  private static let columns = "r.id, r.window_from, r.window_until, r.started_at, r.failures, r.stage, r.cursor"

  private static func decode(_ row: Row, _ kind: ReconKind, _ lease: Lease) throws -> ReconRun {
    ReconRun(
      id: try row.id(0), kind: kind, from: try row.instant(1), until: try row.instantOrNil(2),
      startedAt: try row.instant(3), lease: lease, failures: try row.int(4), stage: try row.word(5),
      cursor: try row.stringOrNil(6))
  }

  static func seconds(_ duration: Duration) -> Double { Double(duration.wholeMicroseconds) / 1_000_000 }
}
