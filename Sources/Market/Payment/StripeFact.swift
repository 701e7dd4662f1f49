/// What one event of Stripe adds to the facts of an order's payment.
///
/// Made from an event's plain fields by the constructors below; `delta` is what `PaymentFacts.merge` takes. Each fits
/// the objects that reconciliation lists as well as the events that bring them. Words from outside become safe text.
package enum StripeFact: Hashable, Sendable {
  case session(outcome: SessionOutcome, paymentIntent: String?, received: Money?, customerEmail: String?)
  case intentSucceeded(id: String, received: Money, charge: String?)
  case attempt(key: String, AttemptFact)
  case refund(id: String, RefundFact)
  case chargeRefunded(charge: String, ReportedRefund)
  case dispute(id: String, DisputeFact)

  /// The facts it holds, to be merged into the order's.
  package var delta: PaymentFacts {
    var facts = PaymentFacts()
    switch self {
    case .session(let outcome, let intent, let received, let email):
      facts.session = outcome
      facts.customerEmail = email
      if let intent {
        facts.intents[intent] = IntentFact(succeeded: received != nil, received: received.map { [$0] } ?? [])
      } else if let received {
        facts.sessionReceived = [received]
      }
    case .intentSucceeded(let id, let received, let charge):
      facts.intents[id] = IntentFact(succeeded: true, received: [received], charge: charge)
    case .attempt(let key, let attempt):
      facts.attempts[key] = attempt
      if let intent = attempt.paymentIntent { facts.intents[intent] = IntentFact() }
    case .refund(let id, let refund): facts.refunds[id] = refund
    case .chargeRefunded(let charge, let reported): facts.reportedRefunds[charge] = reported
    case .dispute(let id, let dispute): facts.disputes[id] = dispute
    }
    return facts
  }
}

extension StripeFact {
  /// `checkout.session.completed`. `paymentStatus` is Stripe's: `paid`, `no_payment_required`; any other word counts as
  /// unpaid.
  package static func sessionCompleted(
    paymentStatus: String?, total: Money, paymentIntent: String?, customerEmail: String?
  ) -> StripeFact {
    switch paymentStatus {
    case "paid":
      .session(
        outcome: .completedPaid, paymentIntent: paymentIntent, received: total, customerEmail: safe(customerEmail))
    case "no_payment_required":
      .session(outcome: .noPaymentRequired, paymentIntent: nil, received: total, customerEmail: safe(customerEmail))
    default:
      .session(
        outcome: .completedUnpaid, paymentIntent: paymentIntent, received: nil, customerEmail: safe(customerEmail))
    }
  }

  /// `checkout.session.async_payment_succeeded`.
  package static func asyncPaymentSucceeded(
    total: Money, paymentIntent: String?, customerEmail: String?
  ) -> StripeFact {
    .session(
      outcome: .asyncSucceeded, paymentIntent: paymentIntent, received: total, customerEmail: safe(customerEmail))
  }

  /// `checkout.session.async_payment_failed`.
  package static func asyncPaymentFailed(paymentIntent: String?, customerEmail: String?) -> StripeFact {
    .session(outcome: .asyncFailed, paymentIntent: paymentIntent, received: nil, customerEmail: safe(customerEmail))
  }

  /// `checkout.session.expired`.
  package static func sessionExpired() -> StripeFact {
    .session(outcome: .expired, paymentIntent: nil, received: nil, customerEmail: nil)
  }

  /// `payment_intent.succeeded`, with `amount_received` and `latest_charge`.
  package static func paymentIntentSucceeded(id: String, received: Money, latestCharge: String?) -> StripeFact {
    .intentSucceeded(id: id, received: received, charge: latestCharge)
  }

  /// `payment_intent.payment_failed`, with its `last_payment_error`. `charge` is the refused charge if there is one;
  /// else the attempt goes by the event.
  package static func paymentIntentFailed(
    id: String, event: String, charge: String?, amount: Money?, code: String?, declineCode: String?, message: String?
  ) -> StripeFact {
    .attempt(
      key: charge ?? "\(id)/\(event)",
      AttemptFact(
        outcome: .failed, amount: amount, paymentIntent: id, code: safe(code), declineCode: safe(declineCode),
        message: safe(message)))
  }

  /// `charge.succeeded` (`succeeded: true`) or `charge.failed`.
  package static func charge(
    id: String, succeeded: Bool, amount: Money, paymentIntent: String?, code: String? = nil,
    declineCode: String? = nil, message: String? = nil, riskLevel: String? = nil, cardLast4: String? = nil,
    cardBrand: String? = nil
  ) -> StripeFact {
    .attempt(
      key: id,
      AttemptFact(
        outcome: succeeded ? .succeeded : .failed, amount: amount, paymentIntent: paymentIntent, code: safe(code),
        declineCode: safe(declineCode), message: safe(message), riskLevel: safe(riskLevel),
        cardLast4: cardLast4.flatMap { $0.utf8.count == 4 && decimal(Array($0.utf8)[...]) != nil ? $0 : nil },
        cardBrand: safe(cardBrand)))
  }

  /// `refund.created`, `refund.updated`, `refund.failed`, `charge.refund.updated`, or a listed refund.
  package static func refund(
    id: String, amount: Int64, status: String?, charge: String?, paymentIntent: String?, reason: String? = nil,
    request: String? = nil, failureReason: String? = nil
  ) -> StripeFact {
    .refund(
      id: id,
      RefundFact(
        amount: amount, status: .init(stripe: status), charge: charge, paymentIntent: paymentIntent,
        reason: safe(reason),
        request: safe(request), failureReason: safe(failureReason)))
  }

  /// `charge.refunded`, with the charge's `amount_refunded`.
  package static func chargeRefunded(charge: String, amountRefunded: Int64, paymentIntent: String?) -> StripeFact {
    .chargeRefunded(charge: charge, ReportedRefund(amount: amountRefunded, paymentIntent: paymentIntent))
  }

  /// Any `charge.dispute.*`: `type` is the event's whole type, `event` its id.
  package static func dispute(
    id: String, type: String, event: String, status: String?, amount: Int64, charge: String?, paymentIntent: String?,
    reason: String?, dueBy: Instant?
  ) -> StripeFact {
    let phase: DisputeFact.Phase =
      switch type {
      case "charge.dispute.created", "charge.dispute.funds_withdrawn": .opening
      case "charge.dispute.closed": .closing
      default: .changing
      }
    return .dispute(
      id: id,
      DisputeFact(
        amount: amount, charge: charge, paymentIntent: paymentIntent, reason: safe(reason), dueBy: dueBy,
        fundsWithdrawn: type == "charge.dispute.funds_withdrawn",
        fundsReinstated: type == "charge.dispute.funds_reinstated",
        reports: [event: .init(status: DisputeStatus(stripe: status), phase: phase)]))
  }

  /// The answer to `.fetchDispute`. `settles` are the event ids in the dispute's facts when the call was MADE, not when
  /// it came back: an event heard meanwhile may be newer than the answer.
  package static func disputeFetched(
    id: String, at: Instant, settles: Set<String>, status: String?, amount: Int64, charge: String?,
    paymentIntent: String?, reason: String?, dueBy: Instant?
  ) -> StripeFact {
    .dispute(
      id: id,
      DisputeFact(
        amount: amount, charge: charge, paymentIntent: paymentIntent, reason: safe(reason), dueBy: dueBy,
        fetched: .init(at: at, status: DisputeStatus(stripe: status), settles: settles)))
  }

  /// Words that end on terminals and in columns of free text.
  private static func safe(_ text: String?) -> String? { text.map { SafeText.cleaned($0, limit: 500) } }
}
