import Market
import Postgres

/// Paid orders that wait for stock: each has a job that looks for it now and then, and at once when some comes in.
enum Restock {
  /// Lets the orders that wait for one of these listings look now, those first that were paid first. To be run behind
  /// whatever made the stock free, in the same transaction: an order that looks at the same moment either sees the stock
  /// or has its job here.
  static func wake(_ listings: [ListingID]) -> SQL {
    """
    WITH waiting AS MATERIALIZED (
      SELECT j.id, o.paid_at FROM gkm.job j JOIN gkm.orders o ON o.id = j.subject::bigint
      WHERE j.kind = 'restock' AND j.lease_token IS NULL AND EXISTS (
        SELECT FROM gkm.order_line l WHERE l.order_id = o.id AND l.listing_id = ANY (\(listings)))
      ORDER BY j.id FOR UPDATE OF j SKIP LOCKED
    ), placed AS (
      SELECT id, row_number() OVER (ORDER BY paid_at DESC NULLS FIRST, id DESC) AS place FROM waiting
    )
    UPDATE gkm.job j SET run_at = least(j.run_at, now() - make_interval(secs => p.place * 0.000001))
    FROM placed p WHERE j.id = p.id
    """
  }

  /// Adds a look at an order, unless one is due to come besides the jobs that end with this transaction, which holds the
  /// order's row.
  static func look(_ looks: [(order: OrderID, delay: Duration)], besides done: [JobID]) -> SQL {
    let seconds = looks.map { Double($0.delay.wholeMicroseconds) / 1_000_000 }
    return """
      INSERT INTO gkm.job (kind, subject, run_at)
      SELECT 'restock', d.subject, now() + make_interval(secs => d.seconds)
      FROM unnest(\(looks.map(\.order.description)), \(seconds)) AS d (subject, seconds)
      WHERE NOT EXISTS (
        SELECT FROM gkm.job j WHERE j.kind = 'restock' AND j.subject = d.subject AND j.id <> ALL (\(done)))
      """
  }
}
