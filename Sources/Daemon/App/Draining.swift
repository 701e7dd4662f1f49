import Logging
import ServiceLifecycle
import UnixSignals

/// Runs the daemon's services until a signal ends them: the first lets them finish what is under way, and a second one,
/// or a limit of time, ends them as they are.
struct Draining: Sendable {
  let signals: [UnixSignal]
  /// How long finishing may take.
  let limit: Duration
  let logger: Logger

  private enum End: Sendable {
    case finished
    /// There is nothing to wait for any more.
    case noSignal
    case cutShort
  }

  /// Answers whether everything came to its end by itself. Throws what a service throws.
  func run(_ group: ServiceGroup) async throws -> Bool {
    let (begun, begin) = AsyncStream.makeStream(of: Void.self)
    return try await withThrowingTaskGroup(of: End.self) { race in
      race.addTask {
        try await group.run()
        return .finished
      }
      race.addTask { await listen(group, begin) }
      race.addTask { await wait(begun) }
      defer { race.cancelAll() }
      var isCutShort = false
      while true {
        do {
          switch try await race.next() {
          case .finished, nil: return !isCutShort
          case .noSignal: continue
          case .cutShort:
            isCutShort = true
            race.cancelAll()
          }
        } catch {
          guard isCutShort else { throw error }
          return false
        }
      }
    }
  }

  private func listen(_ group: ServiceGroup, _ begin: AsyncStream<Void>.Continuation) async -> End {
    defer { begin.finish() }
    var isDraining = false
    for await _ in await UnixSignalsSequence(trapping: signals) {
      if isDraining {
        logger.notice("told to stop once more: what is under way is given back")
        return .cutShort
      }
      isDraining = true
      begin.yield()
      await group.triggerGracefulShutdown()
    }
    return .noSignal
  }

  private func wait(_ begun: AsyncStream<Void>) async -> End {
    for await _ in begun {
      guard (try? await Task.sleep(for: limit)) != nil else { return .noSignal }
      logger.warning("what is under way took too long, and is given back")
      return .cutShort
    }
    return .noSignal
  }
}
