package import Market
package import Postgres
import Store

/// Imports of one key each, one after another: each has a data key of its own, as the many imports of years have.
package enum ImportSeries {
  package static func run(
    _ configuration: PostgresConfiguration, count: Int, into listing: ListingID, vault: KeyVault
  ) async throws {
    let connection = try await PostgresConnection.connect(configuration)
    var random = SystemRandomNumberGenerator()
    for number in 1...count {
      let line = StockImport.Line(number: 1, key: "SERIES-\(number)-\(Hex.encode(random.bytes(8)))")
      try await connection.write { session in
        var stock = StockImport(vault)
        _ = try stock.run(session, into: listing, [line], source: "series \(number)")
      }
    }
    await connection.close()
  }
}
