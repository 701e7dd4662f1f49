import Postgres

extension Verification {
  static let checkoutChecks: [Check] = [
    Check(
      "checkout.keys", "an Idempotency-Key without an answer belongs to an order that waits for its session",
      counting: "SELECT count(*) FROM gkm.checkout_idempotency",
      """
      SELECT o.number, 'is ' || o.state || ', and its Idempotency-Key has no answer'
      FROM gkm.checkout_idempotency i JOIN gkm.orders o ON o.id = i.order_id
      WHERE i.session_url IS NULL AND (o.state <> 'open' OR o.checkout_session IS NOT NULL)
      UNION ALL
      SELECT o.number, 'has no Checkout Session, and its Idempotency-Key is answered with one'
      FROM gkm.checkout_idempotency i JOIN gkm.orders o ON o.id = i.order_id
      WHERE i.session_url IS NOT NULL AND o.checkout_session IS NULL
      """)
  ]
}
