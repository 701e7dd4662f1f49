import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("The ledger") struct LedgerStoreTests {
  @Test func aPaidOrdersSaleIsPostedWithItsPayment() async throws {
    try await Workbench.with(keys: 3) { bench in
      try await bench.commission(1_000)
      let order = try await bench.open(2)[0]
      try await bench.apply(Story(order: order).completed(), Story(order: order).charged())
      #expect(
        try await bench.entries()
          == "sale: clearing eur 3998, commission eur -400, vendor_payable 1 eur -3598")
      try await bench.apply(Story(order: order).succeeded())
      #expect(
        try await bench.sql("SELECT count(*), min(stripe_event) FROM gkm.ledger_tx;") == "1|evt_completed_\(order.id)")
    }
  }

  @Test func everyOrderOfAPaymentsEventsEndsWithTheSameAccounts() async throws {
    try await Workbench.with(keys: 30) { bench in
      try await bench.commission(1_250)
      var endings: Set<String> = []
      for permutation in ApplyTests.permutations(of: [0, 1, 2, 3]) {
        let order = try await bench.open(1)[0]
        let story = Story(order: order)
        var part = story.refunded(501)
        part.content.references.order = .id(order.id)
        let events = [story.completed(), story.succeeded(), part, story.disputed("funds_withdrawn", "needs_response")]
        for place in permutation { try await bench.apply(events[place]) }
        endings.insert(try await bench.balances(of: order))
      }
      #expect(endings == ["clearing eur -501, dispute_loss eur 501"])
    }
  }

  @Test func whatIsHeldLiesInSuspenseUntilItGoesBack() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      let story = Story(order: order)
      try await bench.apply(story.completed(amount: 1_000))
      #expect(try await bench.balances(of: order) == "clearing eur 1000, suspense eur -1000")
      try await bench.apply(story.refunded(1_000))
      #expect(try await bench.balances(of: order) == "")
      #expect(
        try await bench.sql("SELECT string_agg(entry, ' ' ORDER BY id) FROM gkm.ledger_tx;")
          == "held:pi_\(order.id) refund:re_\(order.id)")
    }
  }

  @Test func anOrderThatWasPaidBeforeThereWasALedgerGetsItsEntriesByASecondLook() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      try await bench.apply(Story(order: order).completed())
      let posted = try await bench.entries()
      try await bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM gkm.ledger_posting; DELETE FROM gkm.ledger_tx;
        INSERT INTO gkm.job (kind, subject) VALUES ('post_ledger', '\(order.id)'); COMMIT;
        """)
      for _ in 0..<2 {
        let lease = Lease(for: .seconds(12))
        let jobs = try await bench.daemon.run { try JobQueue.claim($0, .postLedger, limit: 5, lease: lease) }
        let events = jobs.map {
          EventToApply(job: $0.id, eventID: nil, type: JobKind.postLedger.rawValue, reading: .content(.order(order.id)))
        }
        let context = bench.context(lease)
        _ = try await bench.daemon.write { try ApplyTransaction.run($0, events, context) }
        #expect(try await bench.entries() == posted)
        try await bench.sql("INSERT INTO gkm.job (kind, subject) VALUES ('post_ledger', '\(order.id)');")
      }
    }
  }

  /// Statements behind a transaction of two postings that is being written for an order, and the constraint that each
  /// breaks.
  static let unwhole: [(name: String, sql: String, constraint: String)] = [
    (
      "sums to one",
      "INSERT INTO gkm.ledger_posting VALUES (%tx, 1, 2, %1, NULL, NULL, 'eur', 5), (%tx, 2, 2, %2, NULL, NULL, 'eur', -4)",
      "ledger_balance"
    ),
    (
      "sums to zero over two currencies",
      "INSERT INTO gkm.ledger_posting VALUES (%tx, 1, 2, %1, NULL, NULL, 'eur', 5), (%tx, 2, 2, %3, NULL, NULL, 'usd', -5)",
      "ledger_balance"
    ),
    ("lacks a posting", "SELECT 1", "ledger_balance"),
    (
      "has one too many",
      """
      INSERT INTO gkm.ledger_posting VALUES (%tx, 1, 2, %1, NULL, NULL, 'eur', 5), (%tx, 2, 2, %2, NULL, NULL, 'eur', -5),
        (%tx, 3, 2, %2, NULL, NULL, 'eur', -5)
      """, "ledger_posting_check"
    ),
  ]

  @Test(arguments: unwhole) func aTransactionThatIsNotWholeDoesNotCommit(
    _ name: String, _ sql: String, _ constraint: String
  ) async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      let error = await #expect(throws: PostgresError.self, "\(name)") {
        try await bench.daemon.write { try Self.begin($0, order.id, sql, audited: true) }
      }
      #expect(error?.constraint == constraint)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.ledger_tx;") == "0")
    }
  }

  @Test func aWholeOneWithoutAnAuditEventDoesNotCommitEither() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      let whole = Self.unwhole[0].sql.replacing("-4", with: "-5")
      let error = await #expect(throws: PostgresError.self) {
        try await bench.daemon.write { try Self.begin($0, order.id, whole, audited: false) }
      }
      #expect(error?.constraint == "require_audit")
      try await bench.daemon.write { try Self.begin($0, order.id, whole, audited: true) }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.ledger_tx;") == "1")
    }
  }

  private static func begin(
    _ session: borrowing Session, _ order: OrderID, _ sql: String, audited: Bool
  ) throws {
    try session.script(
      """
      INSERT INTO gkm.ledger_account (kind, currency) VALUES ('clearing', 'eur'), ('suspense', 'eur'),
        ('suspense', 'usd');
      """)
    let tx = try session.first(
      "INSERT INTO gkm.ledger_tx (order_id, entry, postings) VALUES (\(order), 'test', 2) RETURNING id"
    ) { try $0.int64(0) }
    if audited {
      try session.execute(
        """
        INSERT INTO gkm.audit_event (action, subject_kind, subject_id, order_id, body)
        VALUES ('order.noted', 'order', \(order.description), \(order), 'x')
        """)
    }
    var sql = sql.replacing("%tx", with: "\(tx ?? 0)")
    for (number, key) in ["clearing eur", "suspense eur", "suspense usd"].enumerated() {
      sql = sql.replacing("%\(number + 1)", with: "(SELECT id FROM gkm.ledger_account WHERE key = '\(key)')")
    }
    try session.script(sql)
  }

  @Test func whatIsPostedIsNeverChangedOrAddedTo() async throws {
    try await Workbench.with(keys: 1) { bench in
      let order = try await bench.open(1)[0]
      try await bench.apply(Story(order: order).completed())
      let before = try await bench.entries()
      let changes = [
        "UPDATE gkm.ledger_posting SET amount = amount * 2", "DELETE FROM gkm.ledger_posting",
        "UPDATE gkm.ledger_tx SET entry = 'other'", "DELETE FROM gkm.ledger_tx", "TRUNCATE gkm.ledger_tx CASCADE",
        "UPDATE gkm.ledger_account SET kind = 'fees' WHERE vendor_id IS NULL",
        "INSERT INTO gkm.ledger_posting VALUES (1, 3, 2, 1, NULL, NULL, 'eur', 5)",
        "INSERT INTO gkm.ledger_posting VALUES (1, 2, 2, 1, NULL, NULL, 'eur', 5)",
        "INSERT INTO gkm.ledger_posting VALUES (1, 3, 4, 1, NULL, NULL, 'eur', 5)",
        "INSERT INTO gkm.ledger_tx (order_id, entry, postings) VALUES (\(order.id), 'sale', 2)",
      ]
      for sql in changes {
        await #expect(throws: PostgresError.self, "daemon: \(sql)") {
          try await bench.daemon.run { try $0.script(sql) }
        }
        await #expect(throws: (any Error).self, "superuser: \(sql)") { try await bench.sql(sql + ";") }
      }
      for role in [Role.support, .ops, .admin] {
        let person = try await PostgresConnection.connect(try await bench.market.person(role))
        for sql in changes {
          await #expect(throws: PostgresError.self, "\(role): \(sql)") { try await person.run { try $0.script(sql) } }
        }
        await person.close()
      }
      #expect(try await bench.entries() == before)
    }
  }

  @Test func whatStripeKeepsIsPostedOnceAndCostsNoVendorAnything() async throws {
    try await Workbench.with(keys: 1) { bench in
      try await bench.sql(
        """
        INSERT INTO gkm.balance_line (id, type, category, amount, fee, net, currency, created_at) VALUES
          ('txn_1', 'charge', 'charge', 1999, 88, 1911, 'eur', now()),
          ('txn_2', 'payout', 'payout', -1911, 0, -1911, 'eur', now());
        """)
      for posted in [1, 0] {
        #expect(try await bench.daemon.write { try LedgerFees.post($0, of: ["txn_1", "txn_2", "txn_3"]) } == posted)
      }
      #expect(try await bench.entries() == "fee:txn_1: clearing eur -88, fees eur 88")
    }
  }

  @Test func randomHistoriesAddUpInTheDatabase() async throws { try await DatabaseHistories.check(0..<80) }
}

@Suite struct LedgerHistoriesLongTests {
  @Test func manyRandomHistoriesAddUpInTheDatabase() async throws {
    for start in stride(from: UInt64(1_000), to: 3_000, by: 250) {
      try await DatabaseHistories.check(start..<start + 250)
    }
  }
}

/// Histories told to the daemon's own code in one random order: each transaction sums to zero, and what vendors are owed
/// is what books kept otherwise say.
enum DatabaseHistories {
  static func check(_ seeds: Range<UInt64>) async throws {
    try await HistoryBench.with { bench in
      let histories = try seeds.map { try HistoryBench.history($0) }
      var dice = Dice(seed: seeds.lowerBound)
      try await bench.open(histories)
      try await bench.tell(histories, &dice)
      #expect(try await bench.owed() == HistoryBench.expected(histories))
      let uneven = try await bench.bench.sql(
        "SELECT tx_id FROM gkm.ledger_posting GROUP BY tx_id, currency HAVING sum(amount) <> 0;")
      #expect(uneven == "")
    }
  }
}

extension Workbench {
  /// A rule for everything, since ever.
  func commission(_ basisPoints: Int) async throws {
    try await sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica;
      INSERT INTO gkm.commission_rule (basis_points, valid) VALUES (\(basisPoints), tstzrange('2020-01-01', NULL));
      COMMIT;
      """)
  }

  /// All that is posted, entry by entry.
  func entries() async throws -> String {
    try await sql(
      """
      SELECT t.entry || ': ' || string_agg(a.key || ' ' || p.amount, ', ' ORDER BY a.key)
      FROM gkm.ledger_tx t JOIN gkm.ledger_posting p ON p.tx_id = t.id JOIN gkm.ledger_account a ON a.id = p.account_id
      GROUP BY t.entry ORDER BY min(t.id);
      """)
  }

  /// What stands on an order's accounts.
  func balances(of order: OpenedOrder) async throws -> String {
    try await sql(
      """
      SELECT coalesce(string_agg(key || ' ' || total, ', ' ORDER BY key), '') FROM (
        SELECT a.key, sum(p.amount) AS total FROM gkm.ledger_tx t JOIN gkm.ledger_posting p ON p.tx_id = t.id
        JOIN gkm.ledger_account a ON a.id = p.account_id WHERE t.order_id = \(order.id) GROUP BY 1
      ) b WHERE total <> 0;
      """)
  }
}
