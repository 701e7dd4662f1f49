import Synchronization

/// What a caller hands to the connection's thread: one or more encoded commands and who waits for their replies.
struct RedisRequest: Sendable {
  let id: UInt64
  /// The encoded commands, back to back.
  let payload: [UInt8]
  /// How many replies the payload will bring.
  let replies: Int
  let deadline: MonotonicTime
  let resume: @Sendable (Result<[RedisValue], RedisError>) -> Void
}

/// The only meeting point of callers and the connection's thread.
final class RedisInbox: Sendable {
  struct Mail: Sendable {
    var requests: [RedisRequest] = []
    var cancelled: [UInt64] = []
    var resolved: Result<[SocketAddress], RedisError>?
    var closing = false

    var isEmpty: Bool { requests.isEmpty && cancelled.isEmpty && resolved == nil && !closing }
  }

  private struct State: Sendable {
    var mail = Mail()
    /// Requests submitted and not yet answered.
    var pending = 0
    var nextID: UInt64 = 0
    var closed = false
  }

  private let state = Mutex(State())
  private let maximumPending: Int
  let waker: Waker

  init(maximumPending: Int) throws(RedisError) {
    self.maximumPending = maximumPending
    waker = try Waker()
  }

  func nextID() -> UInt64 {
    state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
  }

  /// Queues a request; the error says why it was not accepted.
  func submit(_ request: RedisRequest) -> RedisError? {
    let (refusal, first) = state.withLock { state -> (RedisError?, Bool) in
      if state.closed { return (RedisError(.closed, "the connection is closed"), false) }
      if state.pending >= maximumPending {
        return (RedisError(.busy, "\(state.pending) commands are already waiting"), false)
      }
      let first = state.mail.isEmpty
      state.pending += 1
      state.mail.requests.append(request)
      return (nil, first)
    }
    if first { waker.wake() }
    return refusal
  }

  func cancel(_ id: UInt64) {
    post { $0.cancelled.append(id) }
  }

  func resolved(_ result: Result<[SocketAddress], RedisError>) {
    post { $0.resolved = result }
  }

  func close() {
    post { $0.closing = true }
  }

  private func post(_ change: (inout Mail) -> Void) {
    let first = state.withLock { state in
      let first = state.mail.isEmpty
      if !state.closed { change(&state.mail) }
      return first
    }
    if first { waker.wake() }
  }

  /// For the connection's thread: gives back the place of a call that is about to learn its outcome.
  ///
  /// Before, not after: a caller that has its answer may count on the place being free.
  func release() {
    state.withLock { $0.pending -= 1 }
  }

  /// For the connection's thread: takes everything that came in.
  func collect() -> Mail {
    state.withLock { state in
      let mail = state.mail
      state.mail = Mail()
      if mail.closing { state.closed = true }
      return mail
    }
  }

  /// Requests submitted and not yet answered.
  var pending: Int { state.withLock { $0.pending } }
}
