import Foundation
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// Every rule against a real database: what it watches is planted, two daemons look, one of them says so once; what was
/// planted is taken away, and its end is said once.
@Suite("Each rule tells once of what it watches, and once of its end") struct AlertRuleTests {
  struct Plant: Sendable, CustomTestStringConvertible {
    let rule: AlertRule
    let subject: String
    let plant: String
    let clear: String
    /// A part of what is said.
    let words: String
    var testDescription: String { "\(rule.rawValue) \(subject)" }
  }

  private static let worker = """
    INSERT INTO gkm.worker (holder, host, pid, program_version, parts, last_seen)
    VALUES (7, 'shop', 4711, '0.1.0', '{workers}', now() + interval '1 hour');
    """

  private static func worker(_ rule: AlertRule, _ column: String, _ value: String, _ words: String) -> Plant {
    Plant(
      rule: rule, subject: "shop:4711", plant: worker + "UPDATE gkm.worker SET \(column) = \(value);",
      clear: "UPDATE gkm.worker SET \(column) = DEFAULT;", words: words)
  }

  private static func order(_ id: Int, paid: String, delivered: String, state: String = "delivered") -> String {
    """
    INSERT INTO gkm.orders (id, number, state, customer_email, amount, currency, token_hash, units_total, paid_at,
      delivered_at, checkout_session, created_at)
    VALUES (\(id), 'GK-\(10_000 + id)', '\(state)', 'a@example.com', 1999, 'eur', sha256('\(id)'), 1, \(paid),
      \(delivered), 'cs_\(id)', \(paid == "NULL" ? "now() - interval '5 min'" : paid));
    """
  }

  static let plants: [Plant] = [
    Plant(
      rule: .slo, subject: "5s",
      plant: (1...20).map {
        order($0, paid: "now() - interval '30 s'", delivered: "now() - interval '\($0 < 16 ? 29 : 20) s'")
      }.joined(), clear: "UPDATE gkm.orders SET delivered_at = paid_at + interval '1 s';",
      words: "5 of 20 orders of the last hour waited longer than 5s"),
    Plant(
      rule: .backlog, subject: "restock",
      plant: "INSERT INTO gkm.job (kind, subject, run_at) VALUES ('restock', '1', now() - interval '5 min');",
      clear: "DELETE FROM gkm.job;", words: "1 due, the oldest for 5 min"),
    Plant(
      rule: .deadLetters, subject: "restock",
      plant: """
        INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at)
        VALUES (1, 'restock', '1', 12, 'anna@example.com was refused', now());
        """, clear: "UPDATE gkm.job_dead SET state = 'discarded', settled_at = now(), settled_by = 'ops_anna';",
      words: "1 not settled; the newest: … was refused"),
    Plant(
      rule: .smtp, subject: "",
      plant: """
        INSERT INTO gkm.delivery_attempt (delivery_id, number, started_at, order_id, outcome, ended_at, reply)
        SELECT n, 1, now() - interval '10 s', n, 'deferred', now() - interval '9 s', 'connection refused'
        FROM generate_series(1, 4) n;
        """,
      clear: """
        INSERT INTO gkm.delivery_attempt (delivery_id, number, started_at, order_id, outcome, ended_at)
        SELECT n, 2, now() - interval '4 s', n, 'confirmed', now() - interval '3 s' FROM generate_series(1, 9) n;
        """, words: "4 of 4 mails of the last 5 min were not taken; the newest: connection refused"),
    Plant(
      rule: .webhooks, subject: "",
      plant: (1...5).map { order($0, paid: "NULL", delivered: "NULL", state: "open") }.joined(),
      clear: "INSERT INTO gkm.stripe_event (event_id, type, state) VALUES ('evt_1', 'x', 'ignored');",
      words: "5 orders were opened"),
    Plant(
      rule: .reconciliation, subject: "events",
      plant: """
        INSERT INTO gkm.recon_run (kind, period, window_from, stage, started_at, ended_at, outcome)
        VALUES ('events', now(), now(), 'events', now() - interval '20 min', now() - interval '19 min', 'good');
        """,
      clear: "UPDATE gkm.recon_run SET ended_at = now() + interval '10 min';", words: "due every 60 s"),
    Plant(
      rule: .breaks, subject: "",
      plant: """
        INSERT INTO gkm.recon_break (kind, subject, detail, opened_at)
        VALUES ('payment_missed', 'pi_1', 'it differs', now() - interval '30 hours');
        """,
      clear: "UPDATE gkm.recon_break SET state = 'healed', changed_at = now();",
      words: "1 open, the oldest for 30 h"),
    Plant(
      rule: .parked, subject: "",
      plant: """
        INSERT INTO gkm.stripe_event (event_id, type, state, received_at)
        VALUES ('evt_1', 'x', 'parked', now() - interval '2 hours');
        """, clear: "UPDATE gkm.stripe_event SET state = 'done';", words: "1 wait"),
    Plant(
      rule: .quarantined, subject: "",
      plant: "INSERT INTO gkm.stripe_event (event_id, type, state) VALUES ('evt_1', 'x', 'quarantined');",
      clear: "UPDATE gkm.stripe_event SET state = 'done';", words: "1 wait"),
    Plant(
      rule: .lowStock, subject: "1",
      plant: """
        INSERT INTO gkm.vendor (handle, name, contact_email) VALUES ('vend', 'Vend', 'v@example.com');
        INSERT INTO gkm.product (title, platform) VALUES ('Stellar Drift', 'Steam');
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency) VALUES (1, 1, 1999, 'eur');
        INSERT INTO gkm.listing_stock (listing_id, vendor_id, available) VALUES (1, 1, 2);
        """, clear: "UPDATE gkm.listing_stock SET available = 60;", words: "2 left (mark 5): Stellar Drift of vend"),
    worker(.clock, "clock_offset_ms", "-4200", "its clock is 4 s behind the database's"),
    worker(.signatures, "signature_refusals", "6", "6 rightly signed events"),
    worker(.redis, "redis_down_since", "now() - interval '2 min'", "for 2 min"),
    worker(.stripe, "stripe_failures", "9", "9 calls failed"),
    Plant(
      rule: .daemons, subject: "shop:4711",
      plant: worker + "UPDATE gkm.worker SET last_seen = now() - interval '1 min';",
      clear: "UPDATE gkm.worker SET stopped_at = now();", words: "last heard of 6"),
  ]

  @Test("What it watches is said once, and its end once", arguments: plants)
  func rule(_ plant: Plant) async throws {
    // Alone, or the times that are skipped here would set off others.
    let others = AlertRule.allCases.filter { $0 != plant.rule }.map { "[alerts.\($0.rawValue)]\nenabled = false" }
    try await AlertBench.with(others.joined(separator: "\n")) { bench in
      #expect(try await bench.look(at: 0).isEmpty)
      #expect(try await bench.alerts().isEmpty)
      try await bench.plant(plant.plant)
      var tellings: [AlertTelling] = []
      for second in stride(from: 1, through: 141, by: 20) { tellings += try await bench.look(at: Double(second)) }
      #expect(tellings.map { "\($0.message.rawValue) \($0.rule)" } == ["firing \(plant.rule.rawValue)"])
      #expect(tellings.first?.text.contains(plant.words) == true, "\(tellings.first?.text ?? "nothing")")
      #expect(try await bench.alerts() == ["\(plant.rule.rawValue) \(plant.subject) firing"])
      try await bench.plant(plant.clear)
      let ends = try await bench.said(from: 161, to: 281, step: 20)
      #expect(ends == ["resolved \(plant.rule.rawValue)"])
      #expect(try await bench.alerts("true") == ["\(plant.rule.rawValue) \(plant.subject) resolved"])
    }
  }

  @Test("The sealer's lag is told of where something was sealed at all")
  func sealer() async throws {
    try await SealedMarket.with { sealed in
      try await sealed.write(1)
      _ = try await sealed.sealAll()
      let pool = PostgresPool(sealed.market.daemon, maximum: 2)
      let plan = try AlertBench.plan("")
      let now = try await pool.read { try Worker.databaseTime($0) }
      let soon = AlertProbe(plan: plan, at: now)
      #expect(try await pool.read { try soon.look($0, .sealer) }.isEmpty)
      _ = try await sealed.market.person(.support, named: "late")
      let later = AlertProbe(plan: plan, at: now + .seconds(600))
      let found = try await pool.read { try later.look($0, .sealer) }
      #expect(found.count == 1 && found.first?.verdict == .bad && (found.first?.value ?? 0) > 500)
      await pool.close()
    }
  }

  @Test(
    "A mail server that goes away in the midst of traffic is told of within a minute and a half, whatever was good before"
  )
  func mailGoesAway() async throws {
    let good = """
      INSERT INTO gkm.delivery_attempt (delivery_id, number, started_at, order_id, outcome, ended_at)
      SELECT n, 1, now() - interval '100 s', n, 'confirmed', now() - interval '99 s' FROM generate_series(1, 60) n;
      """
    let bad = """
      INSERT INTO gkm.delivery_attempt (delivery_id, number, started_at, order_id, outcome, ended_at, reply)
      SELECT n, 1, now() - interval '20 s', n, 'deferred', now() - interval '19 s', 'connection refused'
      FROM generate_series(101, 105) n;
      """
    try await AlertBench.with { bench in
      try await bench.plant(good + bad)
      #expect(try await bench.said(from: 0, to: 30) == ["firing smtp"])
      let detail = try await bench.sql("SELECT detail FROM gkm.alert WHERE rule = 'smtp';")
      #expect(detail == "5 of 5 mails of the last 60 s were not taken; the newest: connection refused")
    }
    // One alone that waits, tried again and again, is enough where nothing else is sent.
    try await AlertBench.with { bench in
      try await bench.plant(bad.replacing("SELECT n, 1", with: "SELECT 101, n"))
      #expect(try await bench.said(from: 0, to: 30) == ["firing smtp"])
    }
    // A few that are tried again and again are a few.
    try await AlertBench.with { bench in
      let again = bad.replacing("SELECT n, 1", with: "SELECT 101 + n % 3, n").replacing("(101, 105)", with: "(1, 90)")
      let lately = good.replacing("(1, 60)", with: "(201, 210)").replacing("100 s", with: "15 s")
        .replacing("99 s", with: "14 s")
      try await bench.plant(lately + again)
      #expect(try await bench.said(from: 0, to: 30).isEmpty)
    }
    // One that was taken among them says that the server is there.
    try await AlertBench.with { bench in
      let one = good.replacing("(1, 60)", with: "(201, 201)").replacing("100 s", with: "15 s")
        .replacing("99 s", with: "14 s")
      try await bench.plant(good + bad + one)
      #expect(try await bench.said(from: 0, to: 30).isEmpty)
    }
  }

  @Test("A rule that is switched off says nothing")
  func disabled() async throws {
    try await AlertBench.with("[alerts.backlog]\nenabled = false") { bench in
      try await bench.plant(
        "INSERT INTO gkm.job (kind, subject, run_at) VALUES ('restock', '1', now() - interval '9 min');")
      #expect(try await bench.said(from: 0, to: 60).isEmpty)
    }
  }
}
