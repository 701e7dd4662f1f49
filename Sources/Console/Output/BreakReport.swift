package import Market
package import Postgres
import Store
import Terminal

/// `gkm break` and `gkm replay`: what a person does about a difference to Stripe, and the line that says it was done.
package enum BreakReport {
  package static func assign(
    _ id: ReconBreakID, to login: String?, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await change(id, on: connection, "is assigned to \(login ?? "you")") {
      try BreakActions.assign($0, id, version: $1.version, to: login, reason: reason)
    }
  }

  package static func explain(
    _ id: ReconBreakID, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await change(id, on: connection, "is explained") {
      try BreakActions.explain($0, id, version: $1.version, reason: reason)
    }
  }

  package static func close(
    _ id: ReconBreakID, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await change(id, on: connection, "is closed") {
      try BreakActions.close($0, id, version: $1.version, reason: reason)
    }
  }

  private static func change(
    _ id: ReconBreakID, on connection: PostgresConnection, _ now: String,
    _ act: @escaping @Sendable (borrowing Session, BreakRow) throws -> Int64
  ) async throws -> String {
    let row = try await connection.write { session in
      let row = try BreakActions.current(session, id)
      _ = try act(session, row)
      return row
    }
    let order = row.order.map { " of order \($0)" } ?? ""
    return Sanitizer.clean("Break \(row.id)\(order), \(row.kind) \(row.object), \(now).")
  }
}
