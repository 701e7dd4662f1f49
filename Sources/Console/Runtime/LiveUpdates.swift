import Redis
import Store
import Synchronization

/// Says when to read again: at once on a tick from Redis while it is quiet, at most twice a second under a busy feed,
/// and by a slow poll beneath, so that a lost tick costs seconds, never truth.
final class LiveUpdates: Sendable {
  private let post: @Sendable (Event) -> Void
  private let tasks = Mutex<[Task<Void, Never>]>([])
  private let pending = Mutex<Pending>(Pending())

  private struct Pending {
    var isDue = false
    var isPausing = false
    var isLive = false
  }

  /// The least pause between two readings that ticks cause.
  private static let pause = Duration.milliseconds(500)

  init(post: @escaping @Sendable (Event) -> Void) { self.post = post }

  /// Begins to poll and, where there is a Redis that this person may use, to listen.
  func start(redis configuration: RedisConfiguration?) {
    stop()
    var started: [Task<Void, Never>] = [Task { [weak self] in await self?.poll() }]
    if let configuration,
      let subscription = try? RedisSubscription(configuration, channels: [LiveFeed.channel])
    {
      started.append(Task { [weak self] in await self?.listen(subscription) })
    }
    tasks.withLock { $0 += started }
  }

  func stop() {
    tasks.withLock { tasks in
      for task in tasks { task.cancel() }
      tasks.removeAll()
    }
  }

  private func poll() async {
    while !Task.isCancelled {
      let isLive = pending.withLock { $0.isLive }
      try? await Task.sleep(for: isLive ? .seconds(10) : .seconds(2))
      // As a tick: with those there are, no more than twice a second in all.
      if !Task.isCancelled { tick() }
    }
  }

  private func listen(_ subscription: RedisSubscription) async {
    for await event in subscription {
      switch event {
      case .subscribed:
        pending.withLock { $0.isLive = true }
        post(.live(true))
        tick()
      case .disconnected:
        pending.withLock { $0.isLive = false }
        post(.live(false))
      case .message: tick()
      }
      if Task.isCancelled { break }
    }
    subscription.close()
  }

  private func tick() {
    let isFree = pending.withLock { pending in
      if pending.isPausing {
        pending.isDue = true
        return false
      }
      pending.isPausing = true
      return true
    }
    guard isFree else { return }
    post(.changed)
    Task { [weak self] in
      try? await Task.sleep(for: Self.pause)
      self?.pauseOver()
    }
  }

  private func pauseOver() {
    let isDue = pending.withLock { pending in
      pending.isPausing = false
      defer { pending.isDue = false }
      return pending.isDue
    }
    if isDue { tick() }
  }
}
