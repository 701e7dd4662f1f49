import ArgumentParser
import Console
import Market

/// `gkm reveal`
struct RevealCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reveal", abstract: "Show a key of the stock on this terminal for 15 seconds; as ops or admin.",
    discussion: """
      The key comes sealed to this process alone, and is shown where no scrollback keeps it. Each time is told to the \
      audit log, with the reason. Past the market's setting reveal.alone in an hour somebody else has to agree first, \
      and past reveal.hourly_limit nothing more is shown.
      """)

  @Argument(help: ArgumentHelp("The key's id, as 'gkm show' gives it.", valueName: "unit"))
  var unit: Int64?

  @Option(help: ArgumentHelp("Agree to somebody else's request.", valueName: "request"))
  var approve: Int64?

  @Option(help: ArgumentHelp("Refuse somebody else's request.", valueName: "request"))
  var reject: Int64?

  @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
  var reason: String

  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard [unit, approve, reject].compactMap({ $0 }).count == 1 else {
      throw ValidationError("Say one of a unit, --approve and --reject.")
    }
    try demandWriting(connection)
  }

  func run() async throws {
    let (unit, request, approves, reason) = (unit, approve ?? reject, approve != nil, reason)
    let market = connection.connection
    let said: String = try await market.connected { connection in
      if let unit {
        return try await RevealReport.show(StockUnitID(unit), reason: reason, market: market, on: connection)
      }
      return try await RevealReport.decide(
        KeyRequestID(request ?? 0), approves: approves, reason: reason, on: connection)
    }
    print(said)
  }
}
