import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("A customer is erased") struct ErasureLongTests {
  /// An address and a name that stand wherever a customer's can.
  private static let address = "Lovelace.Ada@canary.example"
  private static let name = "Augusta Canary Byron"

  /// Puts them into the rows of one order, as people, Stripe and mail servers leave them there.
  private static func plant(_ order: Int64) -> String {
    """
    BEGIN; SET LOCAL session_replication_role = replica;
    UPDATE gkm.orders SET customer_email = '\(address)', customer_name = '\(name)', hold_reason = 'mail \(address)'
      WHERE id = \(order);
    UPDATE gkm.payment SET facts = facts || jsonb_build_object('customerEmail', '\(address)'), customer = 'cus_canary'
      WHERE order_id = \(order);
    UPDATE gkm.delivery SET last_reply = '550 <\(address)>: no such user' WHERE order_id = \(order);
    UPDATE gkm.delivery_attempt SET reply = '550 <\(address)>: no such user' WHERE order_id = \(order);
    INSERT INTO gkm.reveal (order_id, channel, address, agent) VALUES (\(order), 'page', '203.0.113.77', 'Canary/1.0');
    INSERT INTO gkm.support_case (queue, kind, order_id, state, priority, due_at, closed_at)
      VALUES ('support', 'question', \(order), 'open', 'normal', now(), NULL);
    INSERT INTO gkm.case_message (case_id, audience, author_role, body)
      SELECT max(id), 'customer', 'support', 'Dear \(name), we wrote to \(address)' FROM gkm.support_case;
    INSERT INTO gkm.address_change (order_id, old_email) VALUES (\(order), '\(address)'), (\(order) + 1, '\(address)');
    INSERT INTO gkm.ask (kind, order_id, reason, state, asked_as, decided_by, decided_at, decision)
      VALUES ('resend_elsewhere', \(order), '\(name) has a new address', 'refused', 'support', 'x', now(), 'ask \(name)');
    INSERT INTO gkm.notice (audience, channel, template, dedupe, order_id, locale, data, state, last_reply) VALUES
      ('customer', 'email', 'case_answer', 'canary/1', \(order), 'en', '{"text": "Dear \(name)"}', 'sent',
        '550 \(address)'),
      ('team', 'email', 'alert', 'canary/2', NULL, 'en', '{"detail": "no mail to \(address)"}', 'sent', NULL);
    INSERT INTO gkm.stripe_event (event_id, type, state, order_id, problem) VALUES
      ('evt_canary1', 'checkout.session.completed', 'done', \(order), 'of \(address)'),
      ('evt_canary2', 'customer.created', 'ignored', NULL, NULL);
    INSERT INTO gkm.stripe_event_body (event_id, body, signature) VALUES
      ('evt_canary1', convert_to('{"email": "\(address)", "name": "\(name)"}', 'UTF8'), 's'),
      ('evt_canary2', convert_to('{"email": "\(address)", "name": "\(name)"}', 'UTF8'), 's');
    INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at, state, settled_at, settled_by)
      VALUES (987654321, 'deliver', '1', 3, 'no mail to \(address)', now(), 'discarded', now(), 'x');
    INSERT INTO gkm.bounce (notice_id, order_id, kind, is_final, diagnostic, digest)
      SELECT id, \(order), 'hard', true, 'user \(address) unknown', repeat('ab', 32) FROM gkm.notice
      WHERE dedupe = 'canary/1';
    INSERT INTO gkm.recon_break (kind, subject, order_id, detail) VALUES ('canary', 'x', \(order), 'paid by \(address)');
    COMMIT;
    """
  }

  @Test("Nothing of the person is left in a dump, the sealed log and the evidence verify, and the promises hold")
  func erased() async throws {
    try await DemoDatabase.with { demo in
      let market = demo.market
      let order = try #require(
        Int64(
          try await market.database.sql(
            """
            SELECT o.id FROM gkm.orders o WHERE o.state = 'delivered' AND EXISTS (
              SELECT FROM gkm.orders n WHERE n.id = o.id + 1 AND n.state = 'delivered') ORDER BY o.id LIMIT 1;
            """)))
      let number = try await market.database.sql("SELECT number FROM gkm.orders WHERE id = \(order);")
      try await market.database.sql(Self.plant(order))
      // What people said why, as the functions write it: sealed without the address.
      let adminConfiguration = try await market.person(.admin)
      try await SealedMarket.over(market) { sealed in
        let admin = try await PostgresConnection.connect(adminConfiguration)
        _ = try await admin.write {
          try $0.rows(
            "SELECT api.note_order(\(order), \("called \(Self.address) back"))"
          ) { _ in }
        }
        let head = try await sealed.sealAll()
        #expect(try await Self.dump(market, holds: [Self.address, Self.name, "203.0.113.77", "cus_canary"]).count == 4)

        let look = try await admin.write {
          try Erasure.run($0, .order(number), reason: "", isDryRun: true)
        }
        #expect(look.orders == 1 && look.id == nil)
        // A case that is open keeps it from being done.
        #expect(look.obstacles.contains { $0.why.contains("is not closed") })
        await #expect(throws: ActionRefused.self) {
          try await admin.write { _ = try Erasure.run($0, .order(number), reason: "asked us to", isDryRun: false) }
        }
        try await market.database.sql(
          """
          BEGIN; SET LOCAL session_replication_role = replica;
          UPDATE gkm.support_case SET state = 'closed', closed_at = now() WHERE order_id = \(order) AND state <> 'closed';
          COMMIT;
          """)
        let ops = try await PostgresConnection.connect(try await market.person(.ops))
        await #expect(throws: ActionRefused.self) {
          try await ops.write { _ = try Erasure.run($0, .order(number), reason: "asked us to", isDryRun: false) }
        }
        await ops.close()
        let before = try await DemoDatabase.connected(market.superuser) { try await Self.broken(demo, $0) }
        let done = try await admin.write {
          try Erasure.run($0, .address(Self.address.uppercased()), reason: "asked us to", isDryRun: false)
        }
        #expect(done.orders == 1 && done.id != nil && done.rows["stripe_event_body"] == 2, "\(done.rows)")

        #expect(
          try await Self.dump(
            market, holds: [Self.address, Self.address.lowercased(), Self.name, "203.0.113.77", "cus_canary"]) == [])
        // The receipt proves what was sealed.
        let sealedDigest = try await market.database.sql(
          """
          SELECT count(*) FROM gkm.audit_event WHERE action = 'customer.erased' AND subject_kind = 'erasure'
            AND strpos(convert_from(body, 'UTF8'), 'detail.customer \(done.digest)') > 0
            AND encode(sha256(convert_to('\(done.salt)' || lower('\(Self.address)'), 'UTF8')), 'hex') = '\(done.digest)';
          """)
        #expect(sealedDigest == "1")

        // The log is what it was, grown by what was done; the order's evidence proves itself.
        try await sealed.sealAll()
        let auditor = try await PostgresConnection.connect(market.superuser)
        var check = LogCheck()
        check.keys = [sealed.signer.verifier]
        check.outside = [head]
        #expect(try await check.run(auditor).findings == [])
        let evidence = try await auditor.read { try OrderEvidence.read($0, order: number) }
        #expect(
          evidence?.events.contains { String(decoding: $0.body, as: UTF8.self).contains("customer.erased") } == true)
        // What was planted breaks promises of its own; erasing breaks none.
        let after = try await Self.broken(demo, auditor)
        #expect(after.subtracting(before) == [])
        await auditor.close()

        // Nobody is written to any more, and once more finds nobody.
        let version = try #require(
          Int64(try await market.database.sql("SELECT version FROM gkm.orders WHERE id = \(order);")))
        await #expect(throws: PostgresError.self) {
          try await admin.write {
            try $0.rows("SELECT api.resend_order(\(order), \(version), NULL::integer[], 'once more', false)") { _ in }
          }
        }
        await #expect(throws: ActionRefused.self) {
          try await admin.write {
            _ = try Erasure.run($0, .address(Self.address), reason: "asked us to", isDryRun: false)
          }
        }
        // What came since is looked for by the order.
        let again = try await admin.write {
          try Erasure.run($0, .order(number), reason: "asked us to", isDryRun: false)
        }
        #expect(again.orders == 1)
        await admin.close()
      }
    }
  }

  /// Every promise that is broken, with what breaks it.
  private static func broken(_ demo: DemoDatabase, _ connection: PostgresConnection) async throws -> Set<String> {
    var verification = Verification()
    verification.vault = demo.vault
    let promises = verification
    let found = try await connection.read(isolation: .repeatableRead) { try promises.look($0) }
    return Set(found.flatMap { result in result.offenders.map { "\(result.check): \($0.name) \($0.problem)" } })
  }

  /// Those of the texts that a dump of the whole database holds, in the clear or as bytes.
  private static func dump(_ market: MarketDatabase, holds texts: [String]) async throws -> [String] {
    let result = try await ChildProcess.run(
      "/usr/bin/pg_dump", ["--data-only", "--dbname", market.database.conninfo()], within: .seconds(60))
    #expect(result.succeeded, "\(result.errors)")
    return texts.filter { text in
      let hex = Hex.encode(Array(text.utf8))
      return result.output.contains(text) || result.output.contains(hex)
    }
  }
}
