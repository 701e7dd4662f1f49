import Synchronization

/// How transactions that run side by side see each other.
package enum PostgresIsolation: String, Sendable {
  case readCommitted = "READ COMMITTED"
  case repeatableRead = "REPEATABLE READ"
  case serializable = "SERIALIZABLE"
}

/// One connection to PostgreSQL, with a thread of its own that runs everything done on it.
///
/// Calls are run one after the other. A call fails with `PostgresError`, or with what its body throws. It ends by its
/// deadline, with a margin of less than a second, even if the server is frozen. Cancelling the task cancels the
/// statement on the server. A connection that breaks stays broken: `isUsable` tells, and a pool replaces it.
package actor PostgresConnection {
  private let thread: ConnectionThread
  private var wire: Wire?
  /// Why there is no session any more.
  private var ending = PostgresError(.closed, "the connection is closed")
  private nonisolated let health = Health()
  private let continuation: AsyncStream<PostgresNotification>.Continuation

  /// What NOTIFY sends on the channels listened on; ends with the session. The newest 1,024 are kept for a slow reader.
  package nonisolated let notifications: AsyncStream<PostgresNotification>

  package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private init(thread: ConnectionThread) {
    self.thread = thread
    (notifications, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
  }

  deinit {
    continuation.finish()
    thread.stop()
  }

  /// Connects within the configuration's `connectTimeout`, whatever the number of hosts.
  package static func connect(
    _ configuration: PostgresConfiguration, file: StaticString = #fileID, line: UInt = #line
  ) async throws(PostgresError) -> PostgresConnection {
    let connection = PostgresConnection(thread: try ConnectionThread())
    // Looking up a name blocks the thread and knows no deadline. Should it take too long the attempt is left behind: it
    // ends by itself, and lets go of the connection.
    let outcome = FirstOutcome<Result<Void, PostgresError>>()
    let attempt = Task { outcome.settle(await connection.open(configuration)) }
    let alarm = Task {
      try await Task.sleep(for: min(configuration.connectTimeout, .seconds(86_400)) + Wire.grace)
      outcome.settle(.failure(PostgresError(.connect, "no connection within \(configuration.connectTimeout)")))
    }
    let result = await withTaskCancellationHandler {
      await outcome.value()
    } onCancel: {
      attempt.cancel()
      outcome.settle(.failure(PostgresError(.cancelled, "the task was cancelled while connecting")))
    }
    alarm.cancel()
    if case .failure(let error) = result { throw error.at(CallSite(file: file, line: line)) }
    return connection
  }

  private func open(_ configuration: PostgresConfiguration) async -> Result<Void, PostgresError> {
    let thread = thread
    return await withTaskCancellationHandler {
      do throws(PostgresError) {
        let handle = try Dialer(configuration: configuration, wake: thread.wake).dial()
        let wire = Wire(
          handle, wake: thread.wake, configuration: configuration, notifications: continuation, health: health)
        self.wire = wire
        thread.watch(ConnectionThread.Watch(descriptor: { wire.descriptor }, onReadable: { wire.readBetweenCalls() }))
        return .success(())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      thread.wake.signal()
    }
  }

  /// Whether the session is open, as far as is known: its end is noticed at once also between calls.
  package nonisolated var isUsable: Bool { health.isUsable.load(ordering: .acquiring) }

  /// The process id of the server's side; 0 before it is known.
  package nonisolated var serverProcessID: Int32 { health.processID.load(ordering: .relaxed) }

  /// Ends the session and the thread. Calls made later fail.
  package func close() {
    end(PostgresError(.closed, "the connection is closed"))
    thread.stop()
  }

  private func end(_ error: PostgresError) {
    guard wire != nil else { return }
    ending = error
    thread.watch(nil)
    wire = nil
    continuation.finish()
  }
}

extension PostgresConnection {
  /// Runs `body` in a read-only transaction. `timeout` is for the whole call; without one each statement has the
  /// configuration's `statementTimeout`.
  @discardableResult
  package nonisolated func read<T: Sendable>(
    isolation: PostgresIsolation = .readCommitted, timeout: Duration? = nil,
    file: StaticString = #fileID, line: UInt = #line,
    _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    try await call(.reading(isolation), .after(timeout), CallSite(file: file, line: line), body)
  }

  /// Runs `body` in a transaction: commits if it returns, rolls back if it throws. An error with `isCommitUnknown`
  /// means that the transaction may have been committed.
  @discardableResult
  package nonisolated func write<T: Sendable>(
    isolation: PostgresIsolation = .readCommitted, timeout: Duration? = nil,
    file: StaticString = #fileID, line: UInt = #line,
    _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    try await call(.writing(isolation), .after(timeout), CallSite(file: file, line: line), body)
  }

  /// Runs `body` without a transaction: each statement commits by itself. If the connection breaks during a statement,
  /// the error says `isCommitUnknown`. A transaction that the body leaves open is lost with the connection.
  @discardableResult
  package nonisolated func run<T: Sendable>(
    timeout: Duration? = nil, file: StaticString = #fileID, line: UInt = #line,
    _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    try await call(.autocommit, .after(timeout), CallSite(file: file, line: line), body)
  }

  /// Asks for what NOTIFY sends on a channel.
  package nonisolated func listen(_ channel: String) async throws {
    try await run { try $0.execute("LISTEN \(identifier: channel)") }
  }

  /// What surrounds the body of a call.
  enum Mode: Sendable {
    case reading(PostgresIsolation)
    case writing(PostgresIsolation)
    case autocommit
  }

  /// The one way onto the thread: sets the deadline, wakes the thread if the task is cancelled, and lets go of a session
  /// that broke.
  func call<T: Sendable>(
    _ mode: Mode, _ deadline: Deadline, _ site: CallSite, _ body: @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    let thread = thread
    return try await withTaskCancellationHandler {
      guard let wire else { throw ending.at(site) }
      defer { if let failure = wire.failure { end(failure) } }
      wire.callDeadline = deadline
      switch mode {
      case .reading(let isolation):
        let begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue) READ ONLY"
        return try wire.transaction(begin, isReadOnly: true, at: site, body)
      case .writing(let isolation):
        let begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue) READ WRITE"
        return try wire.transaction(begin, isReadOnly: false, at: site, body)
      case .autocommit:
        try wire.checkReady(at: site)
        defer { wire.endIfInTransaction() }
        return try wire.lend(body)
      }
    } onCancel: {
      thread.wake.signal()
    }
  }
}
