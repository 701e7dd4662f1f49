import Market
import Postgres
import Store
import TestSupport

/// A demo market of one test's own, small and with little stock.
struct DemoDatabase: Sendable {
  let market: MarketDatabase
  let vault: KeyVault
  let summary: DemoMarket.Summary

  static let masterKey = [UInt8](0..<32)

  static func with<T: Sendable>(
    orders: Int = 160, _ body: @Sendable (DemoDatabase) async throws -> T
  ) async throws -> T {
    try await MarketDatabase.with { market in
      let vault = KeyVault(master: try MasterKey(masterKey))
      let summary = try await connected(market.superuser) { try await load(small(market, orders), vault, $0) }
      return try await body(DemoDatabase(market: market, vault: vault, summary: summary))
    }
  }

  static func small(_ market: MarketDatabase, _ orders: Int = 160) -> DemoMarket {
    var demo = DemoMarket()
    demo.orders = orders
    demo.stockShare = 0.02
    demo.loginSuffix = "_\(market.database.suffix)"
    return demo
  }

  static func load(_ demo: DemoMarket, _ vault: KeyVault, _ connection: PostgresConnection) async throws
    -> DemoMarket.Summary
  {
    try await connection.write { session in
      // All tests make people in one catalogue of roles.
      try session.script("LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE")
      return try demo.load(session, vault: vault)
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
