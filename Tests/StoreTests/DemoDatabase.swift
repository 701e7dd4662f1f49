import Market
import Postgres
import Store
import TestSupport

/// A small demo market with little stock, of one test's own: a clone of one that is loaded once.
struct DemoDatabase: Sendable {
  let market: MarketDatabase
  let vault: KeyVault

  static let orders = 160
  static let loginSuffix = "_demo"
  private static let template = "demo"
  private static let masterKey = [UInt8](0..<32)

  static func vault() throws -> KeyVault { KeyVault(master: try MasterKey(masterKey)) }

  static func with<T: Sendable>(_ body: @Sendable (DemoDatabase) async throws -> T) async throws -> T {
    let server = try await PrivatePostgres.shared()
    try await loaded.value
    return try await TestDatabase.with(on: server, template: template) { database in
      try await body(DemoDatabase(market: MarketDatabase(database: database), vault: try vault()))
    }
  }

  private static let loaded = Task {
    try await PrivatePostgres.shared().template(template) { database in
      try await MarketDatabase.make(database)
      _ = try await load(small(suffix: loginSuffix), into: MarketDatabase(database: database))
    }
  }

  static func small(orders: Int = orders, suffix: String) -> DemoMarket {
    var demo = DemoMarket()
    demo.orders = orders
    demo.stockShare = 0.02
    demo.loginSuffix = suffix
    return demo
  }

  @discardableResult
  static func load(_ demo: DemoMarket, into market: MarketDatabase) async throws -> DemoMarket.Summary {
    var superuser = market.superuser
    superuser.lockTimeout = .seconds(120)
    return try await connected(superuser) { connection in
      try await connection.write { session in
        // All tests make people in one catalogue of roles.
        try session.script("LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE")
        return try demo.load(session, vault: try vault())
      }
    }
  }

  static func connected<T: Sendable>(
    _ configuration: PostgresConfiguration, _ body: (PostgresConnection) async throws -> T
  ) async throws -> T {
    let connection = try await PostgresConnection.connect(configuration)
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw error
    }
  }

  /// Rows of one text column, as the superuser.
  func texts(_ sql: String) async throws -> [String] {
    try await Self.connected(market.superuser) { connection in
      try await connection.read { try $0.rows(SQL(unescaped: sql)) { try $0.string(0) } }
    }
  }
}
