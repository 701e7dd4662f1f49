package import Market
package import Postgres

// What flows: orders to their keys, mails to their server, events to us.
extension AlertProbe {
  /// Several windows and burn rates, as Google's SRE workbook has it (chapter 5, "Multiwindow, Multi-Burn-Rate
  /// Alerts"): the long window says that it matters, the short one that it still goes on.
  func burn(_ session: borrowing Session, fast: Double) throws -> [AlertObservation] {
    let sums = try session.first(
      """
      SELECT \(sql: Self.sums("5 min")), \(sql: Self.sums("30 min")), \(sql: Self.sums("1 hour")),
        \(sql: Self.sums("6 hours"))
      FROM (SELECT minute, paid, late_5s, late_30s, \(at)::timestamptz AS at FROM gkm.slo_minute
        WHERE minute > \(at)::timestamptz - interval '6 hours' AND minute <= \(at)) m
      """
    ) { row in try (0..<4).map { try Window(row, from: $0 * 3) } }
    guard let sums, sums.count == 4 else { return [] }
    // Six is to fourteen as a budget gone in five days is to one gone in two.
    let slow = fast * 6 / 14
    return [("5s", 1 - plan.objectives.within5s, \Window.late5s), ("30s", 1 - plan.objectives.within30s, \.late30s)]
      .map { subject, budget, late in
        let rates = sums.map { $0.paid == 0 ? 0 : Double($0[keyPath: late]) / Double($0.paid) / budget }
        let isFast = rates[0] > fast && rates[2] > fast && sums[2][keyPath: late] >= plan.leastLate
        let isSlow = rates[1] > slow && rates[3] > slow && sums[3][keyPath: late] >= plan.leastLate
        let (window, name) = isFast || !isSlow ? (sums[2], "hour") : (sums[3], "six hours")
        return AlertObservation(
          .slo, subject, isFast || isSlow ? .bad : .calm, value: max(rates[2], rates[3]),
          "\(window[keyPath: late]) of \(window.paid) orders of the last \(name) waited longer than \(subject)")
      }
  }

  private struct Window {
    var paid: Int
    var late5s: Int
    var late30s: Int

    init(_ row: Row, from column: Int) throws {
      paid = try row.int(column)
      late5s = try row.int(column + 1)
      late30s = try row.int(column + 2)
    }
  }

  private static func sums(_ window: String) -> SQL {
    let columns = ["paid", "late_5s", "late_30s"].map {
      "coalesce(sum(\($0)) FILTER (WHERE minute > at - interval '\(window)'), 0)::bigint"
    }
    return SQL(unescaped: columns.joined(separator: ", "))
  }

  /// Counts the minutes that may have changed since they were counted last: an order's lot is known half a minute after
  /// its payment, and what was not counted for a while is counted as far back as anybody looks.
  package static func countMinutes(_ session: borrowing Session, at: Instant) throws {
    try session.execute(
      """
      WITH bounds AS (
        SELECT greatest(coalesce(max(minute), '-infinity') - interval '2 min',
          date_trunc('minute', \(at)::timestamptz - interval '6 hours')) AS first
        FROM gkm.slo_minute WHERE minute <= \(at)
      ), counted AS (
        SELECT date_trunc('minute', o.paid_at) AS minute, count(*) AS paid,
          count(*) FILTER (WHERE coalesce(o.delivered_at, \(at)) - o.paid_at > interval '5 s') AS late_5s,
          count(*) FILTER (WHERE coalesce(o.delivered_at, \(at)) - o.paid_at > interval '30 s') AS late_30s
        FROM gkm.orders o
        WHERE o.paid_at >= (SELECT first FROM bounds) AND o.paid_at <= \(at)
          AND (o.delivered_at IS NOT NULL OR o.state = 'paid')
        GROUP BY 1
      )
      INSERT INTO gkm.slo_minute (minute, paid, late_5s, late_30s) SELECT minute, paid, late_5s, late_30s FROM counted
      ON CONFLICT (minute) DO UPDATE
      SET paid = excluded.paid, late_5s = excluded.late_5s, late_30s = excluded.late_30s
      WHERE (slo_minute.paid, slo_minute.late_5s, slo_minute.late_30s)
        IS DISTINCT FROM (excluded.paid, excluded.late_5s, excluded.late_30s)
      """)
  }

  /// Of the mails that were tried in the last minutes, how many were not taken through no fault of theirs: each is one,
  /// however often it was tried, so that a few which wait for their recipients' servers are not taken for ours. A server
  /// that goes away in the midst of traffic has good minutes behind it, which hide it for long: where nothing was taken
  /// in the last fifth of the window, that says it sooner.
  func mail(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    let recent = plan.mailWindow / 5
    guard let all = try mails(session, within: plan.mailWindow) else { return [] }
    guard all.tried > 0 else {
      // Tries become rare while a server is away: silence is no good news as long as something waits for it.
      return all.isWaiting ? [AlertObservation(.smtp, "", .unknown, value: 0, "no mail was tried")] : []
    }
    let isBad = all.share >= threshold && all.failures >= Int64(plan.leastLate)
    var (told, span) = (all, plan.mailWindow)
    var isAway = false
    if !isBad, let lately = try mails(session, within: recent) {
      isAway = lately.missed == lately.tried && lately.failures >= Int64(plan.leastLate)
      if isAway { (told, span) = (lately, recent) }
    }
    let reply = told.reply.map { "; the newest: \(Self.withoutNames($0))" } ?? ""
    return [
      AlertObservation(
        .smtp, "", isBad || isAway ? .bad : .calm, value: told.share,
        "\(told.missed) of \(told.tried) mails of the last \(Self.spell(span)) were not taken\(reply)")
    ]
  }

  private struct Mails {
    /// Mails, each once.
    let tried: Int64
    let missed: Int64
    /// Attempts that came to nothing.
    let failures: Int64
    /// What was said to the newest of them.
    let reply: String?
    let isWaiting: Bool

    /// In percent.
    var share: Double { tried == 0 ? 0 : Double(missed) * 100 / Double(tried) }
  }

  private func mails(_ session: borrowing Session, within span: Duration) throws -> Mails? {
    let seconds = span.inSeconds
    return try session.first(
      """
      SELECT count(DISTINCT delivery_id), count(DISTINCT delivery_id) FILTER (WHERE outcome IN ('confirmed', 'refused')),
        count(*) FILTER (WHERE outcome IN ('deferred', 'unknown')),
        (array_agg(reply::text ORDER BY ended_at DESC) FILTER (WHERE outcome IN ('deferred', 'unknown')))[1],
        EXISTS (SELECT FROM gkm.delivery WHERE state = 'retrying')
      FROM gkm.delivery_attempt
      WHERE started_at > \(at)::timestamptz - make_interval(secs => \(seconds + 180))
        AND ended_at > \(at)::timestamptz - make_interval(secs => \(seconds)) AND ended_at <= \(at)
      """
    ) { row in
      let tried = try row.int64(0)
      return Mails(
        tried: tried, missed: tried - (try row.int64(1)), failures: try row.int64(2), reply: try row.stringOrNil(3),
        isWaiting: try row.bool(4))
    }
  }

  /// What came back of the last hour.
  func bounces(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    let count = try session.first(
      """
      SELECT count(*) FROM (SELECT recorded_at FROM gkm.bounce ORDER BY id DESC LIMIT 1000) b
      WHERE recorded_at > \(at)::timestamptz - interval '1 hour' AND recorded_at <= \(at)
      """
    ) { try $0.int64(0) }
    guard let count, Double(count) >= threshold else { return [] }
    return [AlertObservation(.bounces, "", .bad, value: Double(count), "\(count) mails of the last hour came back")]
  }

  /// Every order that is opened brings an event within the hour; that none at all comes for a while, with some opened
  /// meanwhile, is a webhook that is not wired. What reconciliation found in Stripe's list did not come by itself.
  func webhooks(_ session: borrowing Session, _ threshold: Double) throws -> [AlertObservation] {
    let window = plan.webhookWindow.inSeconds
    let found = try session.first(
      """
      SELECT (SELECT count(*) FROM (SELECT created_at, checkout_session FROM gkm.orders ORDER BY id DESC LIMIT 1000) o
          WHERE checkout_session IS NOT NULL AND created_at <= \(at)::timestamptz - interval '1 min'
            AND created_at > \(at)::timestamptz - make_interval(secs => \(window))),
        EXISTS (SELECT FROM gkm.stripe_event WHERE arrival <> 'listed'
          AND received_at > \(at)::timestamptz - make_interval(secs => \(window)) AND received_at <= \(at))
      """
    ) { (orders: try $0.int64(0), isHeard: try $0.bool(1)) }
    guard let found, !found.isHeard, Double(found.orders) >= threshold else { return [] }
    return [
      AlertObservation(
        .webhooks, "", .bad, value: Double(found.orders),
        "\(found.orders) orders were opened in the last \(Self.spell(plan.webhookWindow)), and no event came by itself")
    ]
  }
}
