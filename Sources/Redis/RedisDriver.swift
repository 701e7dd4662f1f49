import Glibc

/// One connection's life, run by its own thread: connect, log in, write what waits in one go, read replies in order,
/// keep every deadline, reconnect. Never shared: callers reach it through `RedisInbox` alone.
final class RedisDriver {
  enum Phase {
    /// Not connected and nothing asks for it.
    case idle
    case resolving(MonotonicTime)
    case connecting(MonotonicTime)
    case greeting(MonotonicTime)
    case ready
    /// Waiting to try again; callers meanwhile fail at once with what went wrong.
    case backoff(until: MonotonicTime, RedisError)
  }

  /// A request on its way; finished ones keep their place in line until their replies have been read past.
  final class Call {
    let request: RedisRequest
    var values: [RedisValue] = []
    var received = 0
    var finished = false
    /// Handed to the connection, at least in part.
    var isSent = false

    init(_ request: RedisRequest) {
      self.request = request
    }
  }

  /// What a connection that listens instead of answering does with each reply, and what it says on connecting.
  struct Listener: Sendable {
    /// What to send after login.
    var opening: [UInt8]
    var onLoss: @Sendable (RedisError) -> Void
    /// An error returned ends the connection.
    var onReply: @Sendable (RedisValue) -> RedisError?
    /// A silence this long is broken by a PING; as long again without an answer ends the connection.
    var keepAlive: Duration
  }

  let configuration: RedisConfiguration
  let inbox: RedisInbox
  let listener: Listener?

  var phase = Phase.idle
  var socket: RedisSocket?
  var reader: ReplyReader?
  var addresses: [SocketAddress] = []
  var backoff: Backoff
  var calls: [UInt64: Call] = [:]
  var waiting = FIFO<Call>()
  var inFlight = FIFO<Call>()
  var output: [UInt8] = []
  var outputSent = 0
  var greetingRequired: [Bool] = []
  var lastReceived = MonotonicTime.now()
  var readySince = MonotonicTime.now()
  var pinged = false
  /// No deadline of a call passes before this.
  var nextExpiry = MonotonicTime.distantFuture
  var now = MonotonicTime.now()

  /// Commands beyond this many unsent bytes wait their turn, where they can still be withdrawn.
  static let outputLimit = 256 << 10
  static let readSize = 64 << 10

  init(configuration: RedisConfiguration, inbox: RedisInbox, listener: Listener?) {
    self.configuration = configuration
    self.inbox = inbox
    self.listener = listener
    backoff = Backoff(first: configuration.firstReconnectDelay, longest: configuration.longestReconnectDelay)
  }

  /// Runs until `close()`.
  func run() {
    if listener != nil { connect() }
    while true {
      let mail = inbox.collect()
      now = .now()
      take(mail)
      if mail.closing { break }
      advance()
      transmit()
      expire()
      wait()
    }
    drop(RedisError(.closed, "the connection was closed"), reconnect: false)
  }

  private func take(_ mail: RedisInbox.Mail) {
    for request in mail.requests {
      let call = Call(request)
      if case .backoff(_, let error) = phase {
        fail(call, error)
        continue
      }
      calls[request.id] = call
      waiting.append(call)
      nextExpiry = min(nextExpiry, request.deadline)
    }
    for id in mail.cancelled {
      if let call = calls[id] {
        fail(call, RedisError(.cancelled, "the task was cancelled"))
      }
    }
    if let resolved = mail.resolved { take(resolved) }
  }

  private func take(_ resolved: Result<[SocketAddress], RedisError>) {
    guard case .resolving(let deadline) = phase else { return }
    switch resolved {
    case .success(let list):
      addresses = list
      connectToNext(deadline, RedisError(.connect, "no address for \(configuration)"))
    case .failure(let error):
      drop(error, reconnect: true)
    }
  }

  /// Moves on what depends on time or demand rather than on the socket.
  private func advance() {
    switch phase {
    case .idle:
      if !waiting.isEmpty { connect() }
    case .backoff(let until, _):
      if now >= until { connect() }
    case .resolving(let deadline), .connecting(let deadline), .greeting(let deadline):
      if now >= deadline {
        drop(RedisError(.connect, "\(configuration) did not answer in time"), reconnect: true)
      }
    case .ready:
      keepAlive()
    }
  }

  private func keepAlive() {
    guard let listener else { return }
    if now >= lastReceived + listener.keepAlive + listener.keepAlive {
      drop(RedisError(.disconnected, "the server fell silent"), reconnect: true)
    } else if !pinged, now >= lastReceived + listener.keepAlive {
      pinged = true
      encodeCommand(["PING"], to: &output)
    }
  }

  /// Fails a call, which learns whether the server may have run it.
  func fail(_ call: Call, _ error: RedisError) {
    var error = error
    error.mayHaveRun = call.isSent
    finish(call, .failure(error))
  }

  /// Completes a call once; later replies to it are read and dropped.
  func finish(_ call: Call, _ result: Result<[RedisValue], RedisError>) {
    guard !call.finished else { return }
    call.finished = true
    calls[call.request.id] = nil
    inbox.release()
    call.request.resume(result)
  }

  /// Fails calls whose deadline has passed, and gives the connection up if its answers are long overdue.
  private func expire() {
    if let oldest = inFlight.first, oldest.finished,
      now >= max(lastReceived, oldest.request.deadline) + configuration.stallTimeout
    {
      drop(RedisError(.disconnected, "the server stopped answering"), reconnect: true)
    }
    guard now >= nextExpiry else { return }
    nextExpiry = .distantFuture
    for call in calls.values {
      if now >= call.request.deadline {
        fail(call, RedisError(.timeout, "no answer within the deadline"))
      } else {
        nextExpiry = min(nextExpiry, call.request.deadline)
      }
    }
    while let call = waiting.first, call.finished {
      _ = waiting.popFirst()
    }
  }

  /// When `wait()` must return although no socket stirs.
  var nextEvent: MonotonicTime {
    var next = nextExpiry
    switch phase {
    case .idle: break
    case .resolving(let deadline), .connecting(let deadline), .greeting(let deadline): next = min(next, deadline)
    case .backoff(let until, _): next = min(next, until)
    case .ready:
      if let listener {
        let quiet = lastReceived + listener.keepAlive
        next = min(next, pinged ? quiet + listener.keepAlive : quiet)
      }
    }
    if let oldest = inFlight.first, oldest.finished {
      next = min(next, max(lastReceived, oldest.request.deadline) + configuration.stallTimeout)
    }
    return next
  }
}
