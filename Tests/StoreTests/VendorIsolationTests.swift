import Market
import Postgres
import Store
import TestSupport
import Testing

/// What a vendor finds who leaves the console aside and connects with psql or anything else.
@Suite struct VendorIsolationTests {
  /// Statements that must be refused, each named for what it tries.
  static let refused: [(name: String, sql: String)] =
    Policy.tables.map { ("read table \($0.table)", "SELECT count(*) FROM gkm.\($0.table)") }
    + Policy.tables.map { ("plan table \($0.table)", "EXPLAIN SELECT * FROM gkm.\($0.table)") }
    + [
      ("raise own stock", "UPDATE gkm.listing_stock SET available = available + 100"),
      (
        "write an order",
        "INSERT INTO gkm.orders (number, customer_email, amount, currency) VALUES ('GK-1','a@b',1,'eur')"
      ),
      ("delete the audit log", "DELETE FROM gkm.audit_event"),
      ("empty the audit log", "TRUNCATE gkm.audit_event"),
      ("lock a table", "LOCK TABLE gkm.orders IN ACCESS EXCLUSIVE MODE"),
      ("copy a table out", "COPY gkm.orders TO STDOUT"),
      ("copy a table to a file", "COPY (SELECT 1) TO '/tmp/gkm-vendor-was-here'"),
      ("run a program", "COPY (SELECT 1) TO PROGRAM 'true'"),
      ("become staff", "SET ROLE gkm_ops"),
      ("become the owner", "SET ROLE gkm_owner"),
      ("become the reader of vendors' data", "SET ROLE gkm_vendor_read"),
      ("change who is signed in", "SET SESSION AUTHORIZATION gkm_daemon"),
      ("retry a delivery", "SELECT api.retry_delivery(1, 1, 'because I can')"),
      ("add a person", "SELECT api.person_add('eve_admin', 'Eve', 'admin', NULL, NULL)"),
      ("write an audit event", "SELECT gkm.audit('order.held','order','1',1,'x',1,'ops','x','{}')"),
      ("ask for another's vendor id", "SELECT gkm.demand_role('vendor')"),
      ("make a table", "CREATE TABLE public.mine (x int)"),
      ("make a table in api", "CREATE TABLE api.mine (x int)"),
      ("make a temporary table", "CREATE TEMP TABLE mine (x int)"),
      ("make a schema", "CREATE SCHEMA mine"),
      ("make a function", "CREATE FUNCTION api.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
      ("run a block of code", "DO $$ BEGIN PERFORM 1; END $$"),
      ("make a role", "CREATE ROLE eve LOGIN"),
      ("write a large object", "SELECT lo_create(0)"),
      ("hold an advisory lock", "SELECT pg_advisory_lock(1)"),
      ("read the planner's statistics", "SELECT * FROM pg_stats WHERE schemaname = 'gkm'"),
      ("read the statistics' catalogue", "SELECT * FROM pg_statistic"),
      ("read how many rows tables have", "SELECT n_live_tup FROM pg_stat_user_tables"),
      ("count rows by function", "SELECT pg_stat_get_live_tuples('gkm.orders'::regclass)"),
      ("measure a table", "SELECT pg_relation_size('gkm.orders'::regclass)"),
      ("watch others' statements", "SELECT query FROM pg_stat_activity"),
      ("list everybody's logins", "SELECT rolname FROM pg_roles"),
      ("read passwords", "SELECT rolpassword FROM pg_authid"),
      ("read where sequences stand", "SELECT last_value FROM pg_sequences"),
      ("read one sequence", "SELECT last_value FROM gkm.orders_id_seq"),
      ("read a file of the server", "SELECT pg_read_file('PG_VERSION')"),
      ("change a setting of the server", "ALTER SYSTEM SET log_statement = 'all'"),
      ("switch off row security for others", "ALTER TABLE gkm.orders DISABLE ROW LEVEL SECURITY"),
      ("see behind triggers", "SET session_replication_role = replica"),
      ("list what is not theirs", "SELECT * FROM api.vendor_list('people', '{}', NULL, 10)"),
    ]

  @Test func everythingBesidesTheVendorsFunctionsIsRefusedAndChangesNothing() async throws {
    try await SeededMarket.with { seeded in
      let before = try await digest(seeded)
      let vendor = try await PostgresConnection.connect(try await seeded.person(.vendor))
      for (name, sql) in Self.refused {
        await #expect(throws: PostgresError.self, "\(name): \(sql)") {
          try await vendor.run { try $0.script(sql) }
        }
      }
      await vendor.close()
      #expect(try await digest(seeded) == before)
    }
  }

  /// The functions filter by themselves; row security holds where one forgets to.
  @Test func aFunctionThatAsksForEverythingAnswersOnlyTheVendorsOwn() async throws {
    try await SeededMarket.with { seeded in
      let database = seeded.market.database
      let tables = ["vendor_order", "ledger_posting"]
      for table in tables {
        try await database.sql(
          """
          CREATE FUNCTION api.every_\(table)() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS 'SELECT count(*) FROM gkm.\(table)';
          ALTER FUNCTION api.every_\(table)() OWNER TO gkm_vendor_read;
          GRANT EXECUTE ON FUNCTION api.every_\(table)() TO gkm_vendor;
          """)
      }
      for vendor in [SeededMarket.keyhaus, SeededMarket.nordlicht] {
        let connection = try await PostgresConnection.connect(try await seeded.person(.vendor, vendor: vendor))
        for table in tables {
          let all = try await database.sql("SELECT count(*) FROM gkm.\(table);")
          let own = try await database.sql("SELECT count(*) FROM gkm.\(table) WHERE vendor_id = \(vendor);")
          let seen = try await connection.run { session in
            try session.first("SELECT api.\(unescaped: "every_\(table)")()") { try $0.int64(0) }
          }
          #expect(seen.map(String.init) == own && own != "0" && own != all, "\(table) of vendor \(vendor)")
        }
        await connection.close()
      }
    }
  }

  @Test func listsHoldOnlyTheVendorsOwnWhateverIsAsked() async throws {
    try await SeededMarket.with { seeded in
      for (vendor, other) in [
        (SeededMarket.keyhaus, SeededMarket.nordlicht), (SeededMarket.nordlicht, SeededMarket.keyhaus),
      ] {
        let connection = try await PostgresConnection.connect(try await seeded.person(.vendor, vendor: vendor))
        for filter in [
          "{}", #"{"text": "' OR true --"}"#, #"{"text": "%"}"#, #"{"state": ["delivered", "open", "paid"]}"#,
          #"{"vendor": \#(other.rawValue)}"#, #"{"since": "1970-01-01"}"#,
        ] {
          for (kind, owned) in [
            ("orders", "SELECT count(*) FROM gkm.vendor_order WHERE vendor_id = \(vendor) AND order_id = "),
            ("deliveries", "SELECT count(*) FROM gkm.delivery WHERE vendor_id = \(vendor) AND id = "),
            ("stock", "SELECT count(*) FROM gkm.listing WHERE vendor_id = \(vendor) AND id = "),
            (
              "ledger",
              "SELECT count(*) FROM gkm.ledger_posting WHERE vendor_id = \(vendor) AND tx_id * 1000 + position = "
            ),
            ("balances", "SELECT count(*) FROM gkm.ledger_account WHERE vendor_id = \(vendor) AND id = "),
            ("commission", "SELECT count(*) FROM gkm.commission_rule WHERE vendor_id = \(vendor) AND id = "),
            ("audit", "SELECT count(*) FROM gkm.audit_event WHERE vendor_id = \(vendor) AND id = "),
          ] {
            let ids = try await connection.run { session in
              try session.rows("SELECT id FROM api.vendor_list(\(kind), \(filter)::text::jsonb, NULL, 500)") {
                try $0.int64(0)
              }
            }
            for id in ids {
              #expect(try await seeded.market.database.sql(owned + "\(id);") == "1", "\(kind) \(id)")
            }
          }
        }
        await connection.close()
      }
    }
  }

  @Test func aVendorSeesTheirOrderOfTwoVendorsWithTheirOwnTotalAndAMaskedCustomer() async throws {
    try await SeededMarket.with { seeded in
      let number = SeededMarket.Order.delivered.number
      let connection = try await PostgresConnection.connect(try await seeded.person(.vendor))
      let rows = try await connection.read { session in
        let viewer = try Viewer.current(session)
        return try VendorList.orders(session, viewer: viewer, .init(text: number), after: nil, limit: 10)
      }
      await connection.close()
      #expect(rows.count == 1)
      let whole = try await seeded.market.database.sql("SELECT amount FROM gkm.orders WHERE number = '\(number)';")
      #expect(rows.first.map { String($0.total.amount) } != whole)
      let address = try await seeded.market.database.sql(
        "SELECT customer_email FROM gkm.orders WHERE number = '\(number)';")
      #expect(rows.first.map { !$0.customer.isEmpty && $0.customer != address } == true)
    }
  }

  @Test func aSettingOfTheSessionDoesNotMakeAnotherVendor() async throws {
    try await SeededMarket.with { seeded in
      let connection = try await PostgresConnection.connect(try await seeded.person(.vendor))
      let vendor = try await connection.run { session in
        try session.script("SET app.vendor = '2'; SET search_path = gkm, api")
        return try session.first("SELECT vendor_id FROM api.whoami()") { try $0.int64(0) }
      }
      #expect(vendor == SeededMarket.keyhaus.rawValue)
      await connection.close()
    }
  }

  @Test func aDisabledPersonSeesNothing() async throws {
    try await SeededMarket.with { seeded in
      let configuration = try await seeded.person(.vendor)
      try await seeded.market.database.sql(
        "SET session_replication_role = replica; UPDATE gkm.person SET disabled_at = now() WHERE role = 'vendor';")
      let connection = try await PostgresConnection.connect(configuration)
      await #expect(throws: StoreError.notSignedIn) { try await connection.read { try Viewer.current($0) } }
      await #expect(throws: PostgresError.self) {
        try await connection.read { session in
          try session.rows("SELECT id FROM api.vendor_list('stock', '{}', NULL, 10)") { try $0.int64(0) }
        }
      }
      await connection.close()
    }
  }

  /// What all tables hold, in one number.
  private func digest(_ seeded: SeededMarket) async throws -> String {
    let parts = Policy.tables.filter { $0.table != "person" && $0.table != "audit_event" }.map {
      "(SELECT coalesce(sum(hashtext(t::text)::bigint), 0) FROM gkm.\($0.table) t)"
    }
    return try await seeded.market.database.sql("SELECT \(parts.joined(separator: " || '/' || "));")
  }
}
