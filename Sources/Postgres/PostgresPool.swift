import Synchronization

/// A bounded set of connections to one database.
///
/// There are never more than `maximum`. A caller that finds none free waits its turn, first come, first served, among
/// at most `waiters` others and for at most `waitTimeout`; cancelling its task ends the wait. A connection that broke,
/// or that is not idle after use, is dropped, and another is made when it is needed: that is also how a failover is
/// followed.
package final class PostgresPool: Sendable {
  /// How a pool stands.
  package struct Statistics: Sendable, Hashable {
    /// Connections that exist or are being made.
    package var open: Int
    package var idle: Int
    /// Callers that wait for one.
    package var waiting: Int
  }

  /// What a waiter is woken with: a connection, or the right to make one.
  private enum Served: Sendable {
    case connection(PostgresConnection)
    case permit
  }

  private typealias Waiter = CheckedContinuation<Served, any Error>

  private enum Refusal {
    case none
    case refused(PostgresError)
  }

  private struct State: ~Copyable {
    var queue: PoolQueue<PostgresConnection, Waiter>
    var nextTicket = 0
    /// Tickets given out whose holders have not begun to wait; with an error if they need not begin any more.
    var early: [Int: Refusal] = [:]
    var drained: [CheckedContinuation<Void, Never>] = []
  }

  private let configuration: PostgresConfiguration
  private let waitTimeout: Duration
  private let state: Mutex<State>

  package init(
    _ configuration: PostgresConfiguration, maximum: Int, waiters: Int = 1024, waitTimeout: Duration = .seconds(5)
  ) {
    self.configuration = configuration
    self.waitTimeout = waitTimeout
    state = Mutex(State(queue: PoolQueue(maximum: maximum, waiterLimit: waiters)))
  }

  package var statistics: Statistics {
    state.withLock {
      Statistics(open: $0.queue.open, idle: $0.queue.idle.count, waiting: $0.queue.waiting)
    }
  }

  /// As `PostgresConnection.read`, on a connection of the pool. `timeout` covers the wait for one, too.
  @discardableResult
  package func read<T: Sendable>(
    isolation: PostgresIsolation = .readCommitted, timeout: Duration? = nil,
    file: StaticString = #fileID, line: UInt = #line,
    _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    try await call(.reading(isolation), .after(timeout), CallSite(file: file, line: line), body)
  }

  /// As `PostgresConnection.write`, on a connection of the pool. `timeout` covers the wait for one, too.
  @discardableResult
  package func write<T: Sendable>(
    isolation: PostgresIsolation = .readCommitted, timeout: Duration? = nil,
    file: StaticString = #fileID, line: UInt = #line,
    _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    try await call(.writing(isolation), .after(timeout), CallSite(file: file, line: line), body)
  }

  /// As `PostgresConnection.run`, on a connection of the pool. `timeout` covers the wait for one, too.
  @discardableResult
  package func run<T: Sendable>(
    timeout: Duration? = nil, file: StaticString = #fileID, line: UInt = #line,
    _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    try await call(.autocommit, .after(timeout), CallSite(file: file, line: line), body)
  }

  /// Refuses new callers and those that wait, closes the idle connections, and returns when the lent ones have come
  /// back and are closed.
  package func close() async {
    let (idle, waiters) = state.withLock { $0.queue.close() }
    for waiter in waiters { waiter.resume(throwing: PostgresError(.closed, "the pool is closed")) }
    for connection in idle { await connection.close() }
    await withCheckedContinuation { continuation in
      let isDrained = state.withLock { state in
        if state.queue.open > 0 { state.drained.append(continuation) }
        return state.queue.open == 0
      }
      if isDrained { continuation.resume() }
    }
  }
}

extension PostgresPool {
  private func call<T: Sendable>(
    _ mode: PostgresConnection.Mode, _ deadline: Deadline, _ site: CallSite,
    _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    let connection: PostgresConnection
    do {
      connection = try await lease(until: deadline)
    } catch let error as PostgresError {
      throw error.at(site)
    }
    do {
      let value = try await connection.call(mode, deadline, site, body)
      await giveBack(connection)
      return value
    } catch {
      await giveBack(connection)
      throw error
    }
  }

  private func lease(until deadline: Deadline) async throws -> PostgresConnection {
    switch state.withLock({ $0.queue.ask() }) {
    case .idle(let connection): return try await usable(connection, until: deadline)
    case .permit: return try await dial(until: deadline)
    case .full: throw Self.full
    case .closed: throw Self.closed
    case .wait:
      switch try await wait(until: deadline) {
      case .connection(let connection): return try await usable(connection, until: deadline)
      case .permit: return try await dial(until: deadline)
      }
    }
  }

  /// The connection or, if it broke while it lay idle, one in its place.
  private func usable(
    _ connection: PostgresConnection, until deadline: Deadline
  ) async throws -> PostgresConnection {
    connection.isUsable ? connection : try await dial(until: deadline)
  }

  /// Makes a connection for a permit that is held.
  private func dial(until deadline: Deadline) async throws -> PostgresConnection {
    var configuration = configuration
    configuration.connectTimeout = min(configuration.connectTimeout, deadline.remaining)
    do {
      return try await PostgresConnection.connect(configuration)
    } catch {
      giveBackPermit()
      throw error
    }
  }

  /// Waits for a turn.
  private func wait(until deadline: Deadline) async throws -> Served {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      state.early[state.nextTicket] = Refusal.none
      return state.nextTicket
    }
    let waitTimeout = min(waitTimeout, deadline.remaining)
    let alarm = Task {
      try await Task.sleep(for: waitTimeout)
      refuse(ticket, PostgresError(.poolTimeout, "no connection became free within \(waitTimeout)"))
    }
    defer { alarm.cancel() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { begin(ticket, $0) }
    } onCancel: {
      refuse(ticket, PostgresError(.cancelled, "the task was cancelled while waiting for a connection"))
    }
  }

  /// Takes a place in the queue, unless there is something free by now.
  private func begin(_ ticket: Int, _ waiter: Waiter) {
    let answer = state.withLock { state -> Result<Served, any Error>? in
      if case .refused(let error) = state.early.removeValue(forKey: ticket) { return .failure(error) }
      switch state.queue.ask() {
      case .idle(let connection): return .success(.connection(connection))
      case .permit: return .success(.permit)
      case .full: return .failure(Self.full)
      case .closed: return .failure(Self.closed)
      case .wait:
        state.queue.enqueue(waiter, ticket: ticket)
        return nil
      }
    }
    if let answer { waiter.resume(with: answer) }
  }

  /// Ends a wait, unless it has ended.
  private func refuse(_ ticket: Int, _ error: PostgresError) {
    let waiter = state.withLock { state -> Waiter? in
      if state.early[ticket] != nil {
        state.early[ticket] = .refused(error)
        return nil
      }
      return state.queue.remove(ticket: ticket)
    }
    waiter?.resume(throwing: error)
  }

  private func giveBack(_ connection: PostgresConnection) async {
    guard connection.isUsable else { return giveBackPermit() }
    switch state.withLock({ $0.queue.giveBack(connection) }) {
    case .hand(let waiter): waiter.resume(returning: .connection(connection))
    case .keep: break
    case .discard:
      await connection.close()
      giveBackPermit()
    }
  }

  private func giveBackPermit() {
    let (answer, drained) = state.withLock { state in
      let answer = state.queue.giveBackPermit()
      let isDrained = state.queue.isClosed && state.queue.open == 0
      let drained = isDrained ? state.drained : []
      if isDrained { state.drained = [] }
      return (answer, drained)
    }
    if case .hand(let waiter) = answer { waiter.resume(returning: .permit) }
    for continuation in drained { continuation.resume() }
  }

  private static let full = PostgresError(
    .poolExhausted, "every connection is in use and as many callers wait as may")
  private static let closed = PostgresError(.closed, "the pool is closed")
}
