import Foundation
import Glibc
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// `gkmd serve` with real traffic while the mail server is away: what waits and why is to be seen, the team is told once,
/// everything arrives once the server is back, and an order's timeline tells the story.
@Suite("The mail server is away for a while, in the midst of traffic") struct MailOutageLongTests {
  private static let settings = """
    [alerts]
    interval = "500ms"
    calm_for = "2s"
    mail_window = "20s"
    [alerts.smtp]
    for = "1s"
    [alerts.backlog]
    enabled = false
    [alerts.slo]
    enabled = false
    [workers]
    heartbeat = "500ms"
    """

  private func start(_ bench: Workbench, _ mail: PrivateMail, _ redis: PrivateRedis) throws -> ChildProcess {
    let file = try TestRun.shared.get().path("gkmd.toml")
    try Data(Self.settings.utf8).write(to: URL(filePath: file))
    return try ChildProcess(
      try TestRun.program("gkmd"), ["serve", "--only", "workers", "--config", file],
      environment: [
        "GKM_DATABASE_URL": bench.market.daemon.conninfo, "REDIS_URL": try redis.url(.daemon), "SMTP_URL": mail.url,
        "STRIPE_API_BASE": "http://127.0.0.1:9", "STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "GKM_MASTER_KEY": String(repeating: "07", count: 32),
        "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())", "GKM_TEAM_MAIL": "ops@shop.example",
      ])
  }

  /// Like a shop's gate: where the daemon changed the stock in between, once more.
  private func opened(_ bench: Workbench) async throws -> OpenedOrder {
    for _ in 0..<20 {
      if let order = try? await bench.open(1).first { return order }
      try await Task.sleep(for: .milliseconds(30))
    }
    return try #require(try await bench.open(1).first)
  }

  /// Orders are paid, so many and one after the other.
  private func sell(_ bench: Workbench, _ count: Int) async throws -> [OpenedOrder] {
    var sold: [OpenedOrder] = []
    for _ in 0..<count {
      let order = try await opened(bench)
      let body = """
        {"id":"evt_\(order.id)","object":"event","type":"checkout.session.completed","created":1767225600,
        "livemode":false,"data":{"object":{"id":"cs_\(order.id)","object":"checkout.session","mode":"payment",
        "payment_status":"paid","amount_total":\(order.amount.amount),"currency":"eur",
        "payment_intent":"pi_\(order.id)","metadata":{"order_id":"\(order.id)"}}}}
        """
      let event = ReceivedEvent(
        id: "evt_\(order.id)", type: "checkout.session.completed", state: .pending, body: Array(body.utf8),
        signature: "")
      _ = try await bench.daemon.write { try EventIntake.record($0, [event]) }
      sold.append(order)
      try await Task.sleep(for: .milliseconds(100))
    }
    return sold
  }

  private func eventually(_ bench: Workbench, _ query: String, is wanted: String) async throws {
    let end = ContinuousClock.now + .seconds(150)
    var found = ""
    while ContinuousClock.now < end {
      found = try await bench.sql(query)
      if found == wanted { return }
      try await Task.sleep(for: .milliseconds(200))
    }
    Issue.record("\(query) is \(found), and was to be \(wanted)")
  }

  private static let alerts = "SELECT string_agg(state || ' ' || notified, ',') FROM gkm.alert WHERE rule = 'smtp';"
  private static let arrived = "SELECT count(*) FROM gkm.orders WHERE state = 'delivered';"

  @Test func everythingArrivesAndTheTeamIsToldOnce() async throws {
    let mail = try await PrivateMail.start()
    let redis = try await PrivateRedis.shared()
    try await Workbench.with(keys: 60) { bench in
      let process = try start(bench, mail, redis)
      do {
        try await outage(bench, mail)
      } catch {
        _ = try? await process.end(SIGKILL)
        throw error
      }
      #expect(try await process.end() == .exited(0), "\(process.tail())")
    }
    try await mail.stop()
  }

  private func outage(_ bench: Workbench, _ mail: PrivateMail) async throws {
    _ = try await sell(bench, 10)
    try await eventually(bench, Self.arrived, is: "10")
    try await mail.stop()
    let late = try await sell(bench, 20)
    try await eventually(bench, Self.alerts, is: "firing 1")

    // What waits, and why.
    let work = try await bench.daemon.read { try WorkOverview.read($0) }.first { $0.kind == "deliver" }
    #expect(work?.waiting == 20 && work?.dead == 0)
    let why = try await bench.sql(
      "SELECT count(*), bool_and(last_reply ILIKE '%connect%') FROM gkm.delivery WHERE state IN ('retrying', 'sending');"
    )
    #expect(why == "20|t")
    let firing = try await bench.daemon.read { try FiringAlert.read($0) }
    #expect(firing.first { $0.rule == "smtp" }?.detail.contains("mails of the last 20 s were not taken") == true)
    try await Task.sleep(for: .seconds(20))
    #expect(try await bench.sql(Self.alerts) == "firing 1", "told once, however long it lasts")

    // Each was tried, and then one of them now and then: none used up what it has.
    let tries = try await bench.sql("SELECT sum(attempts) <= 50, max(attempts_in_round) <= 1 FROM gkm.delivery;")
    #expect(tries == "t|t")

    try await mail.start()
    let back = ContinuousClock.now
    try await eventually(bench, Self.arrived, is: "30")
    // Receipts and the team's alerts with them: before the team hears that it is over.
    try await eventually(bench, "SELECT count(*) FROM gkm.notice WHERE state = 'retrying';", is: "0")
    #expect(ContinuousClock.now - back < .seconds(15), "all go as soon as the server is back")
    try await eventually(bench, Self.alerts, is: "resolved 1")
    // The team's own mails wait like all others, and arrive.
    try await eventually(
      bench, "SELECT string_agg(template || ' ' || state, ',' ORDER BY id) FROM gkm.notice WHERE audience = 'team';",
      is: "alert sent,alert_recovered sent")
    let received = try mail.messages()
    #expect(received.filter { $0.contains("Subject: [page] The mail server does not take mail") }.count == 1)
    #expect(received.filter { $0.contains("Subject: Recovered: The mail server does not take mail") }.count == 1)
    try await tellsItsStory(bench, try #require(late.first))

    let results = try await Verification().run(bench.daemon)
    #expect(results.allSatisfy { $0.isKept }, "\(results.filter { !$0.isKept })")
    #expect(try await bench.sql("SELECT count(*) FROM gkm.job_dead;") == "0")
    #expect(try await bench.imbalance() == "")
  }

  /// Its tries that came to nothing, with the reason, and the one that did.
  private func tellsItsStory(_ bench: Workbench, _ order: OpenedOrder) async throws {
    let attempts = try await bench.sql(
      """
      SELECT string_agg(DISTINCT outcome, ',' ORDER BY outcome), count(*) > 1 FROM gkm.delivery_attempt
      WHERE order_id = \(order.id);
      """)
    #expect(attempts == "confirmed,deferred|t")
    let number = try await bench.sql("SELECT number FROM gkm.orders WHERE id = \(order.id);")
    let story = try await bench.daemon.read { try OrderStory.read($0, order: number) }
    let steps = try #require(story).audit.sorted { $0.id < $1.id }.map { "\($0.action)" }
    let deferred = try #require(steps.firstIndex(of: "delivery.deferred"), "\(steps)")
    let confirmed = try #require(steps.firstIndex(of: "delivery.confirmed"), "\(steps)")
    #expect(deferred < confirmed)
  }
}
