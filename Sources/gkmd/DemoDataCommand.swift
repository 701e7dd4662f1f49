import ArgumentParser
import Market
import Postgres
import Store

/// `gkmd demo-data`
struct DemoDataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo-data",
    abstract: "Fill a new database with a market that looks lived in, as the superuser.",
    discussion: """
      Vendors, products, sealed keys, people without passwords, and a history in which every state occurs. For \
      demonstrations and tests: never run it on a database that anybody needs.
      """)

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var keys: VaultOptions

  @Option(help: "The same seed makes the same market.")
  var seed: UInt64 = 1

  @Option(help: "How many orders.")
  var orders = DemoMarket().orders

  @Option(help: "How many days the history reaches back.")
  var days = DemoMarket().days

  @Option(
    help: ArgumentHelp(
      "How many of those days leave a trace; by default all.",
      discussion: """
        Older orders are as if brought over from another shop: without events, sessions, reservations, attempts to \
        deliver and reveals, in a third of the room. 'gkmd verify' misses those.
        """))
  var tracedDays: Int?

  @Option(help: ArgumentHelp("The right side of each Message-ID.", valueName: "domain"))
  var mailDomain = DemoMarket().mailDomain

  @Flag(help: "Also where there are orders already.")
  var force = false

  func validate() throws {
    guard DemoMarket.orderRange.contains(orders) else {
      throw ValidationError(
        "Between \(DemoMarket.orderRange.lowerBound) and \(DemoMarket.orderRange.upperBound) orders can be made.")
    }
    guard DemoMarket.dayRange.contains(days) else {
      throw ValidationError(
        "The history can have \(DemoMarket.dayRange.lowerBound) to \(DemoMarket.dayRange.upperBound) days.")
    }
    if let tracedDays, !(0...days).contains(tracedDays) {
      throw ValidationError("Of \(days) days, 0 to \(days) can leave a trace.")
    }
  }

  func run() async throws {
    let vault = try keys.vault()
    var market = DemoMarket()
    market.seed = seed
    market.orders = orders
    market.days = days
    market.tracedDays = tracedDays
    market.mailDomain = mailDomain
    market.isForced = force
    let made = market
    let summary = try await database.connected(statementTimeout: .seconds(3_600)) { connection in
      let summary = try await connection.write { try made.load($0, vault: vault) }
      try await connection.run { try DemoMarket.analyze($0) }
      return summary
    }
    let total = summary.orders.values.reduce(0, +)
    print(
      """
      Made \(summary.vendors) vendors with \(summary.listings) listings and \(summary.keys) keys, \(total) orders and \
      \(summary.auditEvents) audit events.
      """)
    let states = OrderState.allCases.compactMap { state in summary.orders[state].map { "\($0) \(state.rawValue)" } }
    print("Orders: \(states.joined(separator: ", ")).")
    if !summary.people.isEmpty {
      let people = summary.people.map { "\($0.login) (\($0.role.rawValue))" }
      print("People, without a password yet: \(people.joined(separator: ", ")).")
    }
  }
}
