import Synchronization

/// Reads one stream on a connection of its own, as a sequence of non-empty batches for one consumer. The next batch is
/// asked for only when the consumer comes for it. It survives the server's restarts: it reconnects with pauses and goes
/// on after the last entry it handed out; as a group's consumer it then first takes up what it had been given and did
/// not acknowledge (so an entry may come twice), and makes the group again if it is gone.
package final class RedisStreamReader: AsyncSequence, Sendable {
  package struct Entry: Sendable, Equatable {
    package var id: String
    /// In the order they were added. Empty for an entry deleted before it was acknowledged.
    package var fields: [Field]

    /// The first field of that name.
    package subscript(_ name: String) -> [UInt8]? {
      fields.first { $0.name == name }?.value
    }
  }

  package struct Field: Sendable, Equatable {
    package var name: String
    package var value: [UInt8]
  }

  package enum Start: Sendable, Equatable {
    /// Entries added from now on. "Now" is the moment the first connection is made.
    case now
    /// Entries after this id; `0` is the beginning.
    case after(String)
    /// As `consumer` of `group`, which is created, at the stream's present end, if it does not exist.
    case group(String, consumer: String)
  }

  package typealias Element = [Entry]
  package typealias Failure = Never

  private struct State {
    /// The id to read after; nil until the first connection has told the stream's end.
    var position: String?
    /// A group's own unacknowledged entries are still to be read.
    var recovering = true
    var prepared = false
    var closed = false
    var backoff: Backoff

    /// A group's consumer starts again with what it was given and did not acknowledge.
    mutating func recover(_ start: Start) {
      guard case .group = start else { return }
      recovering = true
      position = nil
    }
  }

  private let connection: RedisConnection
  private let stream: String
  private let start: Start
  private let batch: Int
  private let block: Duration
  private let onError: (@Sendable (RedisError) -> Void)?
  private let state: Mutex<State>

  /// `block` is how long one read waits at the server. `onError` hears of each failed attempt; reading goes on.
  package init(
    _ configuration: RedisConfiguration, stream: String, from start: Start, batch: Int = 100,
    block: Duration = .seconds(5), onError: (@Sendable (RedisError) -> Void)? = nil
  ) throws(RedisError) {
    connection = try RedisConnection(configuration)
    self.stream = stream
    self.start = start
    self.batch = batch
    self.block = block
    self.onError = onError
    let backoff = Backoff(first: configuration.firstReconnectDelay, longest: configuration.longestReconnectDelay)
    var state = State(backoff: backoff)
    if case .after(let id) = start {
      state.position = id
      state.prepared = true
    }
    self.state = Mutex(state)
  }

  package struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let reader: RedisStreamReader

    /// Nil once the reader is closed or the task cancelled.
    package mutating func next() async -> [Entry]? {
      await reader.nextBatch()
    }

    /// Nil once the reader is closed or the task cancelled.
    package mutating func next(isolation actor: isolated (any Actor)?) async throws(Never) -> [Entry]? {
      await reader.nextBatch()
    }
  }

  package func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(reader: self)
  }

  /// Tells the group that these entries are done with. Without a group it does nothing.
  package func acknowledge(_ ids: [String], through client: RedisClient) async throws(RedisError) {
    guard case .group(let group, _) = start, !ids.isEmpty else { return }
    _ = try await client.command(["XACK", stream, group] + ids)
  }

  /// Ends the connection and the sequence.
  package func close() {
    state.withLock { $0.closed = true }
    connection.close()
  }

  private func nextBatch() async -> [Entry]? {
    while !Task.isCancelled, !state.withLock({ $0.closed }) {
      do throws(RedisError) {
        if !state.withLock({ $0.prepared }) { try await prepare() }
        let entries = try await read()
        state.withLock { $0.backoff.reset() }
        if !entries.isEmpty { return entries }
      } catch {
        if error.kind == .cancelled || error.kind == .closed { break }
        onError?(error)
        let pause = state.withLock { state in
          state.recover(start)
          if error.code == "NOGROUP" { state.prepared = false }
          return state.backoff.next()
        }
        try? await Task.sleep(for: pause)
      }
    }
    state.withLock { $0.recover(start) }
    return nil
  }

  /// Finds the stream's end, or makes the group.
  private func prepare() async throws(RedisError) {
    if case .group(let group, _) = start {
      do throws(RedisError) {
        _ = try await connection.command("XGROUP", "CREATE", stream, group, "$", "MKSTREAM")
      } catch {
        guard error.code == "BUSYGROUP" else { throw error }
      }
    } else {
      let last = try await connection.command("XREVRANGE", stream, "+", "-", "COUNT", 1)
      let id = last.elements?.first?.elements?.first?.text
      state.withLock { $0.position = id ?? "0-0" }
    }
    state.withLock { $0.prepared = true }
  }

  private func read() async throws(RedisError) -> [Entry] {
    let (position, recovering) = state.withLock { ($0.position ?? "0-0", $0.recovering) }
    let milliseconds = Int(block / .milliseconds(1))
    var command: [any RedisArgument]
    if case .group(let group, let consumer) = start {
      command = ["XREADGROUP", "GROUP", group, consumer, "COUNT", batch]
      command += ["BLOCK", milliseconds, "STREAMS", stream, recovering ? position : ">"]
    } else {
      command = ["XREAD", "COUNT", batch, "BLOCK", milliseconds, "STREAMS", stream, position]
    }
    let reply = try await connection.command(command, timeout: block + connection.configuration.connectTimeout)
    let entries = Self.entries(of: reply)
    state.withLock { state in
      if let last = entries.last { state.position = last.id }
      if entries.isEmpty { state.recovering = false }
    }
    return entries
  }

  /// `[[stream, [[id, [name, value, …]], …]]]`, or nil after an idle wait.
  static func entries(of reply: RedisValue) -> [Entry] {
    let rows = reply.elements?.first?.elements?.last?.elements ?? []
    return rows.compactMap { row in
      guard let parts = row.elements, let id = parts.first?.text else { return nil }
      let flat = parts.last?.elements ?? []
      let fields = stride(from: 0, to: flat.count - 1, by: 2).map { index in
        Field(name: flat[index].text ?? "", value: flat[index + 1].bytes ?? [])
      }
      return Entry(id: id, fields: fields)
    }
  }
}
