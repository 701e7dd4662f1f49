import ArgumentParser
import Console
import Glibc
import Store

/// `gkm list`
struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List orders, deliveries, stock, the audit log or another list, newest first.")

  @Argument(help: ArgumentHelp("What to list.", valueName: "list"))
  var kind: ListKind

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only rows for which this holds, such as 'state:stuck since:2h amount>100'.", valueName: "filter"))
  var filter = ""

  @Option(parsing: .unconditional, help: ArgumentHelp("Rows at most; 0 for all.", valueName: "rows"))
  var limit = 50

  @Option(help: ArgumentHelp("Go on behind this row: its id, or an order's number.", valueName: "id"))
  var after: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Sort by this, the largest or latest first; -column sorts the other way round.", valueName: "column"))
  var sort: String?

  @OptionGroup var format: FormatOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard limit >= 0 else { throw ValidationError("--limit is 0 for all, or a number of rows.") }
  }

  func run() async throws {
    var report = ListReport(kind: kind, filter: filter, limit: limit, after: after, format: format.format)
    if let sort { try report.sort(by: sort) }
    let next = try await connection.connection.connected { try await report.run(on: $0) }
    if let next, format.format == .text, isatty(STDERR_FILENO) == 1 {
      let line = Array("gkm: \(limit) rows; there may be more: --after \(next), or --limit 0 for all\n".utf8)
      _ = write(STDERR_FILENO, line, line.count)
    }
  }
}

extension ListKind: ExpressibleByArgument {}

/// How rows are printed.
struct FormatOptions: ParsableArguments {
  @Flag(help: "Print one JSON object per line.")
  var json = false

  @Flag(help: "Print CSV with a header.")
  var csv = false

  var format: OutputFormat { json ? .json : csv ? .csv : .text }

  func validate() throws {
    if json, csv { throw ValidationError("--json and --csv exclude each other.") }
  }
}
