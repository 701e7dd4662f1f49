import Glibc
import Postgres
import Store

/// A list written into a file, for the export of what is on the screen.
enum ListFile {
  /// Rows at most: more than anybody reads, and less than fills a disk.
  static let rowLimit = 100_000

  /// Writes it; answers what to say. Nobody but the person can read the file, and none is written over.
  static func write(_ request: ExportRequest, on connection: PostgresConnection) async throws -> String {
    let path = "\(request.name).\(request.format == .csv ? "csv" : "jsonl")"
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw ConsoleFailure("cannot write \(path): \(String(cString: strerror(errno)))", status: .inputOutput)
    }
    defer { close(file) }
    let report = ListReport(kind: request.list, filter: request.filter, limit: rowLimit, format: request.format)
    do {
      let next = try await report.run(
        on: connection, terminal: OutputTerminal(columns: nil), output: OutputWriter(descriptor: file))
      return next == nil ? "Written to \(path)" : "The first \(rowLimit) rows are in \(path)"
    } catch {
      unlink(path)
      throw error
    }
  }
}
