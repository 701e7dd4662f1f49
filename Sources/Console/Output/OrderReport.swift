import Market
package import Postgres
import Store
import Terminal

/// `gkm show` and `gkm find`.
package enum OrderReport {
  /// Prints one order's whole story; for a vendor their own part of it.
  package static func show(
    _ key: String, json: Bool, on connection: PostgresConnection
  ) async throws {
    let lines = try await connection.read(isolation: .repeatableRead) { session in
      let viewer = try Viewer.current(session)
      let number = try OrderLookup.number(session, viewer: viewer, key)
      guard viewer.role != .vendor else {
        guard let order = try OrderLookup.row(session, viewer: viewer, number: number) else { return [String]() }
        let rows = try VendorList.timeline(session, viewer: viewer, order: number)
        let fields = order.fields + [ListField("audit", .objects(rows.map(\.fields)))]
        return json ? [JSONText.object(fields)] : StoryText.lines(order, vendorTimeline: rows)
      }
      guard let story = try OrderStory.read(session, order: number) else { return [] }
      return json ? [JSONText.object(story.fields)] : StoryText.lines(story)
    }
    guard !lines.isEmpty else { throw ConsoleFailure("nothing is known of “\(key)”", status: .noInput) }
    var output = OutputWriter()
    for line in lines { try output.line(line) }
    try output.flush()
  }

  /// Prints the orders that `text` leads to, newest first, each with what it was found by.
  package static func find(
    _ text: String, limit: Int, format: OutputFormat, on connection: PostgresConnection,
    terminal: OutputTerminal = .standardOutput()
  ) async throws {
    let hits = try await connection.read { session in
      try OrderLookup.find(session, viewer: try Viewer.current(session), text, limit: limit)
        .map { [ListField("by", .text($0.by))] + $0.order.fields }
    }
    guard !hits.isEmpty else { throw ConsoleFailure("nothing is known of “\(text)”", status: .noInput) }
    var printer = RowPrinter(
      names: ["by"] + ListKind.orders.memberNames, table: .found(terminal: terminal), format: format)
    try printer.print(hits)
  }
}
