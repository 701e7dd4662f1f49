import Logging
import Market
import Outbound
import Synchronization

/// Lets deliveries out while the mail server can be reached, and one now and then while it cannot. Safe to use from any
/// thread.
final class MailGate: Sendable {
  private let outage = Mutex(ServerOutage())
  private let logger: Logger
  private let now: @Sendable () -> Instant
  /// Called when the server is back.
  private let onReturn: @Sendable () -> Void

  init(logger: Logger, now: @escaping @Sendable () -> Instant, onReturn: @escaping @Sendable () -> Void) {
    self.logger = logger
    self.now = now
    self.onReturn = onReturn
  }

  /// How many of `wanted` may be tried now.
  func admit(_ wanted: Int) -> Int {
    let at = now()
    return switch outage.withLock({ $0.admit(at: at) }) {
    case .all: wanted
    case .one: min(1, wanted)
    case .none: 0
    }
  }

  func answered() {
    guard outage.withLock({ $0.answered() }) else { return }
    logger.notice("the mail server is back: what waited for it goes out")
    onReturn()
  }

  /// An attempt failed.
  func failed(_ error: OutboundError) {
    guard Self.isAway(error.kind) else {
      // A server that hangs, or cuts us off, has not said that it is there; and what we ended ourselves says nothing.
      if [.refused, .deferred, .ambiguous, .tooLarge].contains(error.kind) { answered() }
      return
    }
    let at = now()
    let closes = outage.withLock { outage in
      let was = outage.isAway
      outage.failed(at: at)
      return !was && outage.isAway
    }
    if closes {
      logger.error(
        "the mail server cannot be reached: deliveries wait until it is back", metadata: ["error": "\(error)"])
    }
  }

  /// Whether it is the server that is missing, and not the mail that was refused.
  static func isAway(_ kind: OutboundError.Kind) -> Bool {
    switch kind {
    case .resolve, .connect, .tls, .login: true
    default: false
    }
  }
}
