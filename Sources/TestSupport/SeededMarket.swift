package import Market
package import Postgres

/// A small market of one test's own with the same content every time: two vendors, four listings, an order in each
/// state, with payments, deliveries, events and audit records as the daemon leaves them.
///
/// Ids count from 1 and all times lie on 1 May 2024, so that what is printed or drawn of it can be compared whole.
package struct SeededMarket: Sendable {
  package let market: MarketDatabase

  /// The moment that the story ends at: 2024-05-01T12:00:00Z.
  package static let noon = Instant(unixSeconds: 1_714_564_800)

  package static let keyhaus = VendorID(1)
  package static let nordlicht = VendorID(2)

  /// Makes it for the time of `body`.
  package static func with<T: Sendable>(
    on server: PrivatePostgres? = nil, _ body: @Sendable (SeededMarket) async throws -> T
  ) async throws -> T {
    try await MarketDatabase.with(on: server) { market in
      try await market.database.sql(SeedSQL.script)
      return try await body(SeededMarket(market: market))
    }
  }

  /// Adds a person and returns how they sign in; a vendor's is of `keyhaus` unless said otherwise.
  package func person(_ role: Role, vendor: VendorID? = nil) async throws -> PostgresConfiguration {
    let own = role == .vendor ? vendor ?? Self.keyhaus : nil
    return try await market.person(role, vendor: own, named: own.map { "v\($0)" })
  }

  /// The seeded orders; the raw value is the order's id.
  package enum Order: Int64, CaseIterable, Sendable {
    /// Of both vendors, with two deliveries and a reveal.
    case delivered = 1
    /// In yen, from somebody whose address begins like a formula.
    case formula
    /// Paid; its delivery waits for another try.
    case retrying
    /// Paid; its delivery was refused for good.
    case refused
    case open
    case held
    case unfulfillable
    case refunded
    case disputed
    case expired
    case declined
    case partlyRefunded

    package var number: String { OrderNumber(random: UInt64(rawValue) &* 0x9E37_79B9_7F4A_7C15).text }
  }
}
