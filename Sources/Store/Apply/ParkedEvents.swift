import Market
package import Postgres

/// Events that came before their order was known.
package enum ParkedEvents {
  /// Frees what waits under a condition on `gkm.parked_event`, with a job for each event.
  static func wake(_ condition: SQL) -> SQL {
    """
    WITH freed AS (DELETE FROM gkm.parked_event WHERE \(sql: condition) RETURNING event_id), woken AS (
      UPDATE gkm.stripe_event e SET state = 'pending'
      FROM (SELECT DISTINCT event_id FROM freed) f WHERE e.event_id = f.event_id AND e.state = 'parked'
      RETURNING e.event_id
    )
    INSERT INTO gkm.job (kind, subject) SELECT 'apply', event_id FROM woken
    """
  }

  /// Frees what was parked in the last minutes although its order was being linked at the same moment by another
  /// transaction, which neither saw. Answers how many events it freed.
  package static func wakeOverlooked(_ session: borrowing Session) throws -> Int {
    try session.execute(
      wake(
        """
        parked_at > now() - interval '10 minutes' AND (
          EXISTS (SELECT FROM gkm.payment_intent i WHERE i.id = object_id)
          OR EXISTS (SELECT FROM gkm.payment_attempt t WHERE t.charge_id = object_id)
          OR EXISTS (SELECT FROM gkm.orders o WHERE o.checkout_session = object_id))
        """))
  }
}
