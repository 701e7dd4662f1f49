import ArgumentParser
import Console

/// `gkm order`
struct OrderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order", abstract: "Do something about an order by hand; see also 'gkm show'.",
    subcommands: [
      Resend.self, Replace.self, Siblings.self, Hold.self, Release.self, Note.self,
    ])

  /// What every deed takes: which order, why, and how it is told.
  struct DeedOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The order, by its number or anything that leads to it.", valueName: "order"))
    var order: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String?

    @Flag(help: "Only tell what would come of it.")
    var dryRun = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if dryRun { return }
      if reason == nil { throw ValidationError("--reason is needed, unless it is a --dry-run.") }
      try demandWriting(connection)
    }

    func act(_ deed: ManualReport.Deed) async throws {
      let (order, reason, isDryRun, json) = (order, reason, dryRun, json)
      let lines = try await connection.connection.connected {
        try await ManualReport.act(deed, order, reason: reason, isDryRun: isDryRun, json: json, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct Resend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send an order's keys once more; to another address as ops or admin, or asked for by support.",
      discussion: """
        The same keys, at most three times an hour. With another address all later mails go there too and the old one \
        is told; that is refused once a key was looked at.
        """)

    @OptionGroup var deed: DeedOptions

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

    @Option(help: ArgumentHelp("Another address than the order's.", valueName: "address"))
    var to: String?

    func validate() throws {
      if units != nil, to != nil { throw ValidationError("--units and --to exclude each other.") }
    }

    func run() async throws { try await deed.act(to.map { .resendTo($0) } ?? .resend(units: units)) }
  }

  struct Replace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Replace a bad key; as ops or admin, or asked for by support.",
      discussion: """
        The key is taken out for good and its batch is flagged; another key of the listing is sent at once, and the \
        customer is told.
        """)

    @OptionGroup var deed: DeedOptions

    @Option(help: ArgumentHelp("Which unit, by its place in the order.", valueName: "unit"))
    var unit = 1

    @Flag(help: "Where no key is in stock, let the order wait for one.")
    var wait = false

    func run() async throws { try await deed.act(.replace(unit: unit, waits: wait)) }
  }

  struct Siblings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Count the keys that came in one batch with an order's key.")

    @Argument(help: ArgumentHelp("The order, by its number or anything that leads to it.", valueName: "order"))
    var order: String

    @Option(help: ArgumentHelp("Which unit, by its place in the order.", valueName: "unit"))
    var unit = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (order, unit, json) = (order, unit, json)
      let lines = try await connection.connection.connected {
        try await ManualReport.siblings(order, unit: unit, json: json, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct Hold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop an order: nothing of it is bound, sent or paid back by itself.")

    @OptionGroup var deed: DeedOptions

    func run() async throws { try await deed.act(.hold) }
  }

  struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let an order go on that somebody holds; as ops or admin.")

    @OptionGroup var deed: DeedOptions

    func run() async throws { try await deed.act(.release) }
  }

  struct Note: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a note into an order's timeline; only staff read it.")

    @Argument(help: ArgumentHelp("The order, by its number or anything that leads to it.", valueName: "order"))
    var order: String

    @Argument(help: ArgumentHelp("The note, in 3 to 500 characters.", valueName: "text"))
    var text: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func run() async throws {
      let (order, text) = (order, text)
      let lines = try await connection.connection.connected { try await ManualReport.note(order, text: text, on: $0) }
      for line in lines { print(line) }
    }
  }
}
