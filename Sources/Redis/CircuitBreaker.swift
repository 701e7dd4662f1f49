/// Decides whether it is worth asking. After `failures` in a row it rejects at once for `pause`; then one probe is sent
/// aside, so that no caller pays for finding out, and the answer closes or reopens the circuit. Pure.
struct CircuitBreaker: Sendable {
  enum State: Sendable, Equatable {
    case closed(failures: Int)
    case open(until: MonotonicTime)
    case probing
  }

  enum Admission: Sendable, Equatable {
    case proceed
    case reject
    /// Reject this caller, and send a probe whose outcome is to be recorded.
    case rejectAndProbe
  }

  let failures: Int
  let pause: Duration
  private(set) var state = State.closed(failures: 0)

  init(failures: Int, pause: Duration) {
    self.failures = failures
    self.pause = pause
  }

  mutating func admit(at now: MonotonicTime) -> Admission {
    switch state {
    case .closed: return .proceed
    case .probing: return .reject
    case .open(let until):
      guard now >= until else { return .reject }
      state = .probing
      return .rejectAndProbe
    }
  }

  /// The outcome of a call that had been let through. Late outcomes of calls from before the circuit opened are ignored.
  mutating func record(success: Bool, at now: MonotonicTime) {
    guard case .closed(let count) = state else { return }
    if success {
      if count > 0 { state = .closed(failures: 0) }
    } else {
      state = count + 1 >= failures ? .open(until: now + pause) : .closed(failures: count + 1)
    }
  }

  mutating func recordProbe(success: Bool, at now: MonotonicTime) {
    state = success ? .closed(failures: 0) : .open(until: now + pause)
  }
}
