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

/// A value that tasks share.
final class Shared<T: Sendable>: Sendable {
  private let mutex: Mutex<T>

  init(_ value: T) { mutex = Mutex(value) }

  var value: T { mutex.withLock { $0 } }

  func change(_ body: (inout T) -> Void) {
    mutex.withLock { value in
      var copy = value
      body(&copy)
      value = copy
    }
  }
}

/// Does something asynchronous from within a body, whose thread may block.
func blocking<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) throws -> T {
  let outcome = Shared<Result<T, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    let result: Result<T, any Error>
    do { result = .success(try await work()) } catch { result = .failure(error) }
    outcome.change { $0 = result }
    done.signal()
  }
  done.wait()
  guard let result = outcome.value else { throw PostgresError(.usage, "no outcome") }
  return try result.get()
}

/// As `#expect(actual == expected)`, for an `actual` that has a closure in it, which the macro cannot take apart.
func expect<T: Equatable>(_ actual: T, is expected: T, _ location: SourceLocation = #_sourceLocation) {
  #expect(actual == expected, sourceLocation: location)
}

/// Holds bodies until it is opened; a body's thread may block.
final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  /// Blocks until the gate is open, for half a minute at most.
  func pass() {
    _ = semaphore.wait(timeout: .now() + 30)
    semaphore.signal()
  }

  func open() { semaphore.signal() }
}

/// Waits until something holds, for half a minute at most.
func until(_ location: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool) async throws {
  for _ in 0..<6000 {
    if try condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("it did not come to hold", sourceLocation: location)
}
