import Synchronization

/// Pub/sub on a connection of its own, as a sequence of events for one consumer. It reconnects and subscribes again by
/// itself until `close()` or deinit; messages published meanwhile are lost, as is the nature of pub/sub, which is why
/// `subscribed` is an event: after each, a consumer reads afresh whatever the messages are about.
package final class RedisSubscription: AsyncSequence, Sendable {
  package enum Event: Sendable, Equatable {
    /// All channels and patterns are confirmed by the server: at first, and again after each reconnection.
    case subscribed
    /// The connection was lost or could not be made; it is being retried. Told once per outage.
    case disconnected(RedisError)
    case message(channel: String, payload: [UInt8])
  }

  package typealias Element = Event
  package typealias Failure = Never

  private let inbox: RedisInbox
  private let hub: SubscriptionHub
  private let stream: AsyncStream<Event>

  /// Starts connecting at once. At most `buffer` unread events are kept; beyond it the oldest go (`dropped`).
  package init(
    _ configuration: RedisConfiguration, channels: [String], patterns: [String] = [], buffer: Int = 1024,
    keepAlive: Duration = .seconds(10)
  ) throws(RedisError) {
    guard !channels.isEmpty || !patterns.isEmpty else {
      throw RedisError(.invalid, "a subscription needs a channel or a pattern")
    }
    var opening: [UInt8] = []
    if !channels.isEmpty { encodeCommand(["SUBSCRIBE"] + channels, to: &opening) }
    if !patterns.isEmpty { encodeCommand(["PSUBSCRIBE"] + patterns, to: &opening) }
    let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(buffer))
    let hub = SubscriptionHub(expected: channels.count + patterns.count, continuation)
    let inbox = try RedisInbox(maximumPending: 0)
    let listener = RedisDriver.Listener(
      opening: opening, onLoss: { hub.lost($0) }, onReply: { hub.received($0) }, keepAlive: keepAlive)
    let started = startThread(named: "redis-sub") {
      RedisDriver(configuration: configuration, inbox: inbox, listener: listener).run()
      hub.finish()
    }
    guard started else { throw RedisError(.connect, "no thread for the Redis subscription") }
    self.inbox = inbox
    self.hub = hub
    self.stream = stream
  }

  deinit {
    inbox.close()
  }

  package func makeAsyncIterator() -> AsyncStream<Event>.Iterator {
    stream.makeAsyncIterator()
  }

  /// Events lost because the consumer was too slow.
  package var dropped: Int { hub.dropped }

  /// Ends the connection; the sequence ends after what is buffered.
  package func close() {
    inbox.close()
  }
}

/// Turns the replies of a subscribed connection into events. Used by the connection's thread.
private final class SubscriptionHub: Sendable {
  private struct State {
    var confirmed = 0
    var toldLoss = false
    var dropped = 0
  }

  private let expected: Int
  private let continuation: AsyncStream<RedisSubscription.Event>.Continuation
  private let state = Mutex(State())

  init(expected: Int, _ continuation: AsyncStream<RedisSubscription.Event>.Continuation) {
    self.expected = expected
    self.continuation = continuation
  }

  var dropped: Int { state.withLock { $0.dropped } }

  func lost(_ error: RedisError) {
    let tell = state.withLock { state in
      state.confirmed = 0
      defer { state.toldLoss = true }
      return !state.toldLoss
    }
    if tell, error.kind != .closed { yield(.disconnected(error)) }
  }

  func received(_ value: RedisValue) -> RedisError? {
    if case .error(let text) = value { return RedisError(reply: text) }
    guard let elements = value.elements, let kind = elements.first?.text else { return nil }
    switch (kind, elements.count) {
    case ("message", 3):
      yield(.message(channel: elements[1].text ?? "", payload: elements[2].bytes ?? []))
    case ("pmessage", 4):
      yield(.message(channel: elements[2].text ?? "", payload: elements[3].bytes ?? []))
    case ("subscribe", _), ("psubscribe", _):
      let complete = state.withLock { state in
        state.confirmed += 1
        if state.confirmed == expected { state.toldLoss = false }
        return state.confirmed == expected
      }
      if complete { yield(.subscribed) }
    default:
      break
    }
    return nil
  }

  func finish() {
    continuation.finish()
  }

  private func yield(_ event: RedisSubscription.Event) {
    if case .dropped = continuation.yield(event) {
      state.withLock { $0.dropped += 1 }
    }
  }
}
