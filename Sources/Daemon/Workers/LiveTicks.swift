import Market
package import Redis
import Store
import Synchronization

/// Tells consoles which orders changed. A tick is a hint: a lost one costs a console a second, never a fact, so nothing
/// waits for it and its failures are nobody's.
package final class LiveTicks: Sendable {
  private struct State {
    var orders: Set<Int64> = []
    var isPublishing = false
  }

  private let redis: RedisClient?
  private let state = Mutex(State())
  private static let interval = Duration.milliseconds(50)
  private static let patience = Duration.milliseconds(250)

  /// - Parameter redis: `nil` tells nobody.
  package init(_ redis: RedisClient?) { self.redis = redis }

  /// Notes that orders changed; they are told together with whatever else changes in the next moment.
  func changed(_ orders: some Sequence<OrderID>) {
    guard let redis else { return }
    let begins = state.withLock { state in
      state.orders.formUnion(orders.lazy.map(\.rawValue))
      let begins = !state.isPublishing && !state.orders.isEmpty
      if begins { state.isPublishing = true }
      return begins
    }
    if begins { Task { await publish(redis) } }
  }

  private func publish(_ redis: RedisClient) async {
    while true {
      let orders = state.withLock { state -> Set<Int64> in
        if state.orders.isEmpty { state.isPublishing = false }
        defer { state.orders = [] }
        return state.orders
      }
      if orders.isEmpty { return }
      _ = try? await redis.command(
        "PUBLISH", LiveFeed.channel, LiveFeed.message(orders: orders.sorted()), timeout: Self.patience)
      try? await Task.sleep(for: Self.interval)
    }
  }
}
