import Postgres

extension Verification {
  static let peopleChecks: [Check] = [
    // Also what Stripe told of such an order since: it is erased by doing it once more.
    Check(
      "customers.erased", "an order whose customer was erased names nobody",
      counting: "SELECT count(*) FROM gkm.orders WHERE lower(customer_email) = 'erased@erased.invalid'",
      """
      WITH erased AS MATERIALIZED (
        SELECT o.id, o.number, o.customer_name FROM gkm.orders o
        WHERE lower(o.customer_email) = 'erased@erased.invalid'
      )
      SELECT number, 'its customer was erased, and has a name' FROM erased WHERE customer_name IS NOT NULL
      UNION ALL
      SELECT e.number, 'its customer was erased, and its payment has an address'
      FROM erased e JOIN gkm.payment p ON p.order_id = e.id WHERE p.facts ? 'customerEmail'
      UNION ALL
      SELECT e.number, 'its customer was erased, and the body of ' || s.event_id || ' is kept'
      FROM erased e JOIN gkm.stripe_event s ON s.order_id = e.id
      JOIN gkm.stripe_event_body b ON b.event_id = s.event_id
      UNION ALL
      SELECT e.number, 'its customer was erased, and where they looked from is kept'
      FROM erased e JOIN gkm.reveal r ON r.order_id = e.id WHERE r.address IS NOT NULL OR r.agent IS NOT NULL
      UNION ALL
      SELECT e.number, 'its customer was erased, and a vendor sees ' || v.customer_masked
      FROM erased e JOIN gkm.vendor_order v ON v.order_id = e.id WHERE v.customer_masked <> '(erased)'
      """)
  ]
}
