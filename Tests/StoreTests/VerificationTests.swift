import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("gkmd verify") struct VerificationTests {
  /// A violation: the promise it breaks, what breaks it, and who must be named.
  struct Plant: Sendable {
    let check: String
    let sql: String
    /// Gives the offender's name before it is planted.
    let offender: String

    init(_ check: String, of offender: String, _ sql: String) {
      self.check = check
      self.sql = sql
      self.offender = offender
    }
  }

  static func anOrder(_ state: String) -> String {
    "SELECT number FROM gkm.orders WHERE state = '\(state)' ORDER BY id LIMIT 1"
  }

  static func itsID(_ state: String) -> String {
    "(SELECT id FROM gkm.orders WHERE state = '\(state)' ORDER BY id LIMIT 1)"
  }

  static let plants: [Plant] =
    [
      Plant(
        "keys.one_order", of: "SELECT 'key ' || min(stock_unit_id) FROM gkm.assignment",
        """
        ALTER TABLE gkm.assignment DROP CONSTRAINT assignment_stock_unit_id_key;
        UPDATE gkm.assignment SET stock_unit_id = (SELECT min(stock_unit_id) FROM gkm.assignment)
        WHERE id = (SELECT max(id) FROM gkm.assignment);
        """),
      Plant(
        "keys.one_per_unit", of: anOrder("delivered"),
        """
        DROP INDEX gkm.assignment_one_active;
        INSERT INTO gkm.assignment (stock_unit_id, order_unit_id, order_id, vendor_id)
        SELECT (SELECT id FROM gkm.stock_unit WHERE state = 'available' LIMIT 1), order_unit_id, order_id, vendor_id
        FROM gkm.assignment WHERE order_id = \(itsID("delivered")) LIMIT 1;
        """),
      Plant(
        "keys.as_bought", of: anOrder("delivered"),
        """
        UPDATE gkm.order_unit SET listing_id = (SELECT max(id) FROM gkm.listing) - listing_id + 1
        WHERE order_id = \(itsID("delivered"));
        """),
      Plant(
        "stock.states", of: "SELECT 'key ' || min(stock_unit_id) FROM gkm.assignment WHERE active",
        """
        UPDATE gkm.stock_unit SET state = 'available' WHERE id = (SELECT min(stock_unit_id) FROM gkm.assignment
          WHERE active);
        """),
      Plant(
        "stock.counters", of: "SELECT 'listing 3'",
        "UPDATE gkm.listing_stock SET available = available + 1 WHERE listing_id = 3;"),
      Plant(
        "stock.imports", of: "SELECT 'import 2'",
        """
        DELETE FROM gkm.stock_unit WHERE id = (SELECT max(id) FROM gkm.stock_unit WHERE import_id = 2
          AND state = 'available');
        """),
      Plant(
        "stock.holds", of: anOrder("open"),
        "UPDATE gkm.reservation SET state = 'released' WHERE order_id = \(itsID("open"));"),
      Plant(
        "checkout.keys", of: anOrder("delivered"),
        """
        INSERT INTO gkm.checkout_idempotency (key_hash, body_hash, order_id, payable_until, expires_at)
        VALUES (sha256('key'), sha256('body'), \(itsID("delivered")), now(), now() + interval '1 day');
        """),
      Plant(
        "orders.state", of: anOrder("refunded"),
        "UPDATE gkm.orders SET state = 'delivered' WHERE id = \(itsID("refunded"));"),
      Plant(
        "orders.state", of: anOrder("delivered"),
        "UPDATE gkm.payment SET received = received + 1 WHERE order_id = \(itsID("delivered"));"),
      Plant(
        "orders.in_time", of: anOrder("delivered"),
        """
        UPDATE gkm.delivery SET state = 'pending' WHERE order_id = \(itsID("delivered"));
        UPDATE gkm.orders SET state = 'paid' WHERE id = \(itsID("delivered"));
        """),
      Plant(
        "orders.sums", of: anOrder("delivered"),
        "UPDATE gkm.orders SET amount = amount + 1 WHERE id = \(itsID("delivered"));"),
      Plant(
        "orders.work",
        of: """
          SELECT o.number FROM gkm.delivery d JOIN gkm.orders o ON o.id = d.order_id WHERE d.state = 'retrying'
          ORDER BY o.id LIMIT 1
          """, "DELETE FROM gkm.job WHERE kind = 'deliver';"),
      Plant(
        "payments.one_order", of: "SELECT min(id) FROM gkm.payment_intent",
        """
        UPDATE gkm.payment_intent SET order_id = \(itsID("open"))
        WHERE id = (SELECT min(id) FROM gkm.payment_intent);
        """),
      Plant(
        "payments.rows", of: anOrder("refunded"), "DELETE FROM gkm.refund WHERE order_id = \(itsID("refunded"));"),
      Plant(
        "events.one_effect", of: "SELECT min(event_id) FROM gkm.stripe_event",
        """
        INSERT INTO gkm.audit_event (at, actor, action, subject_kind, subject_id, order_id, stripe_event, body)
        SELECT at, actor, action, subject_kind, subject_id, order_id, stripe_event, body FROM gkm.audit_event
        WHERE stripe_event = (SELECT min(event_id) FROM gkm.stripe_event) AND subject_kind = 'order' LIMIT 1;
        """),
      Plant(
        "deliveries.counted", of: anOrder("delivered"),
        "UPDATE gkm.orders SET units_delivered = units_delivered - 1 WHERE id = \(itsID("delivered"));"),
      Plant(
        "deliveries.attempts",
        of: """
          SELECT o.number FROM gkm.delivery_attempt t JOIN gkm.orders o ON o.id = t.order_id WHERE t.outcome = 'unknown'
          ORDER BY o.id LIMIT 1
          """, "UPDATE gkm.delivery_attempt SET outcome = 'prepared', ended_at = NULL WHERE outcome = 'unknown';"),
      Plant(
        "deliveries.attempts", of: anOrder("delivered"),
        """
        INSERT INTO gkm.delivery_attempt (delivery_id, number, order_id, outcome, ended_at)
        SELECT id, attempts + 1, order_id, 'confirmed', now() FROM gkm.delivery WHERE order_id = \(itsID("delivered"));
        UPDATE gkm.delivery SET attempts = attempts + 1 WHERE order_id = \(itsID("delivered"));
        """),
      Plant(
        "deliveries.message_ids", of: "SELECT message_id FROM gkm.delivery ORDER BY id LIMIT 1",
        """
        UPDATE gkm.delivery SET message_id = (SELECT message_id FROM gkm.delivery ORDER BY id LIMIT 1)
        WHERE id = (SELECT max(id) FROM gkm.delivery);
        """),
      Plant(
        "deliveries.bounced", of: anOrder("delivered"),
        "UPDATE gkm.delivery SET state = 'bounced' WHERE order_id = \(itsID("delivered"));"),
      Plant(
        "deliveries.templates", of: anOrder("delivered"),
        """
        UPDATE gkm.delivery_attempt SET template_version = repeat('0', 64) WHERE order_id = \(itsID("delivered"));
        """),
      Plant(
        "audit.records", of: "SELECT 'audit event ' || min(id) FROM gkm.audit_event",
        "UPDATE gkm.audit_event SET actor = 'mara' WHERE id = (SELECT min(id) FROM gkm.audit_event);"),
      Plant(
        "audit.records", of: "SELECT 'audit event ' || max(id) FROM gkm.audit_event",
        "UPDATE gkm.audit_event SET body = body || '\\x0a' WHERE id = (SELECT max(id) FROM gkm.audit_event);"),
      Plant(
        "audit.complete", of: anOrder("expired"),
        "DELETE FROM gkm.audit_event WHERE order_id = \(itsID("expired")) AND action = 'checkout.created';"),
      Plant(
        "audit.complete", of: anOrder("delivered"),
        "DELETE FROM gkm.audit_event WHERE order_id = \(itsID("delivered")) AND action = 'key.assigned';"),
      Plant(
        "audit.sealed", of: "SELECT 'leaf 0'",
        """
        INSERT INTO gkm.audit_leaf (leaf_index, event_id, event_at, hash)
        SELECT 0, id, at, sha256('another') FROM gkm.audit_event ORDER BY id LIMIT 1;
        """),
      Plant(
        "secrets.texts", of: "SELECT 'delivery.last_reply'",
        """
        UPDATE gkm.delivery SET last_reply = '550 rejected: ABCDE-23456-FGHJK' WHERE id = (SELECT max(id)
          FROM gkm.delivery);
        """),
      Plant(
        "secrets.texts", of: "SELECT 'stock_import.source'",
        "UPDATE gkm.stock_import SET source = 'a canary of the tests' WHERE id = 1;"),
      Plant(
        "cases.vendors", of: "SELECT 'case ' || min(id) FROM gkm.support_case",
        """
        UPDATE gkm.support_case c SET vendor_id = (
          SELECT min(v.id) FROM gkm.vendor v WHERE NOT EXISTS (
            SELECT FROM gkm.vendor_order w WHERE w.order_id = c.order_id AND w.vendor_id = v.id))
        WHERE id = (SELECT min(id) FROM gkm.support_case);
        """),
      Plant(
        "orders.restock", of: anOrder("paid_unfulfillable"),
        """
        UPDATE gkm.orders SET restock_until = now() - interval '1 hour' WHERE id = \(itsID("paid_unfulfillable"));
        """),
      Plant(
        "secrets.keys", of: "SELECT 'key ' || min(id) FROM gkm.stock_unit",
        """
        UPDATE gkm.stock_unit a SET nonce = b.nonce, ciphertext = b.ciphertext FROM gkm.stock_unit b
        WHERE a.id = (SELECT min(id) FROM gkm.stock_unit) AND b.id = a.id + 1;
        """),
    ] + refundPlants + ledgerPlants + reconciliationPlants + disputePlants + noticePlants + manualPlants + peoplePlants
    + importPlants

  private struct Undone: Error {}

  @Test("names what breaks each promise")
  func findsEachViolation() async throws {
    try await DemoDatabase.with { demo in
      var verification = Verification()
      verification.vault = demo.vault
      verification.opensAllKeys = true
      verification.canaries = ["canary of the tests"]
      let made = verification
      try await DemoDatabase.connected(demo.market.superuser) { connection in
        for plant in Self.plants {
          await #expect(throws: Undone.self) {
            try await connection.write { session in
              let name = try session.first(SQL(unescaped: plant.offender)) { try $0.string(0) }
              let before = try made.look(session, only: [plant.check])
              #expect(before.allSatisfy { $0.isKept }, "\(plant.check) before")
              try session.script("SET LOCAL session_replication_role = replica; \(plant.sql)")
              let after = try made.look(session, only: [plant.check])
              let names = after.flatMap { $0.offenders.map(\.name) }
              #expect(names.contains(name ?? "?"), "\(plant.check): \(name ?? "?") is not among \(names.prefix(5))")
              throw Undone()
            }
          }
        }
      }
    }
  }

  @Test("has a violation for each of its checks")
  func coversEachCheck() async throws {
    try await MarketDatabase.with { market in
      let results = try await DemoDatabase.connected(market.daemon) { try await Verification().run($0) }
      #expect(Set(results.map(\.check)) == Set(Self.plants.map(\.check)))
      #expect(results.allSatisfy { $0.isKept })
      #expect(results.filter { $0.skipped != nil }.map(\.check) == ["secrets.keys"])
    }
  }
}
