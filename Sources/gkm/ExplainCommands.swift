import ArgumentParser
import Console
import Market

/// `gkm explain`
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Tell where an amount comes from, to the cent.",
    subcommands: [Order.self, Balance.self], defaultSubcommand: Order.self)

  struct Order: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell how the commission of an order's lines came about, and all that was posted of them.")

    @Argument(
      help: ArgumentHelp(
        "The order as 'gkm show' takes it; with :2 behind it its second line alone.", valueName: "order"))
    var order: String

    @Flag(help: "Print one JSON object per line of the order.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (order, json) = (order, json)
      let lines = try await connection.connection.connected { try await ExplainReport.order(order, json: json, on: $0) }
      for line in lines { print(line) }
    }
  }

  struct Balance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell what a vendor is owed, posting by posting, newest first.")

    @Argument(help: ArgumentHelp("A vendor's handle; a vendor need not give their own.", valueName: "vendor"))
    var vendor: String?

    @Option(help: ArgumentHelp("In this currency alone, such as eur.", valueName: "currency"))
    var currency: String?

    @Flag(help: "Print one JSON object per posting.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if let currency, Currency(currency) == nil { throw ValidationError("--currency is three letters.") }
    }

    func run() async throws {
      let (vendor, currency, json) = (vendor, currency.flatMap { Currency($0) }, json)
      try await connection.connection.connected {
        try await ExplainReport.balance(of: vendor, in: currency, json: json, on: $0)
      }
    }
  }
}
