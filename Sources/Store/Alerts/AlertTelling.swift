package import Market
package import Postgres

/// What the team is told of one rule in one message.
package struct AlertTelling: Sendable, Equatable {
  package let message: AlertCourse.Message
  package let rule: String
  package let title: String
  package let severity: AlertSeverity
  /// The same for the same news, whoever tells it.
  package let dedupe: String
  /// A line for each subject.
  package let lines: [String]
  /// When the first of it was seen.
  package let since: Instant
  package let at: Instant
  /// Of the team's; none named: all.
  package let channels: [String]

  package init(
    message: AlertCourse.Message, rule: String, title: String, severity: AlertSeverity, dedupe: String,
    lines: [String], since: Instant, at: Instant, channels: [String]
  ) {
    self.message = message
    self.rule = rule
    self.title = title
    self.severity = severity
    self.dedupe = dedupe
    self.lines = lines
    self.since = since
    self.at = at
    self.channels = channels
  }

  /// What a message has room for; of the others it says how many there are.
  package static let lineLimit = 10

  /// The lines as one text.
  package var text: String {
    let shown = lines.prefix(Self.lineLimit)
    let rest = lines.count - shown.count
    return (shown + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: "\n")
  }

  /// The template that it is written with.
  package var template: String { message == .resolved ? "alert_recovered" : "alert" }

  /// What the template is told.
  package var values: [String: String] {
    var values = [
      "title": message == .reminder ? "Still: \(title)" : title, "detail": text, "severity": severity.rawValue,
      "since": "\(since.description.prefix(16).replacing("T", with: " ")) UTC",
    ]
    if message == .resolved { values["lasted"] = AlertProbe.spell(at - since) }
    return values
  }

  /// Queues it for the team, in the transaction that made it so. Queued twice, it is one message.
  package func queue(_ session: borrowing Session) throws {
    let values = values
    let names = values.keys.sorted()
    try session.execute(
      """
      SELECT gkm.notice_add(\(template), 'team', \(dedupe), NULL, NULL,
        jsonb_object(\(names), \(names.map { values[$0] ?? "" })), p_channels => \(channels))
      """)
  }
}
