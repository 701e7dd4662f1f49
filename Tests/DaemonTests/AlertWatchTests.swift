import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("Alerts are one story, however many watch") struct AlertWatchTests {
  private static let dueJob =
    "INSERT INTO gkm.job (kind, subject, run_at) VALUES ('restock', '1', now() - interval '9 min');"
  /// Of this file's tests, which skip through time.
  private static let quiet = "[alerts.parked]\nenabled = false\n"

  @Test("What comes and goes is told of once")
  func flapping() async throws {
    try await AlertBench.with(Self.quiet) { bench in
      var said: [String] = []
      for round in 0..<6 {
        try await bench.plant(Self.dueJob)
        said += try await bench.said(from: round * 60, to: round * 60 + 40)
        try await bench.plant("DELETE FROM gkm.job;")
        said += try await bench.said(from: round * 60 + 50, to: round * 60 + 50)
      }
      #expect(said == ["firing backlog"])
      #expect(try await bench.said(from: 360, to: 460) == ["resolved backlog"])
      #expect(try await bench.alerts("true").count == 1)
    }
  }

  @Test("A look that comes late, behind a newer one, changes nothing")
  func lateLook() async throws {
    try await AlertBench.with(Self.quiet) { bench in
      try await bench.look(at: 100)
      try await bench.plant(Self.dueJob)
      #expect(try await bench.watches[0].look(at: bench.start + .seconds(50)) == nil)
      #expect(try await bench.alerts().isEmpty)
    }
  }

  @Test("Silence for a rule or for one subject of it: said at its end if it is still the case")
  func silence() async throws {
    try await AlertBench.with("[alerts.backlog]\nfor = \"0s\"") { bench in
      let ops = try await PostgresConnection.connect(try await bench.market.person(.ops))
      try await ops.write {
        try AlertSwitches.silence($0, rule: "backlog", subject: "apply", for: .seconds(3_600), reason: "moving house")
      }
      try await bench.plant(
        """
        INSERT INTO gkm.job (kind, subject, run_at) VALUES ('restock', '1', now() - interval '9 min'),
          ('apply', 'evt_1', now() - interval '9 min');
        """)
      let first = try await bench.look(at: 10)
      #expect(first.map(\.lines.count) == [1] && first.first?.lines.first?.hasPrefix("restock: ") == true)
      #expect(try await bench.alerts() == ["backlog apply firing", "backlog restock firing"])
      try await ops.write { try AlertSwitches.unsilence($0, rule: "backlog", subject: "apply", reason: "moved") }
      let second = try await bench.look(at: 20)
      #expect(second.map(\.message) == [.firing] && second.first?.lines.first?.hasPrefix("apply: ") == true)
      #expect(try await bench.look(at: 30).isEmpty)
      let audited = try await bench.sql(
        "SELECT string_agg(action, ',' ORDER BY id) FROM gkm.audit_event WHERE action LIKE 'alert.%';")
      #expect(audited == "alert.silenced,alert.unsilenced")
      await ops.close()
    }
  }

  @Test("Acknowledged by ops, as shown and once: no reminders, and its end is told all the same")
  func acknowledging() async throws {
    try await AlertBench.with("[alerts]\nremind_after = \"1m\"\n[alerts.backlog]\nfor = \"0s\"") { bench in
      try await bench.plant(Self.dueJob)
      #expect(try await bench.said(from: 10, to: 70, step: 60) == ["firing backlog", "reminder backlog"])
      let ops = try await PostgresConnection.connect(try await bench.market.person(.ops))
      let support = try await PostgresConnection.connect(try await bench.market.person(.support))
      let row = try #require(try await support.read { try AlertList.page($0, where: [], after: nil, limit: 9) }.first)
      #expect(row.state == .firing && row.notified == 2)
      await #expect(throws: (any Error).self) {
        try await support.write { _ = try AlertSwitches.acknowledge($0, row.id, version: row.version, reason: "seen") }
      }
      await #expect(throws: ActionRefused.self) {
        try await ops.write { _ = try AlertSwitches.acknowledge($0, row.id, version: row.version + 1, reason: "seen") }
      }
      try await ops.write { _ = try AlertSwitches.acknowledge($0, row.id, version: row.version, reason: "seen it") }
      #expect(try await bench.said(from: 130, to: 430, step: 60).isEmpty)
      try await bench.plant("DELETE FROM gkm.job;")
      #expect(try await bench.said(from: 490, to: 610, step: 60) == ["resolved backlog"])
      await ops.close()
      await support.close()
    }
  }

  @Test("Many at once are one message, that says how many there are")
  func together() async throws {
    try await AlertBench.with("[alerts.low_stock]\nfor = \"0s\"") { bench in
      try await bench.plant(
        """
        INSERT INTO gkm.vendor (handle, name, contact_email) VALUES ('vend', 'Vend', 'v@example.com');
        INSERT INTO gkm.product (title, platform) SELECT 'Game ' || n, 'Steam' FROM generate_series(1, 30) n;
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency)
          SELECT 1, n, 1999, 'eur' FROM generate_series(1, 30) n;
        INSERT INTO gkm.listing_stock (listing_id, vendor_id) SELECT n, 1 FROM generate_series(1, 30) n;
        """)
      let said = try await bench.look(at: 1)
      #expect(said.count == 1 && said.first?.lines.count == 30)
      #expect(said.first?.text.hasSuffix("and 20 more") == true)
    }
  }

  @Test("A rule that cannot be looked at goes on as it was, and the others are looked at")
  func brokenRule() async throws {
    try await AlertBench.with("[alerts.backlog]\nfor = \"0s\"\n[alerts.dead_letters]\nfor = \"0s\"") { bench in
      try await bench.plant(
        """
        INSERT INTO gkm.job_dead (id, kind, subject, attempts, problem, created_at)
        VALUES (1, 'restock', '1', 12, 'x', now());
        """)
      #expect(try await bench.said(from: 1, to: 1) == ["firing dead_letters"])
      try await bench.sql("ALTER TABLE gkm.job_dead RENAME COLUMN problem TO trouble;")
      try await bench.plant(Self.dueJob)
      // Backlog reads the letters too, though not that column.
      #expect(try await bench.said(from: 100, to: 300, step: 100) == ["firing backlog"])
      #expect(try await bench.alerts("rule = 'dead_letters'") == ["dead_letters restock firing"])
    }
  }

  @Test("One daemon of several does a round, and each says that it is there")
  func rounds() async throws {
    try await Shop.open(settings: "[alerts]\ninterval = \"200ms\"\n[workers]\nheartbeat = \"100ms\"") { shop in
      try await shop.daemons(1, only: "intake", ["REDIS_URL": try shop.redis.url(.daemon)]) { _ in
        try await shop.eventually {
          try await shop.sql("SELECT count(*) > 2 FROM gkm.job_round WHERE kind = 'watch';") == "t"
        }
        try await shop.eventually {
          try await shop.sql("SELECT evaluated_by IS NOT NULL FROM gkm.alert_watch;") == "t"
        }
        try await shop.eventually { try await shop.count("worker", where: "stopped_at IS NULL") == 2 }
      }
      // It said good-bye.
      #expect(try await shop.count("worker", where: "stopped_at IS NOT NULL") == 1)
      try await shop.eventually {
        let metrics = try await shop.http.send(.init(url: "http://127.0.0.1:\(shop.metricsPort)/metrics")).text
        return metrics.contains("gkm_alerts_firing{rule=\"smtp\"} 0")
      }
    }
  }

  @Test("Each setting of a rule is read, and refused with its place")
  func configuration() throws {
    let plan = try AlertBench.plan(
      """
      [alerts]
      interval = "5s"
      objective = "99.5%"
      [alerts.backlog]
      threshold = "90s"
      for = "2m"
      channels = ["telegram"]
      [alerts.redis]
      enabled = false
      """)
    #expect(plan.interval == .seconds(5) && plan.objectives.within30s == 0.995)
    #expect(plan.rules[.backlog]?.threshold == 90 && plan.rules[.backlog]?.patience.before == .seconds(120))
    #expect(plan.rules[.backlog]?.channels == ["telegram"] && plan.rules[.redis] == nil)
    #expect(plan.rules.count == AlertRule.allCases.count - 1)
    #expect(throws: ConfigurationError.self) { try AlertBench.plan("[alerts.redis]\nthreshold = 3") }
    do {
      _ = try AlertBench.plan("[alerts.smtp]\nthreshold = \"often\"\n[alerts.backlog]\nchannels = [\"fax\"]")
      Issue.record("it was taken")
    } catch let error as ConfigurationError {
      #expect(
        error.description == """
          test.toml:4:1: alerts.backlog.channels: fax is no channel of the team: email, telegram, discord are
          test.toml:2:1: alerts.smtp.threshold: a whole number from 0 to 1000 is wanted
          """)
    }
    #expect(throws: ConfigurationError.self) {
      try Configuration.parse("[retention]\nevent_bodies = \"30d\"", named: "x", environment: [:])
    }
  }
}
