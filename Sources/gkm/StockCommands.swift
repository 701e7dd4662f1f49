import ArgumentParser
import Console
import Market
import Store

/// `gkm stock`
struct StockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stock", abstract: "Import keys and take them out of sale; see also 'gkm list stock' and 'imports'.",
    subcommands: [Import.self, Verdicts.self, Cancel.self, Withdraw.self, Threshold.self, Key.self])

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Bring keys into a listing's stock; as vendor, or as ops or admin on behalf.",
      discussion: """
        The file has one key to a line, or is CSV with a column called key. Rows are sealed to the market before they \
        leave this program. All keys of a file come into the stock at once or none; lines that are not taken are told \
        with the reason, and do not stop the others. If no key is taken the exit status is 65.
        """)

    @Argument(help: "The file; '-' is standard input.")
    var file: String

    @Option(help: ArgumentHelp("The listing's id, as 'gkm list stock' gives it.", valueName: "id"))
    var listing: Int64

    @Option(help: ArgumentHelp("The column of keys in a CSV file, by its name.", valueName: "name"))
    var column: String?

    @Flag(help: "Only tell what would become of each line.")
    var dryRun = false

    @Option(help: ArgumentHelp("Go on with an import of the same file that was broken off.", valueName: "import"))
    var resume: Int64?

    @Flag(help: "Do not wait until the keys are in the stock.")
    var noWait = false

    @Option(
      parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters; staff has to say.", valueName: "text"))
    var reason: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func run() async throws {
      var wish = StockUpload.Wish(listing: ListingID(listing), path: file)
      wish.column = column
      wish.isDryRun = dryRun
      wish.reason = reason
      wish.resuming = resume.map { StockImportID($0) }
      let (made, market, waits, json) = (wish, connection.connection, !noWait, json)
      let isAnyTaken = try await market.connected {
        try await ImportReport.run(made, to: market, waits: waits, json: json, on: $0)
      }
      if !isAnyTaken { throw ExitCode(65) }
    }
  }

  struct Verdicts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell what became of each line of an import; by default of those that were not taken.")

    @Argument(help: ArgumentHelp("The import's id, as 'gkm list imports' gives it.", valueName: "import"))
    var id: Int64

    @Flag(help: "Those that were taken too.")
    var all = false

    @OptionGroup var format: FormatOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (id, all, format) = (StockImportID(id), all, format.format)
      try await connection.connection.connected {
        try await ImportReport.verdicts(id, all: all, format: format, on: $0)
      }
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give up an import that is not carried out yet; nothing of it comes into the stock.")

    @Argument(help: ArgumentHelp("The import's id, as 'gkm list imports' gives it.", valueName: "import"))
    var id: Int64

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func run() async throws {
      let (id, reason) = (StockImportID(id), reason)
      print(try await connection.connection.connected { try await ImportReport.cancel(id, reason: reason, on: $0) })
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take keys of a listing out of sale, for good; what buyers have reserved is not taken.")

    @Argument(help: ArgumentHelp("The listing's id, as 'gkm list stock' gives it.", valueName: "listing"))
    var listing: Int64

    @Option(help: ArgumentHelp("So many, the newest first.", valueName: "number"))
    var count: Int?

    @Option(name: .customLong("import"), help: ArgumentHelp("All of this import that are for sale.", valueName: "id"))
    var ofImport: Int64?

    @Option(help: ArgumentHelp("This key, by its id; may be repeated.", valueName: "id"))
    var unit: [Int64] = []

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      guard [count != nil, ofImport != nil, !unit.isEmpty].filter({ $0 }).count == 1 else {
        throw ValidationError("Say one of --count, --import and --unit.")
      }
      if let count, !(1...20_000).contains(count) { throw ValidationError("--count is between 1 and 20000.") }
      try demandWriting(connection)
    }

    func run() async throws {
      let wish: StockActions.Wish =
        count.map { .count($0) } ?? ofImport.map { .ofImport(StockImportID($0)) }
        ?? .units(unit.map { StockUnitID($0) })
      let (listing, reason) = (ListingID(listing), reason)
      print(
        try await connection.connection.connected {
          try await ImportReport.withdraw(wish, of: listing, reason: reason, on: $0)
        })
    }
  }

  struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the fingerprint of the key that keys are sealed to, and compare it with the one known here.",
      discussion: "The first one seen is remembered in known_markets beside config.toml. Another one is refused.")

    @Option(help: ArgumentHelp("Remember this one from now on: it is the right one.", valueName: "fingerprint"))
    var accept: String?

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (market, accept) = (connection.connection, accept)
      for line in try await market.connected({
        try await ImportReport.key(of: market, accepting: accept, on: $0)
      }) { print(line) }
    }
  }
}
