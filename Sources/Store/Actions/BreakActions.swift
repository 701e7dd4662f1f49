package import Market
package import Postgres

/// What people do about a break. Each gives a reason, and is refused where the break changed since it was shown.
package enum BreakActions {
  /// The break as it stands, for its version; throws `ActionRefused` where there is none.
  package static func current(_ session: borrowing Session, _ id: ReconBreakID) throws -> BreakRow {
    do {
      if let row = try BreakList.page(session, where: ["b.id = \(id)"], after: nil, limit: 1).first { return row }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
    throw ActionRefused(.notFound, "there is no break \(id)")
  }

  /// Gives it to somebody of the staff; to whoever asks where `login` is `nil`. Returns its new version, as the others.
  package static func assign(
    _ session: borrowing Session, _ id: ReconBreakID, version: Int64, to login: String?, reason: String
  ) throws -> Int64 {
    try call(session, "SELECT api.assign_break(\(id), \(version), \(login), \(reason))")
  }

  package static func explain(
    _ session: borrowing Session, _ id: ReconBreakID, version: Int64, reason: String
  ) throws -> Int64 {
    try call(session, "SELECT api.explain_break(\(id), \(version), \(reason))")
  }

  package static func close(
    _ session: borrowing Session, _ id: ReconBreakID, version: Int64, reason: String
  ) throws -> Int64 {
    try call(session, "SELECT api.close_break(\(id), \(version), \(reason))")
  }

  private static func call(_ session: borrowing Session, _ sql: SQL) throws -> Int64 {
    do {
      guard let version = try session.first(sql, { try $0.int64(0) }) else {
        throw StoreError.badRow("a function of breaks gave no version")
      }
      return version
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
