import Market
import Postgres
import Store
import TestSupport
import Testing

/// No change commits without its audit event, and nobody writes one in another's name.
@Suite struct AuditDutyTests {
  static let changes: [(name: String, sql: String)] = [
    ("an order's state", "UPDATE gkm.orders SET state = 'held' WHERE id = 1"),
    ("a payment", "UPDATE gkm.payment SET refunded = refunded + 1 WHERE order_id = 1"),
    ("a delivery", "UPDATE gkm.delivery SET state = 'failed' WHERE order_id = 1"),
    ("a reservation", "UPDATE gkm.reservation SET state = 'released' WHERE order_id = 1"),
    ("a key's owner", "UPDATE gkm.assignment SET active = false, ended_at = now() WHERE order_id = 1"),
    (
      "a unit of stock",
      "UPDATE gkm.stock_unit SET state = 'quarantined' WHERE id = (SELECT min(id) FROM gkm.stock_unit)"
    ),
    ("a stock counter", "UPDATE gkm.listing_stock SET available = available + 1, version = version + 1"),
    (
      "units that come in",
      """
      INSERT INTO gkm.stock_unit (listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint)
      SELECT listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, sha256(fingerprint)
      FROM gkm.stock_unit ORDER BY id LIMIT 1
      """
    ),
    ("a reveal", "INSERT INTO gkm.reveal (order_id, channel) VALUES (1, 'page')"),
  ]

  @Test(arguments: changes) func aChangeWithoutItsEventDoesNotCommit(_ name: String, _ sql: String) async throws {
    try await SeededMarket.with { seeded in
      let daemon = try await PostgresConnection.connect(seeded.market.daemon)
      do {
        try await daemon.write { _ = try $0.execute(SQL(unescaped: sql)) }
        Issue.record("\(name) was committed")
      } catch let error as PostgresError {
        #expect(error.constraint == "require_audit", "\(error.message)")
      }
      await daemon.close()
    }
  }

  @Test func aSuperuserIsHeldToItTooWhileTriggersAreOn() async throws {
    _ = try await SeededMarket.with { seeded in
      await #expect(throws: (any Error).self) {
        _ = try await seeded.market.database.sql("UPDATE gkm.orders SET state = 'held' WHERE id = 1;")
      }
    }
  }

  @Test func withItsEventTheChangeCommits() async throws {
    try await SeededMarket.with { seeded in
      let daemon = try await PostgresConnection.connect(seeded.market.daemon)
      try await daemon.write { session in
        _ = try session.execute("UPDATE gkm.orders SET state = 'held' WHERE id = 1")
        _ = try session.execute(event(order: 1))
      }
      #expect(try await seeded.market.database.sql("SELECT state FROM gkm.orders WHERE id = 1;") == "held")
      await daemon.close()
    }
  }

  @Test func anEventAboutAnotherOrderDoesNotCount() async throws {
    try await SeededMarket.with { seeded in
      let daemon = try await PostgresConnection.connect(seeded.market.daemon)
      await #expect(throws: PostgresError.self) {
        try await daemon.write { session in
          _ = try session.execute("UPDATE gkm.orders SET state = 'held' WHERE id = 1")
          _ = try session.execute(event(order: 2))
        }
      }
      await daemon.close()
    }
  }

  @Test(
    arguments: [
      "INSERT INTO gkm.audit_event (actor, action, subject_kind, subject_id, body) VALUES ('ops_anna','a.b','order','1','x')",
      "INSERT INTO gkm.audit_event (at, action, subject_kind, subject_id, body) VALUES ('2020-01-01','a.b','order','1','x')",
      "INSERT INTO gkm.audit_event (xact, action, subject_kind, subject_id, body) VALUES ('3','a.b','order','1','x')",
      "UPDATE gkm.audit_event SET body = 'x'", "DELETE FROM gkm.audit_event", "TRUNCATE gkm.audit_event",
    ]) func nobodyForgesOrChangesEvents(_ sql: String) async throws
  {
    try await SeededMarket.with { seeded in
      let daemon = try await PostgresConnection.connect(seeded.market.daemon)
      await #expect(throws: PostgresError.self, "\(sql)") { try await daemon.run { try $0.script(sql) } }
      await daemon.close()
      for role in [Role.support, .ops, .admin] {
        let person = try await PostgresConnection.connect(try await seeded.person(role))
        await #expect(throws: PostgresError.self, "\(role): \(sql)") { try await person.run { try $0.script(sql) } }
        await person.close()
      }
    }
  }

  @Test func aPersonsActionWritesTheSameBytesThatTheMarketWouldRead() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await PostgresConnection.connect(try await seeded.person(.ops))
      let delivery = try await seeded.market.database.sql(
        "SELECT id || ' ' || version FROM gkm.delivery WHERE state = 'failed' LIMIT 1;")
      let parts = delivery.split(separator: " ").compactMap { Int64($0) }
      try await ops.write { session in
        _ = try RetryDelivery.retry(
          session, delivery: DeliveryID(parts[0]), version: parts[1], reason: "back\\slash and “quotes”")
      }
      await ops.close()
      let hexBody = try await seeded.market.database.sql(
        "SELECT encode(body, 'hex') FROM gkm.audit_event ORDER BY id DESC LIMIT 1;")
      let record = try AuditRecord(parsing: try #require(Hex.decode(hexBody)))
      #expect(record.action == .deliveryRetryRequested)
      #expect(record.reason == "back\\slash and “quotes”")
      #expect(record.role == .ops)
      #expect(record.bytes == Hex.decode(hexBody))
    }
  }

  private func event(order: Int64) -> SQL {
    """
    INSERT INTO gkm.audit_event (action, subject_kind, subject_id, order_id, body)
    VALUES ('order.held', 'order', \(String(order)), \(order), '\\x00')
    """
  }
}
