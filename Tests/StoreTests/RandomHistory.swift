import Market
import Store
import TestSupport

/// What may happen to one order, drawn by a seed: a payment in one of the ways Stripe knows, attempts that failed,
/// refunds that come, fail or are told late, a dispute with its turns. Told of two orders it is the same story twice.
struct RandomHistory: Sendable {
  typealias Telling = (id: String, content: EventContent)

  let seed: UInt64
  let quantity: Int

  init(seed: UInt64) {
    self.seed = seed
    var dice = Dice(seed: seed)
    quantity = dice.number(1...3)
  }

  /// The story's events, as they happened.
  func events(of order: OpenedOrder) -> [Telling] {
    var dice = Dice(seed: seed &+ 0x5EED)
    let teller = Teller(order: order)
    var told = teller.payment(&dice)
    guard told.isPaid else { return told.events }
    told.events += teller.refunds(&dice)
    if dice.chance(0.25) { told.events += teller.dispute(&dice) }
    return told.events
  }

  private struct Teller {
    let order: OpenedOrder
    var intent: String { "pi_\(order.id)" }
    var charge: String { "ch_\(order.id)" }

    func tell(_ name: String, _ fact: StripeFact, _ records: [PaymentRecord] = []) -> Telling {
      ("evt_\(name)_\(order.id)", .order(order.id, facts: [fact], records: records))
    }

    func payment(_ dice: inout Dice) -> (events: [Telling], isPaid: Bool) {
      var events: [Telling] = []
      let at = Instant(unixSeconds: 1_767_225_600)
      for attempt in 0..<dice.number(0...2) {
        let key = "ch_no_\(attempt)_\(order.id)"
        let fact = StripeFact.charge(
          id: key, succeeded: false, amount: order.amount, paymentIntent: intent, code: "card_declined",
          declineCode: "insufficient_funds")
        events.append(tell("declined\(attempt)", fact, [.attempt(key: key, riskScore: nil, at: at)]))
      }
      let way = dice.number(0...11)
      // Money that is not what the order asks is held, whatever comes after.
      let total = way == 11 ? Money(order.amount.amount + 1, order.amount.currency) : order.amount
      switch way {
      case 0: return (events + [tell("expired", .sessionExpired())], false)
      case 1, 2:
        events.append(
          tell(
            "completed",
            .sessionCompleted(paymentStatus: "unpaid", total: total, paymentIntent: intent, customerEmail: nil)))
        guard way == 2 else {
          return (events + [tell("async", .asyncPaymentFailed(paymentIntent: intent, customerEmail: nil))], false)
        }
        events.append(tell("async", .asyncPaymentSucceeded(total: total, paymentIntent: intent, customerEmail: nil)))
      default:
        events.append(
          tell(
            "completed",
            .sessionCompleted(paymentStatus: "paid", total: total, paymentIntent: intent, customerEmail: nil)))
      }
      if dice.chance(0.1) { events.append(tell("expired", .sessionExpired())) }
      if dice.chance(0.8) {
        events.append(tell("intent", .paymentIntentSucceeded(id: intent, received: total, latestCharge: charge)))
      }
      let fact = StripeFact.charge(
        id: charge, succeeded: true, amount: total, paymentIntent: intent, cardLast4: "4242")
      events.append(tell("charge", fact, [.attempt(key: charge, riskScore: 12, at: at)]))
      return (events, true)
    }

    func refunds(_ dice: inout Dice) -> [Telling] {
      var events: [Telling] = []
      var left = order.amount.amount
      for number in 0..<max(0, dice.number(0...4) - 1) where left > 0 {
        let amount = dice.chance(0.3) ? left : Int64(dice.number(1...Int(left)))
        let ending = dice.pick(["succeeded", "succeeded", "failed", "pending"])
        if ending != "failed" { left -= amount }
        for status in ending == "pending" ? ["pending"] : ["pending", ending] {
          let id = "re_\(number)_\(order.id)"
          let fact = StripeFact.refund(
            id: id, amount: amount, status: status, charge: charge, paymentIntent: intent)
          let record = PaymentRecord.refund(
            id: id, currency: order.amount.currency, createdAt: Instant(unixSeconds: 1_767_225_700))
          events.append(tell("refund\(number)_\(status)", fact, [record]))
        }
      }
      return events
    }

    func dispute(_ dice: inout Dice) -> [Telling] {
      let ending = dice.pick(["won", "lost", "open", "warning_closed"])
      let turns: [(String, String)] =
        switch ending {
        case "open": [("created", "needs_response"), ("updated", "under_review")]
        case "warning_closed": [("created", "warning_needs_response"), ("closed", "warning_closed")]
        default:
          [
            ("created", "needs_response"), ("funds_withdrawn", "needs_response"), ("updated", "under_review"),
            ("closed", ending),
          ]
        }
      let id = "dp_\(order.id)"
      return turns.enumerated().map { place, turn in
        let event = "evt_dispute\(place)_\(order.id)"
        let fact = StripeFact.dispute(
          id: id, type: "charge.dispute.\(turn.0)", event: event, status: turn.1, amount: order.amount.amount,
          charge: charge, paymentIntent: intent, reason: "fraudulent", dueBy: nil)
        let record = PaymentRecord.dispute(
          id: id, currency: order.amount.currency, createdAt: Instant(unixSeconds: 1_767_225_800))
        return (event, .order(order.id, facts: [fact], records: [record]))
      }
    }
  }
}
