import Market
import Postgres

// Keys, their counters and their deliveries.

extension ApplyWrites {
  private var at: Instant { audit.stamp.at }

  var reservationSQL: SQL {
    """
    UPDATE gkm.reservation r SET state = c.state
    FROM unnest(
      \(reservations.map(\.order)), \(reservations.map(\.listing)), \(reservations.map(\.state))
    ) AS c (order_id, listing_id, state)
    WHERE r.order_id = c.order_id AND r.listing_id = c.listing_id
    """
  }

  var takenUnitSQL: SQL {
    """
    UPDATE gkm.stock_unit SET state = 'assigned', version = version + 1
    WHERE id = ANY (\(taken.map(\.stockUnit))) AND state = 'available'
    """
  }

  var assignmentSQL: SQL {
    """
    INSERT INTO gkm.assignment (stock_unit_id, order_unit_id, order_id, vendor_id, created_at)
    SELECT *, \(at) FROM unnest(
      \(taken.map(\.stockUnit)), \(taken.map(\.unit)), \(taken.map(\.order)), \(taken.map(\.vendor)))
    """
  }

  var revokedUnitSQL: SQL {
    """
    UPDATE gkm.stock_unit SET state = 'revoked', version = version + 1
    WHERE id = ANY (\(revoked)) AND state = 'assigned'
    """
  }

  var endedAssignmentSQL: SQL {
    "UPDATE gkm.assignment SET active = false, ended_at = \(at) WHERE stock_unit_id = ANY (\(revoked)) AND active"
  }

  /// Locks the counters in the order of their ids before it changes any, so that two batches never wait for each
  /// other in a circle.
  var stockSQL: SQL {
    let listings = stock.keys.sorted()
    let deltas = listings.map { stock[$0] ?? StockDelta() }
    return """
      WITH locked AS MATERIALIZED (
        SELECT listing_id FROM gkm.listing_stock WHERE listing_id = ANY (\(listings))
        ORDER BY listing_id FOR NO KEY UPDATE
      )
      UPDATE gkm.listing_stock s
      SET available = s.available + c.available, reserved = s.reserved + c.reserved, sold = s.sold + c.sold,
        version = s.version + 1
      FROM locked, unnest(
        \(listings), \(deltas.map(\.available)), \(deltas.map(\.reserved)), \(deltas.map(\.sold))
      ) AS c (listing_id, available, reserved, sold)
      WHERE s.listing_id = locked.listing_id AND c.listing_id = locked.listing_id
      """
  }

  var deliverySQL: SQL {
    let express = newDeliveries.map(\.isExpress)
    return """
      INSERT INTO gkm.delivery (id, order_id, order_unit_id, vendor_id, channel, message_id, state, attempts,
        attempts_in_round, next_attempt_at, created_at, updated_at)
      SELECT d.id, d.order_id, d.unit, d.vendor, 'email', d.message_id,
        CASE WHEN d.express THEN 'sending' ELSE 'pending' END, d.express::integer, d.express::integer,
        CASE WHEN d.express THEN NULL ELSE \(at)::timestamptz END, \(at), \(at)
      FROM unnest(
        \(newDeliveries.map(\.id)), \(newDeliveries.map(\.order)), \(newDeliveries.map(\.unit)),
        \(newDeliveries.map(\.vendor)), \(newDeliveries.map(\.messageID)), \(express)
      ) AS d (id, order_id, unit, vendor, message_id, express)
      """
  }

  /// An express delivery's job is born leased to whoever sends it; the others are due at once.
  func deliveryJobSQL(_ lease: Lease) -> SQL {
    """
    INSERT INTO gkm.job (id, kind, subject, run_at, attempts, lease_token, created_at)
    SELECT d.job, 'deliver', d.id::text,
      CASE WHEN d.express THEN \(at)::timestamptz + make_interval(secs => \(lease.seconds)) ELSE \(at) END,
      d.express::integer, CASE WHEN d.express THEN \(lease.token) END, \(at)
    FROM unnest(\(newDeliveries.map(\.job)), \(newDeliveries.map(\.id)), \(newDeliveries.map(\.isExpress)))
      AS d (job, id, express)
    """
  }

  var deliveryAttemptSQL: SQL {
    let express = newDeliveries.filter(\.isExpress)
    return """
      INSERT INTO gkm.delivery_attempt (delivery_id, number, started_at, order_id)
      SELECT d.id, 1, \(at), d.order_id FROM unnest(\(express.map(\.id)), \(express.map(\.order))) AS d (id, order_id)
      """
  }

  /// A unit that gets another key while its last one was still on the way: that attempt is over, whether it arrived
  /// nobody need know, and whoever was sending it has lost the job, so that its outcome never counts for the new key.
  var renewedDeliverySQL: SQL {
    """
    WITH gone AS (
      DELETE FROM gkm.job WHERE kind = 'deliver' AND subject = ANY (\(renewedDeliveries.map(\.id.description)))
    ), ended AS (
      UPDATE gkm.delivery_attempt
      SET outcome = 'unknown', ended_at = \(at), reply = 'its key was taken back while it was on the way'
      WHERE delivery_id = ANY (\(renewedDeliveries.map(\.id))) AND outcome = 'prepared'
    )
    UPDATE gkm.delivery t
    SET state = 'pending', attempts_in_round = 0, next_attempt_at = \(at), confirmed_at = NULL,
      message_id = d.message_id, updated_at = \(at), version = t.version + 1
    FROM unnest(\(renewedDeliveries.map(\.id)), \(renewedDeliveries.map(\.messageID))) AS d (id, message_id)
    WHERE t.id = d.id
    """
  }

  /// They were counted once, and will be again with their new keys.
  var undeliveredSQL: SQL {
    """
    UPDATE gkm.orders o SET units_delivered = greatest(0, o.units_delivered - c.units), version = o.version + 1
    FROM unnest(\(Array(undelivered.keys)), \(Array(undelivered.values))) AS c (id, units) WHERE o.id = c.id
    """
  }

  var stoppedDeliverySQL: SQL {
    """
    UPDATE gkm.delivery SET state = 'cancelled', next_attempt_at = NULL, updated_at = \(at), version = version + 1
    WHERE id = ANY (\(stopped)) AND state IN ('pending', 'retrying', 'failed')
    """
  }

  var resumedDeliverySQL: SQL {
    """
    UPDATE gkm.delivery
    SET state = 'pending', attempts_in_round = 0, next_attempt_at = \(at), updated_at = \(at), version = version + 1
    WHERE id = ANY (\(resumed)) AND state = 'cancelled'
    """
  }
}
