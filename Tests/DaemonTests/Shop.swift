import Foundation
import Logging
import Market
import Outbound
import Postgres
import Redis
import Store
import Stripe
import StripeSimulator
import TestSupport

@testable import Daemon

/// A daemon with a database, a Redis and a Stripe of a test's own, on free ports of the loopback.
struct Shop: Sendable {
  static let secret = "whsec_shop"
  static let apiKey = "sk_test_shop"

  let market: MarketDatabase
  let redis: PrivateRedis
  let http: OutboundClient
  let port: Int
  let metricsPort: Int
  let stripeURL: String
  let registry: PrometheusRegistry
  /// The daemon's own login, for looking and preparing.
  let pool: PostgresPool
  let vault: KeyVault

  /// Runs a daemon while `body` works with it.
  ///
  /// - Parameters:
  ///   - settings: lines of a configuration file.
  ///   - knobs: what Stripe's stand-in does wrong.
  ///   - secrets: the webhook's active secrets, parted by commas.
  ///   - mail: the mail server's URL.
  static func open<T: Sendable>(
    parts: Set<DaemonPart> = [.intake, .checkout, .pages], settings: String = "", knobs: [String: Double] = [:],
    secrets: String = Shop.secret, mail: String = "smtp://127.0.0.1:9", on server: PrivatePostgres? = nil,
    with ownRedis: PrivateRedis? = nil,
    _ body: @Sendable @escaping (Shop) async throws -> T
  ) async throws -> T {
    let redis: PrivateRedis
    if let ownRedis { redis = ownRedis } else { redis = try await PrivateRedis.shared() }
    return try await MarketDatabase.with(on: server) { market in
      let outbound = try OutboundClient(connectionsPerHost: 128)
      defer { outbound.close() }
      var simulator = SimulatorConfiguration(apiKey: apiKey, webhookSecret: secret)
      simulator.knobs = Knobs()
      for (name, value) in knobs { _ = simulator.knobs.set(name, to: value) }
      return try await Simulator.with(simulator, over: outbound) { stripeURL, _ in
        // The epoch sets this database's events apart in the Redis that tests share.
        try await market.database.sql("UPDATE gkm.installation SET epoch = \(Int64.random(in: 1...Int64.max))")
        let configuration = try Self.configuration(
          market: market, redis: redis, stripeURL: stripeURL, secrets: secrets, mail: mail, settings: settings)
        // Tokens of different tests differ, because the Redis that they share counts by them.
        return try await Self.running(
          configuration, parts: parts, market: market, redis: redis, outbound: outbound, stripeURL: stripeURL, body)
      }
    }
  }

  static func configuration(
    market: MarketDatabase, redis: PrivateRedis, stripeURL: String, secrets: String = secret,
    mail: String = "smtp://127.0.0.1:9",
    settings: String = ""
  ) throws -> Configuration {
    let environment = [
      "GKM_DATABASE_URL": market.daemon.conninfo, "REDIS_URL": try redis.url(.daemon), "SMTP_URL": mail,
      "STRIPE_API_BASE": stripeURL, "STRIPE_API_KEY": apiKey, "STRIPE_WEBHOOK_SECRET": secrets,
      "GKM_MASTER_KEY": Hex.encode((0..<32).map { _ in UInt8.random(in: 0...255) }), "GKM_LISTEN": "127.0.0.1:0",
      "GKM_METRICS_LISTEN": "127.0.0.1:0",
      "GKM_PUBLIC_URL": "https://shop.example",
      // Mails are counted: those that bring keys alone.
      "GKM_MAIL_RECEIPTS": "false",
    ]
    return try Configuration.parse(settings, named: "test.toml", environment: environment).configuration
  }

  private static func running<T: Sendable>(
    _ configuration: Configuration, parts: Set<DaemonPart>, market: MarketDatabase, redis: PrivateRedis,
    outbound: OutboundClient, stripeURL: String, _ body: @Sendable @escaping (Shop) async throws -> T
  ) async throws -> T {
    let registry = PrometheusRegistry()
    var logger = Logger(label: "tests")
    logger.logLevel = Environment.isLoud ? .debug : .critical
    let app = try DaemonApp(configuration, parts: parts, registry: registry, logger: logger)
    let (listening, told) = AsyncStream.makeStream(of: (Int, Int).self)
    let pool = PostgresPool(market.daemon, maximum: 4)
    let vault = KeyVault(master: try MasterKey(file: configuration.keys.masterKey?.bytes ?? []))
    let result = try await withThrowingTaskGroup(of: T?.self) { group in
      group.addTask {
        defer { told.finish() }
        try await app.run(signals: []) { told.yield(($0 ?? 0, $1 ?? 0)) }
        return nil
      }
      group.addTask {
        for await (port, metricsPort) in listening {
          let shop = Shop(
            market: market, redis: redis, http: outbound, port: port, metricsPort: metricsPort, stripeURL: stripeURL,
            registry: registry, pool: pool, vault: vault)
          try await shop.eventually { try await shop.get("/readyz").status == 200 }
          return try await body(shop)
        }
        throw CancellationError()
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let ended { return ended }
      }
      throw CancellationError()
    }
    await pool.close()
    return result
  }

  private enum Environment {
    static let isLoud = ProcessInfo.processInfo.environment["GKM_TEST_LOUD"] != nil
  }

  // MARK: Requests

  func get(_ path: String, headers: [(String, String)] = []) async throws -> HTTPResponse {
    try await http.send(HTTPRequest(url: "http://127.0.0.1:\(port)\(path)", headers: headers))
  }

  func post(_ path: String, _ body: [UInt8] = [], headers: [(String, String)] = []) async throws -> HTTPResponse {
    try await http.send(
      HTTPRequest(method: "POST", url: "http://127.0.0.1:\(port)\(path)", headers: headers, body: body))
  }

  /// Posts a body to the webhook, signed by `secret` `age` seconds ago.
  func deliver(_ body: [UInt8], secret: String = Shop.secret, age: Int64 = 0) async throws -> HTTPResponse {
    try await post("/webhooks/stripe", body, headers: [("Stripe-Signature", sign(body, secret: secret, age: age))])
  }

  func sign(_ body: [UInt8], secret: String = Shop.secret, age: Int64 = 0) -> String {
    SignatureSigner(secret: secret).header(body: body, timestamp: Int64(Date().timeIntervalSince1970) - age)
  }

  // MARK: The database

  /// Rows of SQL as the superuser, one per line.
  @discardableResult
  func sql(_ text: String) async throws -> String { try await market.database.sql(text) }

  func count(_ table: String, where condition: String = "true") async throws -> Int {
    Int(try await sql("SELECT count(*) FROM gkm.\(table) WHERE \(condition)")) ?? -1
  }

  /// How many rows the tables have that a webhook could change.
  func footprint() async throws -> String {
    try await sql(
      """
      SELECT (SELECT count(*) FROM gkm.stripe_event), (SELECT count(*) FROM gkm.stripe_event_body),
        (SELECT count(*) FROM gkm.job), (SELECT count(*) FROM gkm.audit_event), (SELECT count(*) FROM gkm.orders)
      """)
  }

  /// A listing with so many keys: `KEY-<listing>-1`, `KEY-<listing>-2`, …
  func listing(keys: Int, price: Int64 = 1_999, title: String = "Stellar Drift") async throws -> ListingID {
    let name = UUID().uuidString.lowercased().prefix(12)
    // Triggers rest, as in a restore: what they demand is not what is tested here.
    let listing = try await sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica;
      INSERT INTO gkm.commission_rule (vendor_id, basis_points, valid)
        SELECT NULL, 1000, tstzrange('2020-01-01', NULL) WHERE NOT EXISTS (SELECT FROM gkm.commission_rule);
      WITH v AS (
        INSERT INTO gkm.vendor (handle, name, contact_email, mail_events)
        VALUES ('v-\(name)', 'Vendor \(name)', 'v@example.com', '{}') RETURNING id
      ), p AS (
        INSERT INTO gkm.product (title, platform) VALUES ('\(title)', 'Steam') RETURNING id
      ), l AS (
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency)
        SELECT v.id, p.id, \(price), 'eur' FROM v, p RETURNING id, vendor_id
      )
      INSERT INTO gkm.listing_stock (listing_id, vendor_id) SELECT id, vendor_id FROM l RETURNING listing_id;
      COMMIT;
      """)
    let listingID = ListingID(try Self.number(listing))
    if keys > 0 { try await stock(listingID, keys: keys) }
    return listingID
  }

  func stock(_ listing: ListingID, keys: Int) async throws {
    let vault = vault
    _ = try await pool.write { session in
      var importer = StockImport(vault)
      let lines = (1...keys).map { StockImport.Line(number: $0, key: "KEY-\(listing)-\($0)") }
      return try importer.run(session, into: listing, lines, source: "test").accepted
    }
  }

  static func number(_ text: String) throws -> Int64 {
    guard let number = Int64(text.split(separator: "\n").last ?? "") else { throw Failure("no number: \(text)") }
    return number
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// Waits until something holds, for at most `limit`.
  func eventually(within limit: Duration = .seconds(20), _ holds: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while try await !holds() {
      guard ContinuousClock.now < end else { throw Failure("it did not come to be within \(limit)") }
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}

/// A checkout event that Stripe could send.
enum EventBody {
  static func make(
    id: String = unique("evt"), type: String = "checkout.session.completed", livemode: Bool = false,
    object: String = #"{"id":"cs_test_1","object":"checkout.session","payment_status":"paid"}"#
  ) -> [UInt8] {
    Array(
      #"""
      {"id":"\#(id)","object":"event","api_version":"2025-09-30.clover","created":1767225600,"livemode":\#(livemode),"type":"\#(type)","data":{"object":\#(object)}}
      """#.utf8)
  }

  static func unique(_ prefix: String) -> String {
    "\(prefix)_\(UUID().uuidString.filter { $0 != "-" }.lowercased())"
  }
}

/// An answer's JSON.
extension HTTPResponse {
  var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }

  var text: String { String(decoding: body, as: UTF8.self) }
  var code: String? { json["code"] as? String }
}
