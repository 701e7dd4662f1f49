import Glibc
package import Market
package import Postgres
package import Store
import Terminal

/// `gkm stock`: imports, their verdicts, and what is taken out of sale.
package enum ImportReport {
  private static let pollInterval = Duration.milliseconds(300)

  /// Sends a file and waits until the daemon is done with it; prints what became of it. Answers whether any key of it
  /// was taken.
  package static func run(
    _ wish: StockUpload.Wish, to market: ConsoleConnection, waits: Bool, json: Bool, on connection: PostgresConnection
  ) async throws -> Bool {
    let key = try await KnownMarkets.ofPerson.key(of: market, on: connection)
    let progress = ProgressLine()
    let id = try await StockUpload(wish, to: key, on: connection).run { progress.show("import \($0): \($1) rows sent") }
    guard waits else {
      progress.clear()
      try say(["Import \(id) is sent; 'gkm list imports' shows what becomes of it."])
      return true
    }
    var standing = try await connection.read { try StockActions.standing($0, id) }
    while !standing.isOver {
      progress.show("import \(id): \(standing.done) of \(standing.rows) rows done")
      try await Task.sleep(for: pollInterval)
      standing = try await connection.read { try StockActions.standing($0, id) }
    }
    progress.clear()
    try say(json ? [JSONText.object(fields(standing))] : lines(standing))
    return standing.accepted > 0
  }

  package static func lines(_ standing: ImportStanding) -> [String] {
    let rows = "\(standing.accepted) of \(standing.rows) keys"
    var lines: [String] =
      switch standing.state {
      case .imported: ["Import \(standing.id): \(rows) are in the stock of listing \(standing.listing)."]
      case .checked: ["Dry run \(standing.id): \(rows) would be imported into listing \(standing.listing)."]
      case .failed: ["Import \(standing.id) failed: \(standing.problem ?? "nothing was imported")."]
      case .cancelled: ["Import \(standing.id) was cancelled."]
      case .uploading: ["Import \(standing.id): \(standing.rows) rows are sent, and not all yet."]
      case .queued: ["Import \(standing.id): \(standing.done) of \(standing.rows) rows are done."]
      }
    lines += standing.refusals.map { "  \($0.1) \($0.0.title)" }
    if standing.refused > 0 { lines.append("Which lines: gkm stock verdicts \(standing.id)") }
    return lines.map { Sanitizer.clean($0) }
  }

  package static func fields(_ standing: ImportStanding) -> [ListField] {
    [
      ListField("id", .integer(standing.id)), ListField("listing", .integer(standing.listing)),
      ListField("state", .text(standing.state.rawValue)), ListField("dry_run", .flag(standing.isDryRun)),
      ListField("rows", .integer(Int64(standing.rows))), ListField("accepted", .integer(Int64(standing.accepted))),
      ListField("repeated", .integer(Int64(standing.repeated))), ListField("yours", .integer(Int64(standing.yours))),
      ListField("review", .integer(Int64(standing.review))),
      ListField("malformed", .integer(Int64(standing.malformed))),
      ListField("too_long", .integer(Int64(standing.tooLong))), ListField("problem", .optional(standing.problem)),
    ]
  }

  /// Prints what became of each line: as ranges for people, line by line as CSV or JSON. Lines that were imported are
  /// left out unless `all`.
  package static func verdicts(
    _ id: StockImportID, all: Bool, format: OutputFormat, on connection: PostgresConnection
  ) async throws {
    var output = OutputWriter()
    if format == .csv { try output.write(CSVText.header(["line", "verdict", "meaning"])) }
    var after = 0
    while true {
      let ranges = try await connection.read { [after] in try StockActions.verdicts($0, id, after: after) }
      guard let last = ranges.last else { break }
      after = last.first
      for range in ranges where all || !range.verdict.isTaken { try write(range, format, &output) }
      try output.flush()
    }
    try output.flush()
  }

  private static func write(_ range: VerdictRange, _ format: OutputFormat, _ output: inout OutputWriter) throws {
    guard format != .text else {
      let lines = range.first == range.last ? "line \(range.first)" : "lines \(range.first) to \(range.last)"
      return try output.line("\(lines): \(range.verdict.title)")
    }
    for line in range.first...range.last {
      let fields = [
        ListField("line", .integer(Int64(line))), ListField("verdict", .text(range.verdict.rawValue)),
        ListField("meaning", .text(range.verdict.title)),
      ]
      if format == .csv { try output.write(CSVText.row(fields)) } else { try output.line(JSONText.object(fields)) }
    }
  }

  package static func cancel(_ id: StockImportID, reason: String, on connection: PostgresConnection) async throws
    -> String
  {
    try await connection.write { try StockActions.cancel($0, id, reason: reason) }
    return "Import \(id) is cancelled: nothing of it is in the stock."
  }

  package static func withdraw(
    _ wish: StockActions.Wish, of listing: ListingID, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let done = try await connection.write { try StockActions.withdraw($0, listing: listing, wish, reason: reason) }
    return "\(done.withdrawn) keys of listing \(listing) are out of sale; \(done.available) are left to sell."
  }

  /// What the market's key is, and whether it is the one that is known here.
  package static func key(
    of market: ConsoleConnection, accepting accepted: String?, on connection: PostgresConnection
  ) async throws -> [String] {
    let key = try await KnownMarkets.ofPerson.key(of: market, on: connection, accepting: accepted)
    return ["The market's key is \(key.fingerprint), and known here.", "'gkmd keys show' prints the same on its host."]
  }

  private static func say(_ lines: [String]) throws {
    var output = OutputWriter()
    for line in lines { try output.line(line) }
    try output.flush()
  }
}

extension StockVerdict {
  /// Whether the row is, or would be, in the stock.
  package var isTaken: Bool { self == .imported || self == .wouldImport }
}

/// A line on a terminal that is written over as things go on; nothing where standard error is none.
struct ProgressLine: Sendable {
  private let isShown = isatty(STDERR_FILENO) == 1

  func show(_ text: String) { write("\r\u{1B}[K" + text) }
  func clear() { write("\r\u{1B}[K") }

  private func write(_ text: String) {
    guard isShown else { return }
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
