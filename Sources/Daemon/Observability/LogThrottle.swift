import Synchronization

/// Lets through at most one log line per interval, and counts those it held back.
package final class LogThrottle: Sendable {
  private struct State {
    var next: ContinuousClock.Instant?
    var skipped = 0
  }

  private let state = Mutex(State())
  private let interval: Duration

  package init(every interval: Duration) {
    self.interval = interval
  }

  /// Runs `body` with the number of calls held back since it last ran, if the interval has passed.
  package func run(_ body: (Int) -> Void) {
    let now = ContinuousClock.now
    let skipped = state.withLock { state -> Int? in
      if let next = state.next, now < next {
        state.skipped += 1
        return nil
      }
      defer {
        state.next = now + interval
        state.skipped = 0
      }
      return state.skipped
    }
    if let skipped { body(skipped) }
  }
}
