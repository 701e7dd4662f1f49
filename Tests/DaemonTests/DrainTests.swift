import Foundation
import Glibc
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// `gkmd serve --only workers` with a mail under way that never gets an answer, told to stop.
@Suite("A daemon that ends gives back what it has not finished", .serialized) struct DrainTests {
  private func working(
    _ settings: String, _ body: @Sendable (Workbench, ChildProcess) async throws -> Void
  ) async throws {
    let mail = try await PrivateMail.start()
    let redis = try await PrivateRedis.shared()
    try mail.freeze()
    try await Workbench.with(keys: 1) { bench in
      let file = try TestRun.shared.get().path("gkmd.toml")
      try Data(settings.utf8).write(to: URL(filePath: file))
      let process = try ChildProcess(
        try TestRun.program("gkmd"), ["serve", "--only", "workers", "--config", file],
        environment: [
          "GKM_DATABASE_URL": bench.market.daemon.conninfo, "REDIS_URL": try redis.url(.daemon), "SMTP_URL": mail.url,
          "STRIPE_API_BASE": "http://127.0.0.1:9", "STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x",
          "GKM_MASTER_KEY": String(repeating: "07", count: 32),
          "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())",
        ])
      do {
        try await self.begin(bench)
        try await body(bench, process)
      } catch {
        _ = try? await process.end(SIGKILL)
        throw error
      }
      // Nobody's any more, and due at once: not after the lease of five minutes.
      let job = try await bench.sql(
        "SELECT lease_token IS NULL, run_at <= now() FROM gkm.job WHERE kind = 'deliver';")
      #expect(job == "t|t")
      #expect(try await bench.sql("SELECT stopped_at IS NOT NULL FROM gkm.worker;") == "t", "\(process.tail())")
    }
    try mail.thaw()
    try await mail.stop()
  }

  /// Waits until the order's mail is under way, in the hands of the one daemon there is.
  private func begin(_ bench: Workbench) async throws {
    let order = try #require(try await bench.open(1).first)
    let body = """
      {"id":"evt_1","object":"event","type":"checkout.session.completed","created":1767225600,"livemode":false,
      "data":{"object":{"id":"cs_1","object":"checkout.session","mode":"payment","payment_status":"paid",
      "amount_total":\(order.amount.amount),"currency":"eur","payment_intent":"pi_1",
      "metadata":{"order_id":"\(order.id)"}}}}
      """
    let event = ReceivedEvent(
      id: "evt_1", type: "checkout.session.completed", state: .pending, body: Array(body.utf8), signature: "")
    _ = try await bench.daemon.write { try EventIntake.record($0, [event]) }
    try await eventually {
      let held = try await bench.sql(
        """
        SELECT count(*) FROM gkm.worker w JOIN gkm.job j ON j.lease_token >> 32 = w.holder
        WHERE j.kind = 'deliver' AND j.run_at > now();
        """)
      return held == "1"
    }
    let listed = try await bench.daemon.read { try WorkerList.page($0, where: [], after: nil, limit: 9) }
    #expect(listed.map { $0.holding.contains("deliver 1") } == [true] && listed.map(\.state) == [.running])
  }

  private func eventually(_ holds: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(40)
    while try await !holds() {
      guard ContinuousClock.now < end else { throw Shop.Failure("it did not come to be") }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  private static let patient = "[workers]\nlease = \"300s\"\nheartbeat = \"200ms\"\n[mail]\ntimeout = \"120s\"\n"

  @Test("Told twice, it ends at once")
  func secondSignal() async throws {
    try await working(Self.patient + "[http]\ndrain_timeout = \"300s\"\n") { bench, process in
      process.signal(SIGTERM)
      try await eventually { try await bench.sql("SELECT draining FROM gkm.worker;") == "t" }
      #expect(process.isRunning)
      process.signal(SIGTERM)
      #expect(try await process.ended() == .exited(0))
    }
  }

  @Test("Told once, it ends when its time is up")
  func limit() async throws {
    try await working(Self.patient.replacing("[mail]", with: "drain = \"1s\"\n[mail]")) { _, process in
      process.signal(SIGTERM)
      let ending = try await process.ended()
      #expect(ending == .exited(0))
    }
  }
}
