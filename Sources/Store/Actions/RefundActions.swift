import FoundationEssentials
package import Market
package import Postgres

/// A person asks for a refund, or decides on one that somebody else asked for. All of it throws `ActionRefused`, and
/// `PostgresError` for what the database could not do.
package enum RefundActions {
  /// Asks for a refund of an order as it was at `version`; in a dry run only tells what it would be, and changes
  /// nothing.
  ///
  /// - Parameter payment: `pi_…`; needed only where an order was paid more than once.
  package static func request(
    _ session: borrowing Session, order: OrderID, version: Int64, _ scope: RefundScope, payment: String? = nil,
    reason: String?, isDryRun: Bool = false
  ) throws -> RefundPlan {
    var places: [Int32]?
    var amount: Int64?
    switch scope {
    case .whole: break
    case .units(let units): places = units.map { Int32(clamping: $0) }
    case .amount(let minor): amount = minor
    }
    let (units, sum) = (places, amount)
    let answer = try refusing {
      try session.first(
        """
        SELECT api.request_refund(\(order), \(version), \(scope.word), \(units), \(sum), \(payment), \(reason),
          \(isDryRun))
        """
      ) { try $0.bytes(0) }
    }
    guard let answer, let plan = try? JSONDecoder().decode(RefundPlan.self, from: Data(answer)) else {
      throw StoreError.badRow("api.request_refund gave no plan")
    }
    return plan
  }

  /// What somebody decides on a request.
  package enum Decision: String, CaseIterable, Sendable {
    case approve, reject, cancel
  }

  /// Decides on a request as it was at `version`; answers where it stands now.
  package static func decide(
    _ session: borrowing Session, _ decision: Decision, request: RefundRequestID, version: Int64, reason: String
  ) throws -> RefundRequestState {
    let state: RefundRequestState? = try refusing {
      try session.first(
        "SELECT api.\(unescaped: decision.rawValue)_refund(\(request), \(version), \(reason))"
      ) { try $0.word(0) }
    }
    guard let state else { throw StoreError.badRow("api.\(decision.rawValue)_refund gave no state") }
    return state
  }

  private static func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
