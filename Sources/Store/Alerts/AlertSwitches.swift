import Market
package import Postgres

/// What ops and admins do about alerts, each with a reason that is kept.
///
/// Every call throws `ActionRefused` for what the market refuses, and `PostgresError` for what the database could not
/// do.
package enum AlertSwitches {
  /// Says that somebody knows: no reminders follow. Answers the alert's next version.
  package static func acknowledge(
    _ session: borrowing Session, _ alert: Int64, version: Int64, reason: String
  ) throws -> Int64 {
    try answer(session, "SELECT api.alert_ack(\(alert), \(version), \(reason))")
  }

  /// Has a rule say nothing for a while; about one subject, or about all.
  package static func silence(
    _ session: borrowing Session, rule: String, subject: String?, for duration: Duration, reason: String
  ) throws {
    _ = try answer(
      session, "SELECT api.alert_silence(\(rule), \(subject), \(duration.components.seconds), \(reason))")
  }

  /// Ends the silence of a rule, or of one subject of it.
  package static func unsilence(
    _ session: borrowing Session, rule: String, subject: String?, reason: String
  ) throws {
    _ = try answer(session, "SELECT api.alert_unsilence(\(rule), \(subject), \(reason))::bigint")
  }

  /// The alert as it stands.
  package static func current(_ session: borrowing Session, _ id: Int64) throws -> AlertRow {
    do {
      if let row = try AlertList.page(session, where: ["a.id = \(id)"], after: nil, limit: 1).first { return row }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
    throw ActionRefused(.notFound, "there is no alert \(id)")
  }

  private static func answer(_ session: borrowing Session, _ sql: SQL) throws -> Int64 {
    do {
      guard let answer = try session.first(sql, { try $0.int64(0) }) else {
        throw StoreError.badRow("a function of schema api gave no answer")
      }
      return answer
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
