import FoundationEssentials
import Logging
import Postgres
import Store

extension CheckoutDesk {
  /// How often a request looks for the answer of another that came under the same key.
  private static let looks = 20

  /// Opens an order under a key, or answers as the key was answered.
  func openOnce(_ request: CheckoutRequest, _ claim: IdempotencyClaim) async throws(Problem) -> AnsweredCheckout {
    for look in 1...Self.looks {
      switch try await standing(of: claim) {
      case .otherBody: throw .keyReused
      case .opened(let answer):
        telemetry.count(Telemetry.CheckoutOutcome.repeated)
        return answer
      case .refused(let document):
        telemetry.count(Telemetry.CheckoutOutcome.repeated)
        throw (try? JSONDecoder().decode(Problem.self, from: Data(document))) ?? .failed
      case .pending(let pending): return try await complete(pending, isKeyed: true)
      case .unknown, .known: break
      }
      do throws(Problem) {
        return try await openNew(request)
      } catch {
        // Somebody else came in between under the same key.
        guard error == .requestUnderWay else { throw await settled(error, claim) }
      }
      try? await Task.sleep(for: .milliseconds(min(10 * look, 100)))
    }
    throw .requestUnderWay
  }

  private func standing(of claim: IdempotencyClaim) async throws(Problem) -> IdempotencyStanding {
    do {
      return try await pool.read { try CheckoutIdempotency.standing($0, claim) }
    } catch {
      telemetry.count(Telemetry.CheckoutOutcome.unavailable)
      logger.warning("a repeated request could not be looked up", metadata: ["error": "\(error)"])
      throw Problem.checkoutUnavailable
    }
  }

  /// A refusal that asking again will not change is remembered, so that who asks again hears it again. Where somebody
  /// else was refused first, theirs is the answer.
  private func settled(_ problem: Problem, _ claim: IdempotencyClaim) async -> Problem {
    guard problem.status < 500, problem.retryAfter == nil else { return problem }
    do {
      let document = Array(try JSONEncoder().encode(problem))
      let standing = try await pool.write { session in
        try CheckoutIdempotency.note(session, claim, problem: document)
        return try CheckoutIdempotency.standing(session, claim)
      }
      guard case .refused(let first) = standing else { return problem }
      return try JSONDecoder().decode(Problem.self, from: Data(first))
    } catch {
      logger.warning("a refusal could not be remembered", metadata: ["error": "\(error)"])
      return problem
    }
  }
}
