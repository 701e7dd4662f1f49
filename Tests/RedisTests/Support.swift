import Synchronization
import TestSupport

@testable import Redis

extension PrivateRedis {
  func configuration(_ user: User = .admin) throws -> RedisConfiguration {
    try RedisConfiguration(url: url(user))
  }
}

/// Waits until `condition` holds; false when it does not within `limit`.
func eventually(within limit: Duration = .seconds(10), _ condition: () async throws -> Bool) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}

/// The error that `body` throws, and how long that took.
func failure(
  of body: () async throws(RedisError) -> some Any
) async -> (error: RedisError?, time: Duration) {
  let start = ContinuousClock.now
  do throws(RedisError) {
    _ = try await body()
    return (nil, ContinuousClock.now - start)
  } catch {
    return (error, ContinuousClock.now - start)
  }
}

/// Something that tasks write and a test reads.
final class Shared<Value: Sendable>: Sendable {
  private let storage: Mutex<Value>

  init(_ value: Value) {
    storage = Mutex(value)
  }

  var value: Value { storage.withLock { $0 } }

  func change(_ body: @Sendable (inout Value) -> Void) {
    storage.withLock { body(&$0) }
  }
}
