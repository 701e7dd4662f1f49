package import Logging
package import Redis
import ServiceLifecycle
package import Store
import Synchronization

/// Wakes workers that wait for jobs: at once from the same process, through Redis from another one, and in any case
/// every poll interval, because a wake-up may be lost and the database is the truth.
///
///     for await _ in board.signals(.apply) { try await drain() }
///
/// Signals that come while a worker is busy are kept as one.
package final class WakeBoard: Service, Sendable {
  private typealias Signals = AsyncStream<Void>.Continuation

  private struct State {
    var listeners: [JobKind: [Int: Signals]] = [:]
    var nextID = 0
    var isStopped = false
  }

  /// The stream that carries wake-ups between processes: entries `kind <job kind>`.
  package static let stream = "gkm:wake"
  static let streamLength = 256

  private let state = Mutex(State())
  private let poll: Duration
  private let redis: RedisConfiguration?
  private let logger: Logger

  /// - Parameter redis: where to hear of other processes' wake-ups; `nil` polls alone.
  package init(poll: Duration, redis: RedisConfiguration?, logger: Logger) {
    self.poll = poll
    self.redis = redis
    self.logger = logger
  }

  /// One element when there may be work, and one at once. Ends with the board, or with the task that reads.
  package func signals(_ kind: JobKind) -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let id = state.withLock { state -> Int? in
        guard !state.isStopped else { return nil }
        state.nextID += 1
        state.listeners[kind, default: [:]][state.nextID] = continuation
        return state.nextID
      }
      guard let id else { return continuation.finish() }
      continuation.yield()
      continuation.onTermination = { [weak self] _ in
        self?.state.withLock { $0.listeners[kind]?[id] = nil }
      }
    }
  }

  /// Wakes this process' workers of a kind.
  package func wake(_ kind: JobKind) {
    let listeners = state.withLock { Array(($0.listeners[kind] ?? [:]).values) }
    for listener in listeners { listener.yield() }
  }

  private func wakeAll() {
    let listeners = state.withLock { $0.listeners.values.flatMap(\.values) }
    for listener in listeners { listener.yield() }
  }

  /// The command that wakes every process' workers of a kind: to be sent along with others.
  package static func announcement(_ kind: JobKind) -> [any RedisArgument] {
    ["XADD", stream, "MAXLEN", "~", streamLength, "*", "kind", kind.rawValue]
  }

  /// Polls, and listens to Redis, until shut down; then ends every stream of signals.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup { group in
        group.addTask { await self.keepPolling() }
        if let redis = self.redis { group.addTask { await self.keepListening(redis) } }
      }
    }
    stop()
  }

  private func keepPolling() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: poll)
      wakeAll()
    }
  }

  private func keepListening(_ configuration: RedisConfiguration) async {
    let reader: RedisStreamReader
    do {
      reader = try RedisStreamReader(configuration, stream: Self.stream, from: .now)
    } catch {
      logger.error("no wake-ups through Redis: polling alone", metadata: ["error": "\(error)"])
      return
    }
    defer { reader.close() }
    for await entries in reader {
      let words = Set(entries.compactMap { $0["kind"].map { String(decoding: $0, as: UTF8.self) } })
      for word in words { if let kind = JobKind(rawValue: word) { wake(kind) } }
    }
  }

  private func stop() {
    let listeners = state.withLock { state in
      state.isStopped = true
      let all = state.listeners.values.flatMap(\.values)
      state.listeners = [:]
      return all
    }
    for listener in listeners { listener.finish() }
  }
}
