import Market
package import Postgres
import Store
import Terminal

/// `gkm event`: looking into events that stand aside, and having them applied again.
package enum EventReport {
  /// Prints what staff may know of an event.
  package static func show(_ id: String, json: Bool, on connection: PostgresConnection) async throws {
    let details = try await connection.read(isolation: .repeatableRead) { try EventDetails.read($0, event: id) }
    guard let details else { throw ConsoleFailure("there is no event \(id)", status: .noInput) }
    var output = OutputWriter()
    for line in json ? [JSONText.object(details.fields)] : lines(details) { try output.line(line) }
    try output.flush()
  }

  private static func lines(_ details: EventDetails) -> [String] {
    var lines = [Sanitizer.clean("\(details.event)  \(details.state.rawValue)  \(details.type)")]
    func fact(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      lines.append("  \(TextWidth.pad(name, to: 10))\(Sanitizer.clean(value))")
    }
    fact("problem", details.problem)
    fact("order", details.order)
    fact("waits for", details.waitsFor.joined(separator: ", "))
    fact("mode", details.livemode.map { $0 ? "live" : "test" })
    fact("created", details.createdAt?.rfc3339)
    fact("received", details.receivedAt.rfc3339)
    fact("size", details.bytes.map { "\($0) bytes" } ?? "its bytes are no longer kept")
    for row in details.audit {
      let record = row.body.flatMap { try? AuditRecord(parsing: Array($0.utf8)) }
      let reason = record?.reason.map { ": \($0)" } ?? ""
      lines.append("\(row.at.rfc3339Microseconds)  \(Sanitizer.clean("\(row.action) by \(row.actor ?? "")\(reason)"))")
    }
    return lines
  }

  /// Puts the events back into the queue, each by itself, and prints what became of each; with none named, all that are
  /// in quarantine. Answers how many were refused.
  package static func replay(_ ids: [String], reason: String, on connection: PostgresConnection) async throws -> Int {
    let events = ids.isEmpty ? try await quarantined(connection) : ids
    var output = OutputWriter()
    var refused = 0
    for id in events {
      do {
        let was = try await connection.write { try ReplayEvent.replay($0, event: id, reason: reason) }
        try output.line(Sanitizer.clean("\(id) was \(was.rawValue), and is applied again"))
      } catch let error as ActionRefused {
        // What refuses one for its state refuses no other.
        guard error.kind == .impossible || error.kind == .notFound else { throw error }
        refused += 1
        try output.line(Sanitizer.clean("\(id): \(error)"))
      }
    }
    try output.flush()
    return refused
  }

  private static func quarantined(_ connection: PostgresConnection) async throws -> [String] {
    var found: [String] = []
    var after: Int64?
    while true {
      let position = after
      let page = try await connection.read {
        try EventList.page($0, where: [EventList.isQuarantined], after: position, limit: 500)
      }
      found += page.map(\.event)
      guard page.count == 500, let last = page.last else { return found.reversed() }
      after = last.rowID
    }
  }
}
