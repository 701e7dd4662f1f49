/// Making, opening and losing the connection.
extension RedisDriver {
  /// Starts an attempt; it must be over within `connectTimeout`.
  func connect() {
    let deadline = now + configuration.connectTimeout
    switch configuration.address {
    case .unix(let path):
      addresses = SocketAddress.unix(path).map { [$0] } ?? []
      connectToNext(deadline, RedisError(.connect, "the path \(path) is too long for a socket"))
    case .tcp(let host, let port):
      if case .success(let list) = SocketAddress.resolve(host: host, port: port, numericOnly: true) {
        addresses = list
        connectToNext(deadline, RedisError(.connect, "no address for \(configuration)"))
        return
      }
      phase = .resolving(deadline)
      let inbox = inbox
      let started = startThread(named: "redis-resolve") {
        inbox.resolved(SocketAddress.resolve(host: host, port: port, numericOnly: false))
      }
      if !started { drop(RedisError(.connect, "no thread to resolve \(host)"), reconnect: true) }
    }
  }

  /// Tries the next address; without one left, gives up with the last failure.
  func connectToNext(_ deadline: MonotonicTime, _ failure: RedisError) {
    var failure = failure
    while !addresses.isEmpty {
      let address = addresses.removeFirst()
      do throws(RedisError) {
        socket = try RedisSocket.connecting(to: address)
        phase = .connecting(deadline)
        return
      } catch {
        failure = RedisError(.connect, "\(configuration): \(error.message)")
      }
    }
    drop(failure, reconnect: true)
  }

  /// The socket became writable for the first time.
  func connected(_ deadline: MonotonicTime) {
    let code = socket?.connectError() ?? 0
    guard code == 0 else {
      socket = nil
      connectToNext(deadline, RedisError(.connect, "\(configuration): \(describe(code))"))
      return
    }
    guard let reader = ReplyReader(maximumReplyBytes: configuration.maximumReplyBytes) else {
      drop(RedisError(.connect, "out of memory"), reconnect: true)
      return
    }
    self.reader = consume reader
    lastReceived = now
    pinged = false
    for (arguments, required) in configuration.greeting {
      encodeCommand(arguments, to: &output)
      greetingRequired.append(required)
    }
    phase = .greeting(deadline)
    if greetingRequired.isEmpty { opened() }
  }

  /// One reply to the login commands.
  func greeted(_ value: RedisValue) {
    let required = greetingRequired.removeFirst()
    if case .error(let text) = value, required {
      var error = RedisError(reply: text)
      if error.kind == .server { error.kind = .login }
      drop(error, reconnect: true)
      return
    }
    if greetingRequired.isEmpty { opened() }
  }

  private func opened() {
    phase = .ready
    readySince = now
    if let listener { output += listener.opening }
  }

  /// Ends the connection. All calls learn `error`, also those not yet sent, since a reconnection may take longer than
  /// they can wait.
  func drop(_ error: RedisError, reconnect: Bool) {
    let wasReady = if case .ready = phase { true } else { false }
    socket = nil
    reader = nil
    addresses = []
    output = []
    outputSent = 0
    greetingRequired = []
    for call in inFlight.removeAll() { fail(call, error) }
    for call in waiting.removeAll() { fail(call, error) }
    // A server that accepts and at once hangs up is as bad as one that does not accept.
    if wasReady, now >= readySince + configuration.longestReconnectDelay { backoff.reset() }
    phase = reconnect ? .backoff(until: now + backoff.next(), error) : .idle
    listener?.onLoss(error)
  }
}
