import Foundation
import Glibc
import Market
import Outbound
import Store
import TestSupport
import Testing

/// A market of real processes for one test: PostgreSQL with fsync on, a Redis and a mail server of its own, with a proxy
/// before each, and as many `gkmd` as it starts. Stripe is the test itself, by `StripeSide`.
struct Rig: Sendable {
  static let secret = "whsec_rig"
  static let masterKey = String(repeating: "07", count: 32)

  let bench: Workbench
  let postgres: PrivatePostgres
  let redis: PrivateRedis
  let mail: PrivateMail
  let toPostgres: FaultProxy
  let toRedis: FaultProxy
  let toMail: FaultProxy
  let stripe: StripeSide
  let http: OutboundClient
  let settings: String

  /// Short leases, so that a test of a crash need not wait long; what the defaults do has tests of its own.
  static let hasty = """
    [workers]
    lease = "2s"
    [mail]
    timeout = "2s"
    """

  /// - Parameters:
  ///   - server: one of the test's own, for who ends or starves it; else one that tests share, with fsync on.
  ///   - settings: the daemons' configuration file.
  static func open(
    keys: Int, on server: PrivatePostgres? = nil, settings: String = Rig.hasty,
    _ body: @Sendable @escaping (Rig) async throws -> Void
  ) async throws {
    let postgres: PrivatePostgres
    if let server { postgres = server } else { postgres = try await DurablePostgres.shared.server() }
    let file = try TestRun.shared.get().path("gkmd.toml")
    try TextFile.write(settings + "\n", to: file)
    try await Workbench.with(keys: keys, on: postgres) { bench in
      let http = try OutboundClient(connectionsPerHost: 640)
      let (redis, mail) = (try await PrivateRedis.start(), try await PrivateMail.start())
      let rig = Rig(
        bench: bench, postgres: postgres, redis: redis, mail: mail, toPostgres: try FaultProxy(to: postgres.port),
        toRedis: try FaultProxy(to: redis.port), toMail: try FaultProxy(to: mail.port), stripe: StripeSide(over: http),
        http: http, settings: file)
      let result: Result<Void, any Error>
      do { result = .success(try await body(rig)) } catch { result = .failure(error) }
      for proxy in [rig.toPostgres, rig.toRedis, rig.toMail] { proxy.close() }
      http.close()
      try? await redis.stop()
      try? await mail.stop()
      try result.get()
    }
  }

  /// The daemon's login, through the proxy.
  var conninfo: String {
    bench.market.database.conninfo(user: "gkm_daemon", password: MarketDatabase.programPassword, over: .loopback)
      .replacing("port=\(postgres.port) ", with: "port=\(toPostgres.port) ")
  }

  /// One process, once it is ready.
  struct Daemon: Sendable {
    let process: ChildProcess
    let port: Int

    var url: String { "http://127.0.0.1:\(port)" }
    var webhook: String { "\(url)/webhooks/stripe" }
  }

  /// Starts a daemon.
  ///
  /// - Parameters:
  ///   - parts: as `--only` takes them.
  ///   - fault: where it is to be killed or frozen: `bound:1:kill`.
  ///   - port: where it listens: by default anywhere.
  ///   - more: variables besides what every daemon needs, or instead of it.
  ///   - isReady: whether to wait until it is.
  func start(
    _ parts: String = "intake,workers", fault: String? = nil, port wanted: Int? = nil,
    with more: [String: String?] = [:],
    isReady: Bool = true
  ) async throws -> Daemon {
    let port = if let wanted { wanted } else { try FreePort.next() }
    let environment: [String: String?] = [
      "GKM_CONFIG": settings, "GKM_DATABASE_URL": conninfo,
      "REDIS_URL": "redis://daemon:\(try redis.password(.daemon))@127.0.0.1:\(toRedis.port)/0",
      "SMTP_URL": "smtp://127.0.0.1:\(toMail.port)?starttls=none", "STRIPE_API_BASE": "http://127.0.0.1:9",
      "STRIPE_API_KEY": "sk_test_rig", "STRIPE_WEBHOOK_SECRET": Self.secret, "GKM_MASTER_KEY": Self.masterKey,
      "GKM_LISTEN": "127.0.0.1:\(port)", "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())",
      "GKM_PUBLIC_URL": "https://shop.example", "GKM_LOG_LEVEL": "warning", "GKM_MAIL_INCLUDES_KEY": "true",
      "GKM_FAULT": fault,
    ]
    let daemon = Daemon(
      process: try ChildProcess(
        try TestRun.program("gkmd"), ["serve", "--only", parts], environment: environment.merging(more) { $1 }),
      port: port)
    if isReady, parts.contains("intake") {
      try await eventually("the daemon is ready: \(daemon.process.tail())", within: .seconds(60)) {
        (try? await http.send(HTTPRequest(url: "\(daemon.url)/readyz")).status) == 200
      }
    }
    return daemon
  }

  /// Opens orders of one unit each, and some of more.
  func orders(_ count: Int, units: [Int] = [1, 1, 1, 2]) async throws -> [OpenedOrder] {
    var opened: [OpenedOrder] = []
    while opened.count < count {
      let next = (opened.count..<min(count, opened.count + 50)).map { units[$0 % units.count] }
      let orders = try await bench.open(each: next)
      guard orders.count == next.count else { throw TestSupportError("too few keys for the orders") }
      opened += orders
    }
    return opened
  }

  @discardableResult
  func sql(_ text: String) async throws -> String { try await bench.sql(text) }

  func number(_ text: String) async throws -> Int { Int(try await sql(text)) ?? -1 }

  /// Waits until something holds.
  func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(60), _ holds: () async throws -> Bool
  ) async throws {
    let end = ContinuousClock.now + limit
    while try await !holds() {
      guard ContinuousClock.now < end else {
        throw TestSupportError("within \(limit) it did not come to be: \(what())")
      }
      try await Task.sleep(for: .milliseconds(25))
    }
  }

  /// Waits until every one of these orders has arrived.
  func delivered(_ orders: [OpenedOrder], within limit: Duration = .seconds(90)) async throws {
    let ids = orders.map { "\($0.id)" }.joined(separator: ",")
    let open = "SELECT count(*) FROM gkm.orders WHERE id IN (\(ids)) AND state <> 'delivered'"
    let end = ContinuousClock.now + limit
    while try await number(open) > 0 {
      guard ContinuousClock.now < end else {
        let left = try await sql(
          "SELECT id, state FROM gkm.orders WHERE id IN (\(ids)) AND state <> 'delivered' LIMIT 5")
        let jobs = try await sql("SELECT kind, attempts, run_at - now() FROM gkm.job LIMIT 5")
        throw TestSupportError("after \(limit) not delivered: \(left); jobs: \(jobs)")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}

/// One PostgreSQL with fsync on, for all tests that leave it in peace.
actor DurablePostgres {
  static let shared = DurablePostgres()
  private var start: Task<PrivatePostgres, any Error>?

  func server() async throws -> PrivatePostgres {
    let start = start ?? Task { try await PrivatePostgres.start() }
    self.start = start
    return try await start.value
  }
}
