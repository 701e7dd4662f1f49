import Synchronization

/// An outcome that comes from several sides: the first one counts, and one task waits for it.
final class FirstOutcome<Value: Sendable>: Sendable {
  private enum State {
    case pending
    case awaited(CheckedContinuation<Value, Never>)
    case settled(Value)
    case taken
  }

  private let state = Mutex(State.pending)

  /// Gives the outcome, unless there is one.
  func settle(_ value: Value) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
      switch state {
      case .pending:
        state = .settled(value)
        return nil
      case .awaited(let continuation):
        state = .taken
        return continuation
      case .settled, .taken:
        return nil
      }
    }
    waiting?.resume(returning: value)
  }

  /// Waits for the outcome; to be called once.
  func value() async -> Value {
    await withCheckedContinuation { continuation in
      let value = state.withLock { state -> Value? in
        if case .settled(let value) = state {
          state = .taken
          return value
        }
        state = .awaited(continuation)
        return nil
      }
      if let value { continuation.resume(returning: value) }
    }
  }
}
