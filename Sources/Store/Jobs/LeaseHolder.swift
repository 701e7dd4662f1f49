import Market
package import Postgres
import Synchronization

/// Who this process is to the queue. The tokens of all its leases begin with its number, so that it is known what a
/// process holds without asking it, and a process that ends can give back what it has not finished.
package enum LeaseHolder {
  /// Random: of the few processes there are at once, no two have the same.
  package static let number = Int32.random(in: 1...Int32.max)

  private static let claims = Atomic<UInt32>(0)

  /// The process' number above, the claim's below: it takes four thousand million claims until one returns.
  static func nextToken() -> Int64 {
    Int64(number) << 32 | Int64(claims.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  /// Gives back all that this process still holds, due at once and as if it had not been claimed. Answers how much.
  ///
  /// For a process that ends: whatever it still did about those jobs would count.
  @discardableResult
  package static func releaseAll(_ session: borrowing Session) throws -> Int {
    try session.execute(
      """
      UPDATE gkm.job SET run_at = now(), lease_token = NULL, attempts = greatest(attempts - 1, 0)
      WHERE kind = ANY (\(JobKind.allCases.map(\.rawValue))) AND run_at > now() AND lease_token >> 32 = \(Int64(number))
      """)
  }
}
