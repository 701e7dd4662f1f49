import Synchronization

/// Groups what many callers ask for at the same time, so that they share one transaction.
///
/// A caller who finds a lane free leaves at once, alone or with whoever came in the same moment; while all lanes of a key
/// are under way, callers gather, and the next lane to come free takes as many of them as fit, the longest waiting first.
/// Keys are independent of each other.
///
/// With a `pace`, batches of one key start no closer together: whoever comes on the heels of a batch waits out the rest
/// of that moment for company. A quiet key never waits, and a busy one pays for hundreds of transactions a second
/// instead of thousands.
package final class Batcher<Key: Hashable & Sendable, Item: Sendable, Output: Sendable>: Sendable {
  package struct Limits: Sendable {
    /// Batches of one key under way at once.
    package var lanes: Int
    /// Items in one batch.
    package var batch: Int
    /// Items waiting, over all keys; beyond it `BatcherFull` is thrown.
    package var waiting: Int
    /// Between the starts of two batches of one key at least, unless a batch is full.
    package var pace: Duration

    package init(lanes: Int, batch: Int, waiting: Int, pace: Duration = .zero) {
      self.lanes = lanes
      self.batch = batch
      self.waiting = waiting
      self.pace = pace
    }
  }

  private typealias Answer = CheckedContinuation<Output, any Error>
  private typealias Entry = (item: Item, answer: Answer)

  private struct Queue {
    var entries: [Entry] = []
    /// Entries before this are taken already.
    var head = 0
    var lanes = 0
    /// When the next batch may start.
    var next: ContinuousClock.Instant?
    /// A lane waits for that: it takes along whoever comes meanwhile.
    var isPaced = false

    var count: Int { entries.count - head }

    mutating func take(_ limit: Int) -> ArraySlice<Entry> {
      let end = min(entries.count, head + limit)
      let taken = entries[head..<end]
      head = end
      if head == entries.count {
        entries = []
        head = 0
      } else if head > 4_096 {
        entries.removeFirst(head)
        head = 0
      }
      return taken
    }
  }

  private struct State {
    var queues: [Key: Queue] = [:]
    var waiting = 0
  }

  private let limits: Limits
  private let state = Mutex(State())
  private let perform: @Sendable (Key, [Item]) async -> [Result<Output, any Error>]

  /// - Parameter perform: carries out one batch; answers each item, in order.
  package init(_ limits: Limits, perform: @escaping @Sendable (Key, [Item]) async -> [Result<Output, any Error>]) {
    self.limits = limits
    self.perform = perform
  }

  /// How many items wait for a lane.
  package var waiting: Int { state.withLock { $0.waiting } }

  /// Hands in one item and waits for its answer. The answer comes even if the task is cancelled meanwhile: what is
  /// in a batch is done.
  package func submit(_ item: Item, for key: Key) async throws -> Output {
    try await withCheckedThrowingContinuation { (answer: Answer) in
      let outcome = state.withLock { state -> Admission in
        guard state.waiting < limits.waiting else { return .refused }
        var queue = state.queues[key] ?? Queue()
        // Emptied before it is changed, so that the array is not copied.
        state.queues[key] = nil
        queue.entries.append((item, answer))
        state.waiting += 1
        let opens = queue.lanes < limits.lanes && !queue.isPaced
        if opens { queue.lanes += 1 }
        state.queues[key] = queue
        return opens ? .opensLane : .queued
      }
      switch outcome {
      case .refused: answer.resume(throwing: BatcherFull(waiting: limits.waiting))
      case .queued: break
      case .opensLane: Task { await runLane(key) }
      }
    }
  }

  private enum Admission { case refused, queued, opensLane }

  /// When the next batch starts; `nil`: at once.
  private func start(_ key: Key) -> ContinuousClock.Instant? {
    guard limits.pace > .zero else { return nil }
    return state.withLock { state in
      guard var queue = state.queues[key], queue.count > 0, queue.count < limits.batch else { return nil }
      state.queues[key] = nil
      let now = ContinuousClock.now
      let start = max(now, queue.next ?? now)
      queue.next = start + limits.pace
      queue.isPaced = start > now
      state.queues[key] = queue
      return start > now ? start : nil
    }
  }

  /// Takes batch after batch until nothing waits for this key. Each submitter awaits its answer, so no lane outlives
  /// those it works for.
  private func runLane(_ key: Key) async {
    while true {
      if let start = start(key) { try? await Task.sleep(until: start, tolerance: .zero) }
      let entries = state.withLock { state -> ArraySlice<Entry> in
        guard var queue = state.queues[key] else { return [] }
        state.queues[key] = nil
        let taken = queue.take(limits.batch)
        state.waiting -= taken.count
        queue.isPaced = false
        if taken.isEmpty { queue.lanes -= 1 }
        // Keys without a pace are as many as there are things on sale, and forgotten when idle.
        if queue.lanes > 0 || queue.count > 0 || queue.next != nil { state.queues[key] = queue }
        return taken
      }
      if entries.isEmpty { return }
      let answers = await perform(key, entries.map(\.item))
      for (index, entry) in entries.enumerated() {
        entry.answer.resume(
          with: index < answers.count ? answers[index] : .failure(BatcherShort(items: entries.count)))
      }
    }
  }
}

/// As many wait already as may.
package struct BatcherFull: Error, CustomStringConvertible {
  package let waiting: Int

  package var description: String { "\(waiting) are waiting already" }
}

/// A batch came back with fewer answers than items: a mistake of the program.
struct BatcherShort: Error, CustomStringConvertible {
  let items: Int

  var description: String { "a batch of \(items) was not answered in full" }
}
