import Market
package import Postgres

/// How the market is doing right now, in one cheap query: what people look at all day must cost next to nothing.
///
/// Rates and times are of the last hour, as far as the newest `sampleSize` orders reach back; what waits is counted from
/// partial indexes, up to `countLimit`.
package struct Pulse: Sendable, Equatable {
  /// Orders placed, paid and delivered in each of the last 60 minutes, the newest last.
  package var placed: [Int]
  package var paid: [Int]
  package var delivered: [Int]
  /// The sample does not reach back an hour: the early minutes are missing.
  package var isSampleFull: Bool
  /// From payment to the last key's delivery, of the orders delivered in the last hour.
  package var deliveryMedian: Duration?
  package var deliverySlow: Duration?
  /// Orders and deliveries that are not done with, by state.
  package var orders: [String: Int]
  package var deliveries: [String: Int]
  package var jobsDue: Int
  package var oldestDue: Duration?
  package var deadJobs: Int
  /// Active listings with nothing to sell, and those at or below their mark, the empty ones included.
  package var emptyListings: Int
  package var lowListings: Int
  package var quarantinedEvents: Int
  package var parkedEvents: Int
  /// How the audit log's sealing stands; `nil` where nothing was ever sealed.
  package var sealing: SealLag?

  package init(
    placed: [Int], paid: [Int], delivered: [Int], isSampleFull: Bool, deliveryMedian: Duration?,
    deliverySlow: Duration?, orders: [String: Int], deliveries: [String: Int], jobsDue: Int, oldestDue: Duration?,
    deadJobs: Int, emptyListings: Int, lowListings: Int, quarantinedEvents: Int, parkedEvents: Int
  ) {
    self.placed = placed
    self.paid = paid
    self.delivered = delivered
    self.isSampleFull = isSampleFull
    self.deliveryMedian = deliveryMedian
    self.deliverySlow = deliverySlow
    self.orders = orders
    self.deliveries = deliveries
    self.jobsDue = jobsDue
    self.oldestDue = oldestDue
    self.deadJobs = deadJobs
    self.emptyListings = emptyListings
    self.lowListings = lowListings
    self.quarantinedEvents = quarantinedEvents
    self.parkedEvents = parkedEvents
  }

  package static let sampleSize = 5_000
  package static let countLimit = 10_000
  package static let minutes = 60

  /// Reads it. For staff.
  package static func read(_ session: borrowing Session) throws -> Pulse {
    let pulse = try session.first(query) { row in
      Pulse(
        placed: try row.int64Array(0).map(Int.init), paid: try row.int64Array(1).map(Int.init),
        delivered: try row.int64Array(2).map(Int.init), isSampleFull: try row.bool(3),
        deliveryMedian: try row.doubleOrNil(4).map(Duration.seconds),
        deliverySlow: try row.doubleOrNil(5).map(Duration.seconds),
        orders: counts(try row.stringArray(6), try row.int64Array(7)),
        deliveries: counts(try row.stringArray(8), try row.int64Array(9)), jobsDue: Int(try row.int64(10)),
        oldestDue: try row.doubleOrNil(11).map(Duration.seconds), deadJobs: Int(try row.int64(12)),
        emptyListings: Int(try row.int64(13)), lowListings: Int(try row.int64(14)),
        quarantinedEvents: Int(try row.int64(15)), parkedEvents: Int(try row.int64(16)))
    }
    guard var pulse else { throw StoreError.badRow("the pulse has no row") }
    let sealing = try SealLag.read(session)
    if sealing.signedAt != nil { pulse.sealing = sealing }
    return pulse
  }

  private static func counts(_ names: [String], _ values: [Int64]) -> [String: Int] {
    Dictionary(zip(names, values.map(Int.init))) { first, _ in first }
  }

  /// The newest orders by primary key, so that a market of any size costs the same; the rest from partial indexes.
  private static let query: SQL = """
    WITH recent AS MATERIALIZED (
      SELECT created_at, paid_at, delivered_at FROM gkm.orders ORDER BY id DESC LIMIT \(sampleSize)
    ), moment AS (
      SELECT 'placed' AS what, created_at AS at FROM recent
      UNION ALL SELECT 'paid', paid_at FROM recent UNION ALL SELECT 'delivered', delivered_at FROM recent
    ), bucket AS (
      SELECT what, 59 - floor(extract(epoch FROM now() - at) / 60)::integer AS minute, count(*) AS n
      FROM moment WHERE at > now() - interval '60 minutes' AND at <= now() GROUP BY 1, 2
    ), series AS (
      SELECT array_agg(coalesce(a.n, 0) ORDER BY m) AS placed, array_agg(coalesce(b.n, 0) ORDER BY m) AS paid,
        array_agg(coalesce(c.n, 0) ORDER BY m) AS delivered
      FROM generate_series(0, 59) m
      LEFT JOIN bucket a ON a.minute = m AND a.what = 'placed'
      LEFT JOIN bucket b ON b.minute = m AND b.what = 'paid'
      LEFT JOIN bucket c ON c.minute = m AND c.what = 'delivered'
    ), speed AS (
      SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
        ORDER BY extract(epoch FROM delivered_at - paid_at)::double precision) AS seconds
      FROM recent WHERE delivered_at > now() - interval '60 minutes' AND paid_at IS NOT NULL
    ), waiting_orders AS (
      SELECT state, count(*) AS n FROM (
        SELECT state FROM gkm.orders
        WHERE state IN ('paid', 'held', 'paid_unfulfillable', 'disputed', 'awaiting_async') LIMIT \(countLimit)) o
      GROUP BY state
    ), waiting_deliveries AS (
      SELECT state, count(*) AS n FROM (
        SELECT state FROM gkm.delivery WHERE state NOT IN ('confirmed', 'cancelled') LIMIT \(countLimit)) d
      GROUP BY state
    ), due AS (
      SELECT count(*) AS n, extract(epoch FROM now() - min(run_at))::double precision AS oldest FROM (
        SELECT run_at FROM gkm.job WHERE run_at <= now() LIMIT \(countLimit)) j
    ), stock AS (
      SELECT count(*) FILTER (WHERE s.available = 0) AS empty, count(*) AS low
      FROM gkm.listing_stock s JOIN gkm.listing l ON l.id = s.listing_id
      WHERE l.state = 'active' AND s.available <= l.low_stock
    ), odd_events AS (
      SELECT count(*) FILTER (WHERE state = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE state = 'parked') AS parked
      FROM (SELECT state FROM gkm.stripe_event WHERE state IN ('parked', 'quarantined') LIMIT \(countLimit)) e
    )
    SELECT series.placed, series.paid, series.delivered,
      (SELECT count(*) = \(sampleSize) AND min(created_at) > now() - interval '60 minutes' FROM recent),
      speed.seconds[1], speed.seconds[2],
      ARRAY(SELECT state FROM waiting_orders ORDER BY state), ARRAY(SELECT n FROM waiting_orders ORDER BY state),
      ARRAY(SELECT state FROM waiting_deliveries ORDER BY state),
      ARRAY(SELECT n FROM waiting_deliveries ORDER BY state),
      due.n, due.oldest, (SELECT count(*) FROM (SELECT FROM gkm.job_dead WHERE state = 'dead' LIMIT \(countLimit)) d),
      stock.empty, stock.low, odd_events.quarantined, odd_events.parked
    FROM series, speed, due, stock, odd_events
    """
}
