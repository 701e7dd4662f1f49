import ArgumentParser
import Console
import Market
import Store

/// `gkm refund`
struct RefundCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refund", abstract: "Give money back, or decide on a refund; see also 'gkm list refunds'.",
    subcommands: [Request.self, Approve.self, Reject.self, Cancel.self], defaultSubcommand: Request.self)

  struct Request: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask for a refund; as support, ops or admin.",
      discussion: """
        Of all that is left, unless units or an amount are named. Keys of what is paid back are revoked; with an \
        amount they stay. Support asks, and ops or admin agree; above the market's limit two of them do.
        """)

    @Argument(help: ArgumentHelp("The order, by its number or anything that leads to it.", valueName: "order"))
    var order: String

    @Option(
      help: ArgumentHelp("These units, by their places in the order, as '1,3'.", valueName: "units"),
      transform: { text in
        let units = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard units.allSatisfy({ (1...100_000).contains($0) }), units.count <= 1_000 else {
          throw ValidationError("'\(text)' is no list of units: write it as 1,3")
        }
        return units
      })
    var units: [Int]?

    @Option(help: ArgumentHelp("So much, in the order's currency, as '5.00'; keys stay.", valueName: "amount"))
    var amount: String?

    @Option(help: ArgumentHelp("Which payment, of an order that was paid twice.", valueName: "pi_…"))
    var payment: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String?

    @Flag(help: "Only tell what it would be: the amounts, the keys, who has to agree.")
    var dryRun = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if units != nil, amount != nil { throw ValidationError("--units and --amount exclude each other.") }
      if dryRun { return }
      if reason == nil { throw ValidationError("--reason is needed, unless it is a --dry-run.") }
      try demandWriting(connection)
    }

    func run() async throws {
      let wish: RefundReport.Wish = units.map { .units($0) } ?? amount.map { .amount($0) } ?? .whole
      let (order, payment, reason, isDryRun, json) = (order, payment, reason, dryRun, json)
      let lines = try await connection.connection.connected {
        try await RefundReport.request(
          order, wish, payment: payment, reason: reason, isDryRun: isDryRun, json: json, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  /// Which request, why, and over which connection.
  struct DecisionOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The request's id, as 'gkm list refunds' gives it.", valueName: "id"))
    var id: Int64

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func decide(_ decision: RefundActions.Decision) async throws {
      let (id, reason) = (RefundRequestID(id), reason)
      print(
        try await connection.connection.connected {
          try await RefundReport.decide(decision, id, reason: reason, on: $0)
        })
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Agree to a refund that somebody else asked for; as ops or admin.")

    @OptionGroup var request: DecisionOptions

    func run() async throws { try await request.decide(.approve) }
  }

  struct Reject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refuse a refund that somebody else asked for; as ops or admin.")

    @OptionGroup var request: DecisionOptions

    func run() async throws { try await request.decide(.reject) }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a request back before it goes to Stripe: one's own, or as ops or admin any.")

    @OptionGroup var request: DecisionOptions

    func run() async throws { try await request.decide(.cancel) }
  }
}
