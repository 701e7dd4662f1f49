package import Redis
import Synchronization

/// Counts requests by key in windows of a minute: in Redis, so that all daemons count together; in this process where
/// Redis does not answer in time.
package final class RateLimiter: Sendable {
  private struct Local {
    var window: Int64 = 0
    var counts: [String: Int] = [:]
  }

  private let redis: RedisClient?
  private let budget: Duration
  private let now: @Sendable () -> Int64
  private let local = Mutex(Local())

  /// Keys remembered in this process at most; beyond it the fallback counts no new ones.
  private static let localLimit = 100_000

  /// - Parameter now: Unix seconds.
  package init(redis: RedisClient?, budget: Duration = .milliseconds(25), now: @escaping @Sendable () -> Int64) {
    self.redis = redis
    self.budget = budget
    self.now = now
  }

  /// Counts one request under `key`, and answers whether it is within `perMinute`.
  package func allows(_ key: String, perMinute limit: Int) async -> Bool {
    let window = now() / 60
    // Counted here in any case: where Redis goes silent in mid-minute, nobody starts afresh.
    let here = countLocally(key, window: window)
    guard here <= limit else { return false }
    guard let redis else { return true }
    let name = "gkm:rate:\(key):\(window)"
    let answers = try? await redis.pipeline([["INCR", name], ["EXPIRE", name, 120]], timeout: budget)
    guard let count = answers?.first?.int else { return true }
    return count <= Int64(limit)
  }

  /// How long the present window lasts, in seconds.
  package var secondsLeft: Int { 60 - Int(now() % 60) }

  private func countLocally(_ key: String, window: Int64) -> Int {
    local.withLock { local in
      if local.window != window { local = Local(window: window) }
      if local.counts[key] == nil && local.counts.count >= Self.localLimit { return 0 }
      local.counts[key, default: 0] += 1
      return local.counts[key] ?? 0
    }
  }
}
