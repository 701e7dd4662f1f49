/// How a group of buyers goes on whose optimistic reservation met another's, on another machine, in the same stock.
package struct ReservationRace: Hashable, Sendable {
  package enum Step: Hashable, Sendable {
    /// Read afresh and try again.
    case again
    /// Part the group, each half for itself with all its tries: what one half cannot have must not cost the other.
    case split
    /// Told to the buyer as STOCK_BUSY.
    case busy
  }

  /// Fresh reads after a lost race, before the group is split.
  package static let tries = 5

  package let buyers: Int

  package init(buyers: Int) { self.buyers = buyers }

  /// Whether the `attempt`th try, from 1, waits for the rows instead of racing: who has nobody left to be parted from
  /// does, before giving up, and so loses no race.
  package func isLocking(_ attempt: Int) -> Bool { buyers == 1 && attempt == Self.tries }

  /// What follows when the `attempt`th try found that the stock had changed.
  package func lost(_ attempt: Int) -> Step {
    if isLocking(attempt) { return .busy }
    return attempt < Self.tries ? .again : .split
  }
}
