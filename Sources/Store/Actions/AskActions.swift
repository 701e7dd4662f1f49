import FoundationEssentials
package import Market
package import Postgres

/// Deciding on what somebody asked for. `version` is that of the ask as it was shown; throws `ActionRefused` and
/// `PostgresError`.
package enum AskActions {
  /// What becomes of an ask.
  package enum Decision: String, CaseIterable, Sendable {
    /// It is done, as the order stands now.
    case approve
    case refuse
    /// By whoever asked.
    case withdraw
  }

  package struct Answer: Sendable, Equatable, Decodable {
    package let number: String
    package let kind: AskKind
    /// The key that took a bad one's place.
    package let replacedBy: StockUnitID?

    enum CodingKeys: String, CodingKey {
      case number, kind
      case replacedBy = "replaced_by"
    }
  }

  /// The ask as it stands, for its version; throws `ActionRefused` where there is none. For staff.
  package static func current(_ session: borrowing Session, _ id: AskID) throws -> AskRow {
    do {
      if let row = try AskList.page(session, where: ["a.id = \(id)"], after: nil, limit: 1).first { return row }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
    throw ActionRefused(.notFound, "there is no ask \(id)")
  }

  package static func decide(
    _ session: borrowing Session, _ decision: Decision, _ id: AskID, version: Int64, reason: String
  ) throws -> Answer {
    do {
      let answer = try session.first(
        "SELECT api.\(unescaped: decision.rawValue)_ask(\(id), \(version), \(reason))"
      ) { try $0.bytes(0) }
      guard let answer, let read = try? JSONDecoder().decode(Answer.self, from: Data(answer)) else {
        throw StoreError.badRow("api.\(decision.rawValue)_ask gave no answer")
      }
      return read
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
