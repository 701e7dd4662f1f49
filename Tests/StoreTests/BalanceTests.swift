import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("What vendors are owed") struct BalanceTests {
  @Test("is a checkpoint and what was posted since, and the same to staff and to the vendor")
  func sum() async throws {
    try await Workbench.with(keys: 4) { bench in
      try await bench.commission(1_000)
      let orders = try await bench.open(1, 1, 1)
      #expect(try await bench.take() == "0")
      for (place, order) in orders.enumerated() {
        try await bench.apply(Story(order: order).completed())
        // Behind the first, behind none, behind the third.
        if place != 1 { #expect(try await bench.take() == "\(place + 1)") }
        let shown = "\((place + 1) * 1_799) on hold 0"
        #expect(try await bench.shown(to: .admin, nil) == shown)
        #expect(try await bench.shown(to: .vendor, VendorID(1)) == shown)
      }
      #expect(
        try await bench.sql("SELECT through_tx, postings, amount FROM gkm.ledger_checkpoint;") == "3|3|-5397")
      #expect(try await bench.broken() == [])
    }
  }

  @Test("a checkpoint waits for an entry with a lower number that is committed later")
  func late() async throws {
    try await Workbench.with(keys: 2) { bench in
      let orders = try await bench.open(1, 1)
      try await bench.apply(Story(order: orders[0]).completed())
      let slow = try await PostgresConnection.connect(bench.market.superuser)
      async let late: Void = slow.write { session in
        try session.script("SET LOCAL session_replication_role = replica")
        try session.script(
          """
          WITH tx AS (INSERT INTO gkm.ledger_tx (entry, postings) VALUES ('late', 2) RETURNING id)
          INSERT INTO gkm.ledger_posting SELECT tx.id, 1, 2, a.id, a.vendor_id, NULL, a.currency, -7
          FROM tx, gkm.ledger_account a WHERE a.vendor_id IS NOT NULL;
          SELECT pg_sleep(2.5);
          """)
      }
      try await Task.sleep(for: .milliseconds(600))
      try await bench.apply(Story(order: orders[1]).completed())
      #expect(try await bench.sql("SELECT max(id) FROM gkm.ledger_tx;") == "3")
      #expect(try await bench.take(wait: "100 milliseconds") == "")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.ledger_checkpoint;") == "0")
      #expect(try await bench.take(wait: "20 seconds") == "3")
      try await late
      await slow.close()
      #expect(try await bench.sql("SELECT postings FROM gkm.ledger_checkpoint;") == "3")
      #expect(try await bench.broken() == [])
    }
  }

  @Test("is on hold while an order is disputed or held, as its postings change, and no longer")
  func holds() async throws {
    try await Workbench.with(keys: 2) { bench in
      try await bench.commission(1_000)
      let order = try await bench.open(2)[0]
      let story = Story(order: order)
      try await bench.apply(story.completed())
      #expect(try await bench.shown(to: .admin, nil) == "3598 on hold 0")
      // An inquiry takes nothing yet: all of it is on hold once the bank asks.
      try await bench.apply(story.disputed("created", "needs_response"))
      #expect(try await bench.state(of: order) == "disputed")
      let held = try await bench.sql("SELECT coalesce(sum(amount), 0) FROM gkm.payable_hold;")
      #expect(try await bench.shown(to: .admin, nil).hasSuffix("on hold \(held)"))
      #expect(try await bench.shown(to: .vendor, VendorID(1)).hasSuffix("on hold \(held)"))
      #expect(try await bench.broken() == [])
      try await bench.apply(story.disputed("closed", "won"))
      #expect(try await bench.state(of: order) != "disputed")
      #expect(try await bench.shown(to: .admin, nil).hasSuffix("on hold 0"))
      #expect(try await bench.broken() == [])
    }
  }
}

extension Workbench {
  /// Through which entry the checkpoints are now; nothing where they could not be moved on.
  fileprivate func take(wait: String = "5 seconds") async throws -> String {
    try await daemon.write { session in
      try session.first(
        SQL(unescaped: "SELECT coalesce(gkm.take_ledger_checkpoint('0', '\(wait)')::text, '')")
      ) { try $0.string(0) } ?? "no row"
    }
  }

  /// What somebody sees of the vendor's only account.
  fileprivate func shown(to role: Role, _ vendor: VendorID?) async throws -> String {
    let login = "\(role.rawValue)_\(market.database.suffix)"
    let known = try await sql("SELECT count(*) FROM gkm.person WHERE role_name = '\(login)';")
    if known == "0" { _ = try await market.person(role, vendor: vendor) }
    let configuration = PostgresConfiguration(
      conninfo: market.database.conninfo(user: login, password: "test-person"))
    return try await DemoDatabase.connected(configuration) { connection in
      try await connection.read { session in
        let page = try ListPage.read(
          session, viewer: try Viewer.current(session), kind: .balances, filter: FilterExpression())
        return page.rows(as: BalanceRow.self).map { "\($0.balance.amount) on hold \($0.onHold)" }
          .joined(separator: ", ")
      }
    }
  }

  /// The promises about balances that are broken.
  fileprivate func broken() async throws -> [String] {
    try await daemon.read { session in
      try Verification().look(session, only: ["ledger.checkpoints", "ledger.holds"]).filter { !$0.isKept }
        .map { "\($0.check): \($0.offenders)" }
    }
  }
}
