import Foundation
import Glibc
import Market
import Outbound
import Postgres
import Synchronization
import TestSupport

/// The programs as they are run: `gkmd serve` and `stripesim serve`, on a database, a Redis and a mail server of a
/// test's own, on free ports of the loopback.
final class RunningMarket: Sendable {
  let database: MarketDatabase
  let mail: PrivateMail
  let http: OutboundClient
  private let url: String
  private let metricsURL: String
  private let stripeURL: String
  private let environment: [String: String?]
  private let stripe: ChildProcess
  private let daemon = Mutex<ChildProcess?>(nil)

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// Runs them while `body` works with them.
  static func with<T: Sendable>(_ body: @Sendable (RunningMarket) async throws -> T) async throws -> T {
    let redis = try await PrivateRedis.start()
    let mail = try await PrivateMail.start()
    return try await MarketDatabase.with { database in
      let market = try RunningMarket(database, redis, mail)
      defer { market.http.close() }
      try await market.eventually(within: .seconds(20), "stripesim answers") {
        try await market.http.send(HTTPRequest(url: "\(market.stripeURL)/healthz")).status == 200
      }
      try await market.startDaemon()
      let value = try await body(market)
      try await market.stop()
      return value
    }
  }

  private init(_ database: MarketDatabase, _ redis: PrivateRedis, _ mail: PrivateMail) throws {
    self.database = database
    self.mail = mail
    http = try OutboundClient(connectionsPerHost: 32)
    let (port, metricsPort, stripePort) = (try FreePort.next(), try FreePort.next(), try FreePort.next())
    url = "http://127.0.0.1:\(port)"
    metricsURL = "http://127.0.0.1:\(metricsPort)"
    stripeURL = "http://127.0.0.1:\(stripePort)"
    environment = [
      "GKM_DATABASE_URL": database.daemon.conninfo, "REDIS_URL": try redis.url(.daemon), "SMTP_URL": mail.url,
      "STRIPE_API_BASE": stripeURL, "STRIPE_API_KEY": "sk_test_burst", "STRIPE_WEBHOOK_SECRET": "whsec_burst",
      "GKM_MASTER_KEY": Hex.encode((0..<32).map { _ in UInt8.random(in: 0...255) }), "GKM_URL": url,
      "GKM_LISTEN": "127.0.0.1:\(port)", "GKM_METRICS_LISTEN": "127.0.0.1:\(metricsPort)",
      "GKM_MAIL_INCLUDES_KEY": "true", "GKM_MAIL_SENDER": "keys@shop.example", "GKM_LOG_LEVEL": "notice",
      // Mails are counted: those that bring keys alone.
      "GKM_MAIL_RECEIPTS": "false",
      "GKM_CONFIG": nil, "CREDENTIALS_DIRECTORY": nil, "PGSERVICE": nil,
    ]
    // Retries come 600 times faster than Stripe's: after half a second, then after three.
    stripe = try ChildProcess(
      try TestRun.program("stripesim"),
      [
        "serve", "--listen", "127.0.0.1:\(stripePort)", "--webhook", "\(url)/webhooks/stripe", "--time-scale", "600",
      ],
      environment: environment)
  }

  // MARK: The programs

  /// Starts `gkmd` and waits until it is ready.
  func startDaemon() async throws {
    let child = try ChildProcess(try TestRun.program("gkmd"), ["serve"], environment: environment)
    daemon.withLock { $0 = child }
    try await eventually(within: .seconds(30), "gkmd is ready") {
      guard child.isRunning else { throw Failure("gkmd ended: \(child.tail())") }
      return try await http.send(HTTPRequest(url: "\(metricsURL)/readyz")).status == 200
    }
  }

  /// SIGKILL, in the middle of whatever it does.
  func killDaemon() async throws {
    guard let child = daemon.withLock({ $0 }) else { return }
    child.signal(SIGKILL)
    guard try await child.ended(within: .seconds(10)) == .killed(signal: SIGKILL) else {
      throw Failure("gkmd ended before it was killed: \(child.tail())")
    }
  }

  private func stop() async throws {
    guard let child = daemon.withLock({ $0 }) else { return }
    guard try await child.end() == .exited(0) else { throw Failure("gkmd did not end well: \(child.tail())") }
    try await stripe.end()
  }

  /// What `gkmd` with these words says; throws when it fails.
  @discardableResult
  func gkmd(_ words: [String], input: String = "", as login: String? = nil) async throws -> String {
    let result = try await ChildProcess.run(
      try TestRun.program("gkmd"), words + ["--database", login ?? database.daemon.conninfo],
      environment: environment, input: input, within: .seconds(120))
    guard result.succeeded else {
      throw Failure("gkmd \(words.joined(separator: " ")): \(result.output)\n\(result.errors)")
    }
    return result.output
  }

  // MARK: What people do

  /// A listing with so many keys: `BURST-<listing>-1`, `BURST-<listing>-2`, …
  func listing(keys: Int) async throws -> Int64 {
    // Triggers rest, as in a restore: what they demand is not what is tested here.
    let text = try await database.database.sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica;
      INSERT INTO gkm.commission_rule (vendor_id, basis_points, valid)
        SELECT NULL, 1000, tstzrange('2020-01-01', NULL) WHERE NOT EXISTS (SELECT FROM gkm.commission_rule);
      WITH v AS (
        INSERT INTO gkm.vendor (handle, name, contact_email, mail_events)
        VALUES ('burst', 'Burst', 'vendor@shop.example', '{}') RETURNING id
      ), p AS (
        INSERT INTO gkm.product (title, platform) VALUES ('Rush Hour', 'Steam') RETURNING id
      ), l AS (
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency)
        SELECT v.id, p.id, 1999, 'eur' FROM v, p RETURNING id, vendor_id
      )
      INSERT INTO gkm.listing_stock (listing_id, vendor_id) SELECT id, vendor_id FROM l RETURNING listing_id;
      COMMIT;
      """)
    guard let listing = Int64(text.split(separator: "\n").last ?? "") else { throw Failure("no listing: \(text)") }
    let lines = (1...keys).map { "BURST-\(listing)-\($0)" }.joined(separator: "\n")
    try await gkmd(["stock", "import", "--listing", "\(listing)", "--source", "burst", "-"], input: lines)
    return listing
  }

  /// Checks out one key and returns the Checkout Session.
  func checkout(_ listing: Int64, buyer: Int) async throws -> String {
    let answer = try await http.send(
      HTTPRequest(
        method: "POST", url: "\(url)/v1/checkout", headers: [("Content-Type", "application/json")],
        body: Array(#"{"lines":[{"listing_id":\#(listing)}],"email":"buyer\#(buyer)@example.com"}"#.utf8)))
    let text = String(decoding: answer.body, as: UTF8.self)
    guard (200...201).contains(answer.status), let found = text.firstMatch(of: /cs_test_[A-Za-z0-9]+/) else {
      throw Failure("checkout: \(answer.status) \(text)")
    }
    return String(found.0)
  }

  /// Pays a session: Stripe's stand-in then sends its events until they are taken.
  func pay(_ session: String) async throws {
    let answer = try await http.send(HTTPRequest(method: "POST", url: "\(stripeURL)/_sim/sessions/\(session)/pay"))
    guard answer.status == 200 else {
      throw Failure("pay: \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
    }
  }

  // MARK: Looking

  /// The one number that a query gives, as the superuser.
  func number(_ query: String) async throws -> Int {
    let text = try await database.database.sql(query)
    guard let number = Int(text.split(separator: "\n").last ?? "") else { throw Failure("\(query): \(text)") }
    return number
  }

  /// Waits until something holds. What is thrown meanwhile counts as "not yet".
  func eventually(within limit: Duration, _ what: String, _ holds: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while true {
      do {
        if try await holds() { return }
      } catch is OutboundError {}
      guard ContinuousClock.now < end else {
        throw Failure("not within \(limit): \(what). gkmd said:\n\(daemon.withLock { $0?.tail() ?? "" })")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
