package import Market
package import Postgres
import Store

/// A length of time as it is typed: `30m`, `2h`, `7d`.
package struct AlertSpan: Sendable, Equatable {
  package let text: String
  package let duration: Duration

  package init?(_ text: String) {
    let units: [Character: Int64] = ["m": 60, "h": 3_600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), (1...100_000).contains(count)
    else { return nil }
    self.text = text
    duration = .seconds(count * unit)
  }
}

/// `gkm alert`: what is amiss, and what people do about it.
package enum AlertReport {
  /// Prints the alerts that are not over.
  package static func list(
    on connection: PostgresConnection, format: OutputFormat, terminal: OutputTerminal = .standardOutput()
  ) async throws {
    let rows = try await connection.read { session in
      do {
        return try AlertList.page(session, where: ["a.state <> 'resolved'"], after: nil, limit: 1_000)
      } catch let error as PostgresError {
        throw ActionRefused(error) ?? error
      }
    }
    var printer = RowPrinter(
      names: AlertList.memberNames, table: TextTable(AlertsScreen.textColumns, terminal: terminal), format: format)
    try printer.print(rows.map(\.fields))
  }

  /// Each answers what to say.
  package static func acknowledge(
    _ alert: Int64, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      let row = try AlertSwitches.current(session, alert)
      _ = try AlertSwitches.acknowledge(session, alert, version: row.version, reason: reason)
      return "The team hears no reminders of alert \(alert) (\(name(row.rule, row.subject)))."
    }
  }

  package static func silence(
    _ rule: AlertRule, about subject: String?, for span: AlertSpan, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write {
      try AlertSwitches.silence($0, rule: rule.rawValue, subject: subject, for: span.duration, reason: reason)
    }
    return "Nothing is said of \(name(rule.rawValue, subject ?? "")) for \(span.text)."
  }

  package static func unsilence(
    _ rule: AlertRule, about subject: String?, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write {
      try AlertSwitches.unsilence($0, rule: rule.rawValue, subject: subject, reason: reason)
    }
    return "\(name(rule.rawValue, subject ?? "")) is told of again."
  }

  private static func name(_ rule: String, _ subject: String) -> String {
    subject.isEmpty ? rule : "\(rule) \(subject)"
  }
}
