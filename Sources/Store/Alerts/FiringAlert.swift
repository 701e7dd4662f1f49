package import Postgres

/// An alert that fires now, as the pulse shows it.
package struct FiringAlert: Sendable, Equatable {
  package var rule: String
  package var subject: String
  package var detail: String
  /// Since it fired.
  package var age: Duration
  package var isAcknowledged: Bool

  package init(rule: String, subject: String, detail: String, age: Duration, isAcknowledged: Bool) {
    self.rule = rule
    self.subject = subject
    self.detail = detail
    self.age = age
    self.isAcknowledged = isAcknowledged
  }

  /// How many fire, by rule.
  package static func counts(_ session: borrowing Session) throws -> [String: Int] {
    let rows: [(String, Int)] = try session.rows(
      "SELECT rule, count(*) FROM gkm.alert WHERE state = 'firing' GROUP BY rule"
    ) { (try $0.string(0), try $0.int(1)) }
    return Dictionary(rows) { first, _ in first }
  }

  /// The newest first, those that nobody knows of before the others. For staff and for the daemon.
  package static func read(_ session: borrowing Session, limit: Int = 20) throws -> [FiringAlert] {
    try session.rows(
      """
      SELECT a.rule, a.subject::text, a.detail::text, extract(epoch FROM now() - a.fired_at)::float8,
        k.alert_id IS NOT NULL
      FROM gkm.alert a LEFT JOIN gkm.alert_ack k ON k.alert_id = a.id
      WHERE a.state = 'firing' ORDER BY k.alert_id IS NOT NULL, a.fired_at DESC, a.id DESC LIMIT \(limit)
      """
    ) { row in
      FiringAlert(
        rule: try row.string(0), subject: try row.string(1), detail: try row.string(2),
        age: .microseconds(Int64(max(0, try row.double(3)) * 1_000_000)), isAcknowledged: try row.bool(4))
    }
  }
}
