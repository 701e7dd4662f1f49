/// Whether a server that everything waits for is away: the rule, apart from clocks and threads.
///
/// That it cannot be reached says nothing about what was to be sent: trying all of it again and again would only use up
/// each one's attempts, and leave them waiting for the next one, minutes away, when the server is back. So after a few
/// failures in a row only one is tried now and then, and with its success all the others go at once.
package struct ServerOutage: Hashable, Sendable {
  /// How many may go out now.
  package enum Admission: Hashable, Sendable {
    case all
    /// One, to see whether the server is back.
    case one
    case none
  }

  /// Failures in a row, each of which may be an accident.
  private static let tolerated = 4
  /// From one try to the next: soon at first, and never so seldom that the end of an outage is noticed late.
  private static let pauses: [Int64] = [1, 2, 3, 5]

  private var failures = 0
  private var nextTry: Instant?

  package init() {}

  package var isAway: Bool { nextTry != nil }

  /// Whether what waits may go; a try that is admitted is counted as begun.
  package mutating func admit(at now: Instant) -> Admission {
    guard let nextTry else { return .all }
    // A clock that was set back must not make us wait for it.
    guard now >= nextTry || nextTry - now > .seconds(Self.pauses.last ?? 0) else { return .none }
    self.nextTry = now + pause
    return .one
  }

  /// The server could not be reached, or was not ready to take anything.
  package mutating func failed(at now: Instant) {
    failures += 1
    guard failures >= Self.tolerated else { return }
    // Those that were under way when the first one failed say nothing new.
    if nextTry == nil { nextTry = now + pause }
  }

  /// The server answered, whatever it said. Answers whether that ends an outage.
  package mutating func answered() -> Bool {
    defer { self = ServerOutage() }
    return isAway
  }

  private var pause: Duration {
    .seconds(Self.pauses[min(max(failures - Self.tolerated, 0), Self.pauses.count - 1)])
  }
}
