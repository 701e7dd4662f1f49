import Foundation
import Logging
import Market
import Messages
import Outbound
import Postgres
import ServiceLifecycle
import Store
import TestSupport
import Testing

@testable import Daemon

/// A bench whose workers send notices to peers of the test's own.
struct NoticeBench: Sendable {
  let bench: Workbench
  let vault: KeyVault
  let daemon: PostgresConnection

  /// - Parameter lowStock: from how many keys on the vendor is told; 0: never.
  static func with<T: Sendable>(
    keys: Int = 5, lowStock: Int = 0, _ body: @Sendable (NoticeBench) async throws -> T
  ) async throws -> T {
    try await Workbench.with(keys: keys) { bench in
      try await bench.sql(
        "BEGIN; SET LOCAL session_replication_role = replica; UPDATE gkm.listing SET low_stock = \(lowStock); COMMIT;")
      return try await body(NoticeBench(bench: bench, vault: bench.vault, daemon: bench.daemon))
    }
  }

  static func settings(_ change: (inout NoticeSettings) -> Void = { _ in }) -> NoticeSettings {
    var settings = NoticeSettings(
      sender: .init(name: "Shop", address: "keys@shop.example"), publicURL: "https://shop.example",
      mailDomain: "shop.example")
    settings.webhooks.allowsLocal = true
    settings.webhooks.timeout = .seconds(5)
    change(&settings)
    return settings
  }

  /// The sender alone, as the worker has it.
  func sender(_ settings: NoticeSettings, over outbound: OutboundClient) throws -> NoticeSender {
    NoticeSender(
      settings: settings, vault: vault, templates: try MessageTemplates(shop: "Shop"), outbound: outbound,
      server: try SMTPConfiguration(url: "smtp://127.0.0.1:9"), now: Self.now)
  }

  /// Runs all workers while `body` looks on, then shuts them down gracefully.
  func working<T: Sendable>(
    _ settings: NoticeSettings, mail url: String = "smtp://127.0.0.1:9", limits: WorkLimits? = nil,
    _ body: @Sendable @escaping () async throws -> T
  ) async throws -> T {
    let pool = PostgresPool(bench.market.daemon, maximum: 8)
    let outbound = try OutboundClient()
    defer { outbound.close() }
    let means = Workers.Means(
      pool: pool, vault: vault, outbound: outbound, mailServer: try SMTPConfiguration(url: url),
      mail: KeyMailSettings(
        sender: settings.sender, publicURL: "https://shop.example", includesKey: true,
        templates: try MessageTemplates(shop: "Shop")),
      notices: settings, mailDomain: "shop.example", stripe: nil, redis: nil, signals: { _ in Self.ticks() },
      wake: { _ in })
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let workers = Workers(
      means,
      limits: limits
        ?? WorkLimits(lease: .seconds(3), noticeWindow: .seconds(1), stockWatchInterval: .milliseconds(100)),
      logger: logger, now: Self.now)
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: workers)], gracefulShutdownSignals: [], logger: logger))
    let result = try await withThrowingTaskGroup(of: T?.self) { tasks in
      tasks.addTask {
        try await group.run()
        return nil
      }
      tasks.addTask {
        let value: T
        do {
          value = try await body()
        } catch {
          await group.triggerGracefulShutdown()
          throw error
        }
        await group.triggerGracefulShutdown()
        return value
      }
      var value: T?
      while let next = try await tasks.next() { if let next { value = next } }
      return value
    }
    await pool.close()
    return try #require(result)
  }

  private static func ticks() -> AsyncStream<Void> {
    AsyncStream { continuation in
      let task = Task {
        while !Task.isCancelled {
          continuation.yield()
          try? await Task.sleep(for: .milliseconds(40))
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  @Sendable static func now() -> Instant {
    Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }

  @discardableResult
  func sql(_ text: String) async throws -> String { try await bench.sql(text) }

  /// The vendor is told of everything, by mail too.
  func tellVendor() async throws {
    try await sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE gkm.vendor SET mail_events = '{order.new,stock.low,dispute.opened}';
      COMMIT;
      """)
  }

  /// An endpoint of the vendor's, told of everything.
  func endpoint(_ url: String, of vendor: Int = 1) async throws -> WebhookEndpointID {
    let id = try await sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica;
      WITH e AS (
        INSERT INTO gkm.webhook_endpoint (vendor_id, url, events)
        VALUES (\(vendor), '\(url)', '{order.new,stock.low,dispute.opened}') RETURNING id, vendor_id
      )
      INSERT INTO gkm.webhook_health (endpoint_id, vendor_id) SELECT id, vendor_id FROM e RETURNING endpoint_id;
      COMMIT;
      """)
    return WebhookEndpointID(try Shop.number(id))
  }

  /// A notice of a stock that runs out, as many as wanted, each its own.
  func tell(_ count: Int = 1, named name: String = "test") async throws {
    let notices = (1...count).map {
      Notice(
        "vendor_low_stock", to: .vendor, dedupe: "\(name)/\($0)", vendor: VendorID(1),
        data: ["listing": "1", "title": "Stellar Drift", "platform": "Steam", "available": "2", "threshold": "5"])
    }
    try await daemon.write { try NoticeQueue.add($0, notices) }
  }

  /// Every notice is due, as when time has passed.
  func passTime() async throws {
    try await sql("UPDATE gkm.job SET run_at = now() WHERE kind = 'notify' AND lease_token IS NULL;")
  }

  func eventually(_ query: String, is wanted: String, within limit: Duration = .seconds(90)) async throws {
    let end = ContinuousClock.now + limit
    while true {
      let found = try await sql(query)
      if found == wanted { return }
      guard ContinuousClock.now < end else {
        Issue.record("\(query) is \(found), not \(wanted)")
        return
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  func isClean() async throws {
    let results = try await daemon.read(isolation: .repeatableRead) {
      try Verification().look($0, only: ["notices.attempts", "notices.queued", "notices.templates", "secrets.texts"])
    }
    for result in results { #expect(result.isKept, "\(result.check): \(result.offenders)") }
  }
}
