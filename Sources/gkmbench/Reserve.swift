import ArgumentParser
import Bench
import Market
import Postgres

/// `gkmbench reserve`
struct Reserve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let many buyers hold a key each at the same moment; prints one JSON object.",
    discussion:
      "The database is found as libpq finds it. Ways: gate, two-gates, cas, cas-retried, skip-locked, row-lock.")

  @Option(help: "How a buyer comes to hold a key.") var way = "gate"
  @Option(help: "The listing's number.") var listing: Int64
  @Option(help: "Buyers, who all come at once.") var buyers = 2_000
  @Option(help: "Connections in all.") var connections = 50

  func validate() throws {
    guard ReservationRace.Way(rawValue: way) != nil else { throw ValidationError("there is no way called \(way).") }
    guard (1...100_000).contains(buyers), (2...1_000).contains(connections) else {
      throw ValidationError("buyers and connections are more than 0 and not too many.")
    }
  }

  func run() async throws {
    guard let way = ReservationRace.Way(rawValue: way) else { return }
    let vault = KeyVault(master: try MasterKey((0..<32).map { _ in UInt8.random(in: 0...255) }))
    let race = ReservationRace(way, listing: ListingID(listing), buyers: buyers, connections: connections)
    let tally = try await race.run(PostgresConfiguration(conninfo: ""), vault: vault)
    if let problem = tally.firstError { throw ValidationError(problem) }
    print(tally.json)
  }
}
