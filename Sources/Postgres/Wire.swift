import CLibpq
import Glibc
import Synchronization

/// One session with a server: the owner of a `PGconn`.
///
/// It lives on its connection's thread and nowhere else. Only libpq's non-blocking calls are used, under `poll(2)` with
/// a deadline and a wake signal, so that neither a frozen server nor a silent network holds a call for longer than its
/// deadline and `grace`.
final class Wire {
  let connection: OpaquePointer
  let wake: WakeSignal
  /// The server's own limit for a statement and a margin: when, in a call without a deadline, a server that should have
  /// answered is given up.
  let statementLimit: Duration?
  var statements: StatementCache
  /// When the current call must end.
  var callDeadline = Deadline.never
  /// The BEGIN that goes out together with the transaction's first statement.
  var pendingBegin: String?
  /// Why the session is of no more use; nil while it is.
  private(set) var failure: PostgresError?
  /// The last words of the server, if it ended the session.
  var lastWords: PostgresError?
  /// Set when a commit was not confirmed by a synchronous standby.
  var replicationDoubt: PostgresNotice?
  let onNotice: (@Sendable (PostgresNotice) -> Void)?
  let notifications: AsyncStream<PostgresNotification>.Continuation
  let health: Health
  /// The parameters of the statement being sent, one after the other.
  var parameterBytes: [UInt8] = []

  /// How long a server that was asked to stop a statement, or to roll back after a timeout, has to obey before the
  /// connection is dropped. It is the margin of every deadline.
  static let grace = Duration.milliseconds(400)

  /// Takes over an established connection.
  init(
    _ connection: OpaquePointer, wake: WakeSignal, configuration: PostgresConfiguration,
    notifications: AsyncStream<PostgresNotification>.Continuation, health: Health
  ) {
    self.connection = connection
    self.wake = wake
    self.notifications = notifications
    self.health = health
    onNotice = configuration.onNotice
    statements = StatementCache(limit: configuration.preparedStatementLimit)
    statementLimit = configuration.statementTimeout > .zero ? configuration.statementTimeout + .seconds(1) : nil
    PQsetnonblocking(connection, 1)
    receiveNotices()
    health.processID.store(PQbackendPID(connection), ordering: .relaxed)
    health.isUsable.store(true, ordering: .releasing)
  }

  /// The socket; -1 once the session is broken.
  var descriptor: Int32 { failure == nil ? PQsocket(connection) : -1 }

  deinit {
    health.isUsable.store(false, ordering: .releasing)
    PQfinish(connection)
  }
}

/// What may be known of a connection from any thread.
final class Health: Sendable {
  /// Whether the session is open and between transactions, as far as is known.
  let isUsable = Atomic<Bool>(false)
  /// The server process's id.
  let processID = Atomic<Int32>(0)
}

/// One wait for the server: until when, and what has come between.
struct Wait {
  var limit: Deadline
  /// Whether the task's cancellation and the deadline cancel the statement; otherwise the deadline drops the connection.
  let isCancellable: Bool
  /// Why the statement was interrupted.
  var interruption: PostgresError.Kind?
  var canceller: Canceller?
}

extension Wire {
  /// How long a statement sent now is waited for: until the call's deadline if it has one, else until its own limit.
  var limitFromNow: Deadline { callDeadline == .never ? .after(statementLimit) : callDeadline }

  /// A wait for a statement.
  func statementWait() -> Wait { Wait(limit: limitFromNow, isCancellable: true) }

  /// The next result of what was sent; nil where libpq marks the end of a statement's results.
  func nextResult(_ wait: inout Wait) throws(PostgresError) -> QueryResult? {
    while PQisBusy(connection) != 0 { try pump(&wait) }
    guard let pointer = PQgetResult(connection) else { return nil }
    let result = QueryResult(pointer)
    if result.isFatal { lastWords = result.error }
    return result
  }

  /// Sends what is buffered and takes in what has come, waiting for either; or, if `onlyUntilSent`, not waiting once
  /// everything is sent.
  func pump(_ wait: inout Wait, onlyUntilSent: Bool = false) throws(PostgresError) {
    let unsent = PQflush(connection)
    if unsent < 0 { throw lose() }
    if wait.isCancellable, wait.interruption == nil, Task.isCancelled { try interrupt(&wait, .cancelled) }
    if wait.limit.hasPassed { try expire(&wait) }
    if onlyUntilSent, unsent == 0 { return }
    var descriptors = (
      pollfd(fd: PQsocket(connection), events: Int16(unsent == 1 ? POLLIN | POLLOUT : POLLIN), revents: 0),
      pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
    )
    _ = withUnsafeMutableBytes(of: &descriptors) { bytes in
      poll(bytes.baseAddress?.assumingMemoryBound(to: pollfd.self), 2, wait.limit.pollMilliseconds)
    }
    if descriptors.1.revents != 0 { wake.drain() }
    if descriptors.0.revents & Int16(POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0 {
      if PQconsumeInput(connection) == 0 { throw lose() }
      takeNotifications()
    }
  }

  /// The limit has passed: asks the server to stop, or gives the session up if it was asked already.
  private func expire(_ wait: inout Wait) throws(PostgresError) {
    if let kind = wait.interruption { throw giveUp(kind) }
    try interrupt(&wait, .timeout)
  }

  /// Asks the server, from another thread, to stop the statement; it has `grace` to obey.
  private func interrupt(_ wait: inout Wait, _ kind: PostgresError.Kind) throws(PostgresError) {
    guard wait.isCancellable, let canceller = Canceller.start(connection, wake: wake) else { throw giveUp(kind) }
    wait.interruption = kind
    wait.canceller = canceller
    wait.limit = .after(Self.grace)
  }

  /// Waits until a cancel request that was sent has arrived, lest it should hit the next statement. The session ends if
  /// that takes too long.
  func settle(_ wait: inout Wait) {
    guard let canceller = wait.canceller else { return }
    while !canceller.isDone {
      if wait.limit.hasPassed {
        _ = giveUp(wait.interruption ?? .timeout)
        return
      }
      var descriptor = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
      _ = poll(&descriptor, 1, wait.limit.pollMilliseconds)
      wake.drain()
    }
  }

  /// The session is broken: marks it and says why, with the server's last words if it had any.
  func lose() -> PostgresError {
    takeNotices()
    var error = lastWords ?? PostgresError(.connectionLost, trimmed(PQerrorMessage(connection)))
    error.kind = .connectionLost
    return fail(error)
  }

  /// The server does not answer: the session cannot be used any more.
  func giveUp(_ kind: PostgresError.Kind) -> PostgresError {
    let what = kind == .cancelled ? "the task was cancelled" : "the deadline passed"
    return fail(PostgresError(kind, "\(what) and the server did not answer; the connection was dropped"))
  }

  @discardableResult
  func fail(_ error: PostgresError) -> PostgresError {
    if failure == nil { failure = error }
    health.isUsable.store(false, ordering: .releasing)
    notifications.finish()
    return error
  }
}
