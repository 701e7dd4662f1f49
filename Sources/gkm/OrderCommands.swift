import ArgumentParser
import Console

/// `gkm show`
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show everything that happened to an order.")

  @Argument(
    help: ArgumentHelp("Its number, its id, or the id of anything at Stripe that belongs to it.", valueName: "order"))
  var order: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.connection.connected { try await OrderReport.show(order, json: json, on: $0) }
  }
}

/// `gkm find`
struct FindCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "find",
    abstract: "Find orders by anything written on them.",
    discussion: """
      An order's number or its beginning, an e-mail address or its beginning, a Stripe id of any kind, the last four \
      digits of a card, a vendor's handle; and by a key, which is read from standard input and goes to the daemon \
      sealed.
      """)

  @Argument(help: ArgumentHelp("What is known.", valueName: "anything"))
  var anything: String?

  @Option(help: ArgumentHelp("Find by the key that comes by standard input; '-' is all it takes.", valueName: "-"))
  var key: String?

  @Option(help: ArgumentHelp("Orders at most.", valueName: "rows"))
  var limit = 50

  @OptionGroup var format: FormatOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (1...500).contains(limit) else { throw ValidationError("--limit is between 1 and 500.") }
    if let key, key != "-" {
      throw ValidationError("A key is never an argument, which everybody on this machine can see: --key - reads it.")
    }
    guard (anything == nil) != (key == nil) else { throw ValidationError("Say what is known, or --key -.") }
  }

  func run() async throws {
    guard let anything else {
      let (market, format) = (connection.connection, format.format)
      let text = try RevealReport.readKey()
      return try await market.connected {
        try await RevealReport.find(text, format: format, market: market, on: $0)
      }
    }
    try await connection.connection.connected {
      try await OrderReport.find(anything, limit: limit, format: format.format, on: $0)
    }
  }
}
