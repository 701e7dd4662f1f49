import Market
package import Postgres

/// A change of logins. The cluster has one catalogue of them for all of its databases, and PostgreSQL refuses whoever
/// changes an entry of it at the same moment as somebody else, with nothing done: tried again, then.
package enum RoleChange {
  private static let tries = 6

  package static func write<Value: Sendable>(
    on connection: PostgresConnection, _ body: @escaping @Sendable (borrowing Session) throws -> Value
  ) async throws -> Value {
    for attempt in 1... {
      do {
        return try await connection.write { try body($0) }
      } catch let error as PostgresError {
        guard attempt < tries, error.sqlState == "XX000", error.message.contains("concurrently") else { throw error }
        try await Task.sleep(for: .milliseconds(Int.random(in: 10...30) << attempt))
      }
    }
    throw CancellationError()
  }
}
