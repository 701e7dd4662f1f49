import Synchronization

/// One event to be sent to the endpoint.
struct Delivery: Sendable {
  var event: SimEvent
  /// From 1.
  var attempt = 1
}

/// Deliveries that are ready, and deliveries that wait for their time. Bounded: what does not fit is refused.
final class DeliveryQueue: Sendable {
  private struct Waiting: Comparable, Sendable {
    var due: ContinuousClock.Instant
    var delivery: Delivery
    static func < (left: Waiting, right: Waiting) -> Bool { left.due < right.due }
    static func == (left: Waiting, right: Waiting) -> Bool { left.due == right.due }
  }

  private struct State {
    var ready: [Delivery] = []
    /// Where the ready ones begin: taking one moves this instead of the array.
    var head = 0
    var waiting = Heap<Waiting>()
    var takers: [CheckedContinuation<Delivery?, Never>] = []
    var isFinished = false

    var readyCount: Int { ready.count - head }

    mutating func popReady() -> Delivery? {
      guard head < ready.count else { return nil }
      defer {
        head += 1
        if head > 4096, head > ready.count / 2 {
          ready.removeFirst(head)
          head = 0
        }
      }
      return ready[head]
    }
  }

  private let limit: Int
  private let state = Mutex(State())
  private let (alarms, alarm) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  init(limit: Int) {
    self.limit = limit
  }

  /// How many are ready or wait.
  var count: Int { state.withLock { $0.readyCount + $0.waiting.count } }
  var readyCount: Int { state.withLock { $0.readyCount } }

  /// Adds a delivery that is ready `after` so long; false where the queue is full.
  func add(_ delivery: Delivery, after delay: Duration = .zero) -> Bool {
    guard delay > .zero else { return addReady(delivery) }
    let due = ContinuousClock.now + delay
    let isAdded = state.withLock { state in
      guard state.readyCount + state.waiting.count < limit else { return false }
      state.waiting.insert(Waiting(due: due, delivery: delivery))
      return true
    }
    alarm.yield()
    return isAdded
  }

  private func addReady(_ delivery: Delivery) -> Bool {
    let (isAdded, taker) = state.withLock { state -> (Bool, CheckedContinuation<Delivery?, Never>?) in
      if let taker = state.takers.popLast() { return (true, taker) }
      guard state.readyCount + state.waiting.count < limit else { return (false, nil) }
      state.ready.append(delivery)
      return (true, nil)
    }
    taker?.resume(returning: delivery)
    return isAdded
  }

  /// The next delivery that is ready; nil once finished.
  func next() async -> Delivery? {
    await withCheckedContinuation { continuation in
      let ready = state.withLock { state -> Delivery?? in
        if state.isFinished { return .some(nil) }
        if let delivery = state.popReady() { return .some(delivery) }
        state.takers.append(continuation)
        return nil
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }

  /// Makes waiting deliveries ready when their time comes, until finished. Late by at most 50 ms.
  func run() async {
    for await _ in alarms {
      while let due = state.withLock({ $0.isFinished ? nil : $0.waiting.first?.due }) {
        let now = ContinuousClock.now
        if due > now { try? await Task.sleep(for: min(due - now, .milliseconds(50))) }
        if Task.isCancelled { return }
        for delivery in takeDue() { _ = addReady(delivery) }
      }
    }
  }

  private func takeDue() -> [Delivery] {
    let now = ContinuousClock.now
    return state.withLock { state in
      var due: [Delivery] = []
      while let first = state.waiting.first, first.due <= now, let taken = state.waiting.popFirst() {
        due.append(taken.delivery)
      }
      return due
    }
  }

  /// Forgets all deliveries.
  func clear() {
    state.withLock {
      $0.ready = []
      $0.head = 0
      $0.waiting = Heap()
    }
  }

  /// Ends every `next()`, now and later, with nil.
  func finish() {
    let takers = state.withLock { state in
      state.isFinished = true
      defer { state.takers = [] }
      return state.takers
    }
    for taker in takers { taker.resume(returning: nil) }
    alarm.finish()
  }
}
