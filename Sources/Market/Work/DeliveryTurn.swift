/// What becomes of a delivery whose turn has come: the rule, apart from how it is read and written.
package struct DeliveryTurn: Hashable, Sendable {
  package enum Step: Hashable, Sendable {
    /// Nothing is left to be done: it was settled before.
    case drop
    /// It is not known yet whether the unit's money goes: look again in a while.
    case wait
    /// The order, or the unit, is none whose key goes out.
    case cancel
    /// It had all its attempts; somebody has to look.
    case giveUp
    /// Prepare the next attempt, and send it.
    case send
  }

  package let step: Step
  /// The last attempt was prepared and never settled: whether it arrived, nobody can say. It is recorded as `unknown`,
  /// which is what allows a second copy.
  package let losesLastAttempt: Bool

  /// - Parameters:
  ///   - isHeldBack: a refund of the unit is on its way to Stripe.
  ///   - isDeliverable: the order's keys go out, and the unit has one.
  ///   - attemptsInRound: attempts since a person last asked for more.
  package init(
    _ state: DeliveryState, isHeldBack: Bool, isDeliverable: Bool, attemptsInRound: Int, attemptLimit: Int
  ) {
    losesLastAttempt = state == .sending
    step =
      if ![.pending, .retrying, .sending].contains(state) {
        .drop
      } else if isHeldBack {
        .wait
      } else if !isDeliverable {
        .cancel
      } else if attemptsInRound >= attemptLimit {
        .giveUp
      } else {
        .send
      }
  }

  /// Whether an order in that state is one whose keys go out: the rule that the reducer follows, told by the state that
  /// it left.
  package static func delivers(_ state: OrderState) -> Bool {
    switch state {
    // An order that waits for stock for some of its units still sends the others.
    case .paid, .delivered, .partiallyRefunded, .unfulfillable: true
    case .open, .awaitingAsync, .held, .disputed, .refunded, .chargedBack, .expired, .failed: false
    }
  }
}
