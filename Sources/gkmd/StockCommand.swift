import ArgumentParser
import Market
import Postgres
import Store

/// `gkmd stock import`
struct StockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stock", abstract: "The keys that vendors sell.", subcommands: [Import.self])

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Bring keys into a listing's stock, as gkm_daemon.",
      discussion: """
        The file has one key to a line, or is CSV with a column called key. Keys are sealed before they reach the \
        database. Lines that are not taken are told with their numbers, and do not stop the others; if none is taken, \
        the exit status is 65.
        """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var keys: VaultOptions

    @Option(help: ArgumentHelp("The listing's number.", valueName: "id"))
    var listing: Int64

    @Option(
      help: ArgumentHelp("Where the keys come from, for the record; by default the file's name.", valueName: "text"))
    var source: String?

    @Argument(help: "The file; '-' is standard input.")
    var file: String

    func run() async throws {
      let vault = try keys.vault()
      let stock: StockFile
      do {
        stock = try StockFile(InputFile.read(file))
      } catch let error as StockFileError {
        throw Failure("\(file): \(error)", status: 65)
      }
      guard stock.count > 0 else { throw Failure("\(file) holds no keys", status: 65) }
      let name = file == "-" ? "standard input" : file.split(separator: "/").last.map(String.init) ?? file
      let (listing, source) = (ListingID(listing), source ?? name)
      let report = try await database.connected(statementTimeout: .seconds(600)) { connection in
        try await Self.write(connection, stock, into: listing, source: source, vault: vault)
      }
      for refused in report.refused { Failure.say("\(file), line \(refused.line): \(refused.why.rawValue)") }
      print("Imported \(report.accepted) of \(stock.count) keys into listing \(listing).")
      if report.accepted == 0 { throw ExitCode(65) }
    }

    /// Another import can bring the same keys at the same moment: then the later one looks again.
    private static func write(
      _ connection: PostgresConnection, _ stock: StockFile, into listing: ListingID, source: String, vault: KeyVault
    ) async throws -> StockImport.Report {
      var triesLeft = 3
      while true {
        do {
          return try await connection.write { session in
            var stockImport = StockImport(vault)
            return try stockImport.run(session, into: listing, stock.lines, unread: stock.refused, source: source)
          }
        } catch let error as PostgresError where error.isUniqueViolation && triesLeft > 1 {
          triesLeft -= 1
        }
      }
    }
  }
}
