import Dispatch
import Postgres
import Synchronization
import TestSupport
import Testing

/// A configuration for the server that all tests share.
func sharedConfiguration(
  over route: PrivatePostgres.Route = .socket, _ change: (inout PostgresConfiguration) -> Void = { _ in }
) async throws -> PostgresConfiguration {
  let server = try await PrivatePostgres.shared()
  var configuration = PostgresConfiguration(conninfo: server.conninfo(over: route), applicationName: "tests")
  change(&configuration)
  return configuration
}

/// Lends a connection to the server that all tests share.
func withConnection<T: Sendable>(
  over route: PrivatePostgres.Route = .socket, _ change: (inout PostgresConfiguration) -> Void = { _ in },
  _ body: (PostgresConnection) async throws -> T
) async throws -> T {
  let connection = try await PostgresConnection.connect(sharedConfiguration(over: route, change))
  do {
    let value = try await body(connection)
    await connection.close()
    return value
  } catch {
    await connection.close()
    throw error
  }
}

/// A table of one test's own on the shared server.
func withTable<T: Sendable>(
  _ columns: String, _ body: (SQL, PostgresConnection) async throws -> T
) async throws -> T {
  try await withConnection { connection in
    let table = SQL(unescaped: "t_\(UInt64.random(in: 0 ..< .max))")
    try await connection.run { try $0.script("CREATE TABLE \(table) (\(columns))") }
    do {
      let value = try await body(table, connection)
      _ = try? await connection.run { try $0.script("DROP TABLE \(table)") }
      return value
    } catch {
      _ = try? await connection.run { try $0.script("DROP TABLE \(table)") }
      throw error
    }
  }
}

/// The `PostgresError` that something throws; records an issue if it throws none.
func failure(
  _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any
) async throws -> PostgresError {
  do {
    _ = try await body()
  } catch let error as PostgresError {
    return error
  }
  Issue.record("nothing was thrown", sourceLocation: location)
  throw PostgresError(.usage, "nothing was thrown")
}

/// How long something takes.
func elapsed(_ body: () async throws -> Void) async rethrows -> Duration {
  try await ContinuousClock().measure(body)
}

/// Where one thread leaves an outcome for another.
private final class Outcome<T: Sendable>: Sendable {
  let result = Mutex<Result<T, any Error>?>(nil)
}

/// Does something asynchronous from within a body, whose thread may block.
func blocking<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) throws -> T {
  let outcome = Outcome<T>()
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    let result: Result<T, any Error>
    do { result = .success(try await work()) } catch { result = .failure(error) }
    outcome.result.withLock { $0 = result }
    done.signal()
  }
  done.wait()
  guard let result = outcome.result.withLock({ $0 }) else { throw PostgresError(.usage, "no outcome") }
  return try result.get()
}

/// As `#expect(actual == expected)`, for an `actual` that has a closure in it, which the macro cannot take apart.
func expect<T: Equatable>(_ actual: T, is expected: T, _ location: SourceLocation = #_sourceLocation) {
  #expect(actual == expected, sourceLocation: location)
}
