package import Redis
import Store
import Synchronization

/// Keeps answers of the catalogue in Redis for seconds, so that a rush of readers is one read of PostgreSQL.
///
/// Every change of what is for sale that a daemon makes counts a number up, under which answers are kept: what was read
/// before it is found no more. The number is taken before PostgreSQL is read, so that nothing old is ever kept under a
/// new one. What others change, a person or an import, shows when the answers' time is over. Without Redis everything is
/// read from PostgreSQL.
package final class CatalogueCache: Sendable {
  private struct State {
    /// Reads under way, by key: who wants the same waits for the same.
    var reads: [String: Task<[UInt8], any Error>] = [:]
    var isDirty = false
    var isTelling = false
  }

  private let redis: RedisClient?
  private let installation: InstallationWatch
  private let ttl: Duration
  private let budget: Duration
  private let state = Mutex(State())

  /// The numbers of one moment are told together.
  private static let pause = Duration.milliseconds(50)
  private static let largestAnswer = 256 << 10

  /// - Parameters:
  ///   - ttl: zero keeps nothing.
  ///   - budget: how long Redis may take.
  package init(
    redis: RedisClient?, installation: InstallationWatch, ttl: Duration, budget: Duration = .milliseconds(25)
  ) {
    self.redis = redis
    self.installation = installation
    self.ttl = ttl
    self.budget = budget
  }

  /// What was answered to `question` lately, or what `read` gives now.
  package func answer(
    _ question: String, _ read: @escaping @Sendable () async throws -> [UInt8]
  ) async throws -> [UInt8] {
    guard let redis, ttl > .zero, let epoch = await installation.known()?.epoch else { return try await read() }
    let counter = Self.counter(epoch)
    guard let number = try? await redis.command("GET", counter, timeout: budget) else { return try await read() }
    let key = "gkm:catalogue:\(epoch):\(number.text ?? "0"):\(question)"
    if let kept = try? await redis.command("GET", key, timeout: budget), let bytes = kept.bytes { return bytes }
    return try await once(key) { [budget, ttl] in
      let bytes = try await read()
      if bytes.count <= Self.largestAnswer {
        _ = try? await redis.command("SET", key, bytes, "PX", ttl.wholeMilliseconds, timeout: budget)
      }
      return bytes
    }
  }

  private func once(
    _ key: String, _ read: @escaping @Sendable () async throws -> [UInt8]
  ) async throws -> [UInt8] {
    let task = state.withLock { state in
      if let task = state.reads[key] { return task }
      let task = Task { try await read() }
      state.reads[key] = task
      return task
    }
    defer { state.withLock { $0.reads[key] = nil } }
    return try await task.value
  }

  /// Something for sale has changed, and is committed.
  package func changed() {
    guard let redis, ttl > .zero else { return }
    let begins = state.withLock { state in
      state.isDirty = true
      defer { state.isTelling = true }
      return !state.isTelling
    }
    if begins { Task { await tell(redis) } }
  }

  private func tell(_ redis: RedisClient) async {
    while true {
      let isDirty = state.withLock { state in
        defer { state.isDirty = false }
        if !state.isDirty { state.isTelling = false }
        return state.isDirty
      }
      guard isDirty else { return }
      if let epoch = await installation.known()?.epoch {
        let counter = Self.counter(epoch)
        _ = try? await redis.pipeline(
          [["INCR", counter], ["EXPIRE", counter, 86_400]], timeout: .milliseconds(250))
      }
      try? await Task.sleep(for: Self.pause)
    }
  }

  private static func counter(_ epoch: Int64) -> String { "gkm:catalogue:\(epoch):changes" }
}

extension Duration {
  fileprivate var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
  }
}
