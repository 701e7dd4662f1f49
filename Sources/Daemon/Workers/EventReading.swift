import Market
package import Store
import Stripe

/// Reads a stored event's bytes into the market's words.
package enum EventReading {
  /// What a claimed event asks for. Never throws: what cannot be read is put into quarantine with the reason.
  package static func read(_ claimed: ClaimedEvent) -> EventToApply {
    func event(_ reading: EventToApply.Reading) -> EventToApply {
      EventToApply(job: claimed.job.id, eventID: claimed.eventID, type: claimed.type, reading: reading)
    }
    switch claimed.state {
    case .pending: break
    case nil, .done, .ignored, .parked, .quarantined: return event(.settled)
    }
    guard let body = claimed.body else { return event(.quarantined("its bytes are no longer kept")) }
    let stripe: StripeEvent
    do throws(StripeDecodingError) {
      stripe = try StripeEvent.decode(body)
    } catch {
      return event(.quarantined(SafeText.cleaned("\(error)", limit: 400)))
    }
    guard stripe.id == claimed.eventID else { return event(.quarantined("its bytes are another event's")) }
    // Looked at again here, because a person may have had it replayed.
    guard stripe.livemode == claimed.livemode else {
      return event(.quarantined(EventJudge.wrongMode(ofLive: stripe.livemode)))
    }
    do throws(UnreadableEvent) {
      return event(try content(of: stripe).map { .content($0) } ?? .ignored)
    } catch {
      return event(.quarantined(error.reason))
    }
  }

  /// `nil` for a type that moves nothing here.
  static func content(of event: StripeEvent) throws(UnreadableEvent) -> EventContent? {
    switch event.payload {
    case .checkoutCompleted(let session): try completed(session)
    case .checkoutAsyncPaymentSucceeded(let session):
      EventContent(
        session,
        .asyncPaymentSucceeded(
          total: try total(of: session), paymentIntent: session.paymentIntentID, customerEmail: session.customerEmail))
    case .checkoutAsyncPaymentFailed(let session):
      EventContent(
        session,
        .asyncPaymentFailed(paymentIntent: session.paymentIntentID, customerEmail: session.customerEmail))
    case .checkoutExpired(let session): EventContent(session, .sessionExpired())
    case .paymentSucceeded(let intent): try succeeded(intent)
    case .paymentFailed(let intent): try failed(intent, event)
    case .chargeSucceeded(let charge): try attempted(charge, event, succeeded: true)
    case .chargeFailed(let charge): try attempted(charge, event, succeeded: false)
    case .chargeRefunded(let charge): try refunded(charge, event)
    case .refundChanged(let refund): try changed(refund, event)
    case .disputeCreated(let dispute), .disputeUpdated(let dispute), .disputeFundsWithdrawn(let dispute),
      .disputeFundsReinstated(let dispute), .disputeClosed(let dispute):
      try disputed(dispute, event)
    case .other: nil
    }
  }

  static func currency(_ code: String?) throws(UnreadableEvent) -> Currency {
    guard let code, let currency = Currency(code) else { throw UnreadableEvent("\(code ?? "nothing") is no currency") }
    return currency
  }

  /// When an object came to be, as far as its event tells.
  private static func moment(_ seconds: Int64?, _ event: StripeEvent) -> Instant {
    let seconds = seconds ?? event.created
    return Instant(unixSeconds: (1...253_402_300_799).contains(seconds) ? seconds : 1)
  }
}

/// A signed event whose fields say nothing that can be worked with.
struct UnreadableEvent: Error {
  package let reason: String

  init(_ reason: String) { self.reason = SafeText.cleaned(reason, limit: 400) }
}

extension EventReading {
  private static func total(of session: CheckoutSession) throws(UnreadableEvent) -> Money {
    guard let amount = session.amountTotal else { throw UnreadableEvent("data.object.amount_total: missing") }
    return Money(amount, try currency(session.currency))
  }

  private static func completed(_ session: CheckoutSession) throws(UnreadableEvent) -> EventContent? {
    guard session.mode == "payment" else { return nil }
    return EventContent(
      session,
      .sessionCompleted(
        paymentStatus: session.paymentStatus.rawValue, total: try total(of: session),
        paymentIntent: session.paymentIntentID, customerEmail: session.customerEmail))
  }

  private static func succeeded(_ intent: PaymentIntent) throws(UnreadableEvent) -> EventContent {
    let received = Money(intent.amountReceived, try currency(intent.currency))
    return EventContent(
      references: EventReferences(
        order: intent.orderID.map { .init($0) }, intent: intent.id, charge: intent.latestChargeID),
      facts: [.paymentIntentSucceeded(id: intent.id, received: received, latestCharge: intent.latestChargeID)],
      customer: intent.customerID)
  }

  private static func failed(_ intent: PaymentIntent, _ event: StripeEvent) throws(UnreadableEvent) -> EventContent {
    let error = intent.lastPaymentError
    let charge = error?.chargeID ?? intent.latestChargeID
    let fact = StripeFact.paymentIntentFailed(
      id: intent.id, event: event.id, charge: charge, amount: Money(intent.amount, try currency(intent.currency)),
      code: error?.code, declineCode: error?.declineCode, message: error?.message)
    return EventContent(
      references: EventReferences(order: intent.orderID.map { .init($0) }, intent: intent.id, charge: charge),
      facts: [fact], records: fact.attemptKey.map { [.attempt(key: $0, riskScore: nil, at: moment(nil, event))] } ?? [],
      customer: intent.customerID)
  }

  private static func attempted(
    _ charge: Charge, _ event: StripeEvent, succeeded: Bool
  ) throws(UnreadableEvent) -> EventContent {
    EventContent(
      references: EventReferences(
        order: charge.orderID.map { .init($0) }, intent: charge.paymentIntentID, charge: charge.id),
      facts: [fact(of: charge, amount: Money(charge.amount, try currency(charge.currency)), succeeded: succeeded)],
      records: [.attempt(key: charge.id, riskScore: charge.riskScore, at: moment(charge.created, event))],
      customer: charge.customerID)
  }

  private static func refunded(_ charge: Charge, _ event: StripeEvent) throws(UnreadableEvent) -> EventContent {
    var content = EventContent(
      references: EventReferences(
        order: charge.orderID.map { .init($0) }, intent: charge.paymentIntentID, charge: charge.id),
      facts: [
        .chargeRefunded(
          charge: charge.id, amountRefunded: charge.amountRefunded, paymentIntent: charge.paymentIntentID)
      ])
    for refund in charge.refunds ?? [] {
      content.facts.append(fact(of: refund))
      content.records.append(
        .refund(id: refund.id, currency: try currency(refund.currency), createdAt: moment(refund.created, event)))
    }
    return content
  }

  private static func changed(_ refund: Refund, _ event: StripeEvent) throws(UnreadableEvent) -> EventContent {
    EventContent(
      references: EventReferences(
        order: refund.orderID.map { .init($0) }, intent: refund.paymentIntentID, charge: refund.chargeID),
      facts: [fact(of: refund)],
      records: [
        .refund(id: refund.id, currency: try currency(refund.currency), createdAt: moment(refund.created, event))
      ])
  }

  static func fact(of charge: Charge, amount: Money, succeeded: Bool) -> StripeFact {
    .charge(
      id: charge.id, succeeded: succeeded, amount: amount, paymentIntent: charge.paymentIntentID,
      code: charge.failureCode, declineCode: succeeded ? nil : charge.outcomeReason, message: charge.failureMessage,
      riskLevel: charge.riskLevel, cardLast4: charge.cardLast4, cardBrand: charge.cardBrand)
  }

  static func fact(of refund: Refund) -> StripeFact {
    .refund(
      id: refund.id, amount: refund.amount, status: refund.status.rawValue, charge: refund.chargeID,
      paymentIntent: refund.paymentIntentID, reason: refund.reason, request: refund.metadata["refund_request"],
      failureReason: refund.failureReason)
  }

  private static func disputed(_ dispute: Dispute, _ event: StripeEvent) throws(UnreadableEvent) -> EventContent {
    EventContent(
      references: EventReferences(
        order: dispute.metadata["order_id"].map { .init($0) }, intent: dispute.paymentIntentID,
        charge: dispute.chargeID),
      facts: [
        .dispute(
          id: dispute.id, type: event.type, event: event.id, status: dispute.status.rawValue, amount: dispute.amount,
          charge: dispute.chargeID, paymentIntent: dispute.paymentIntentID, reason: dispute.reason,
          dueBy: dispute.evidenceDueBy.map { Instant(unixSeconds: $0) })
      ],
      records: [
        .dispute(id: dispute.id, currency: try currency(dispute.currency), createdAt: moment(dispute.created, event))
      ])
  }
}

extension EventContent {
  fileprivate init(_ session: CheckoutSession, _ fact: StripeFact) {
    self.init(
      references: EventReferences(
        order: (session.orderID ?? session.clientReferenceID).map { .init($0) }, session: session.id,
        intent: session.paymentIntentID),
      facts: [fact], customer: session.customerID)
  }
}

extension StripeFact {
  fileprivate var attemptKey: String? { if case .attempt(let key, _) = self { key } else { nil } }
}
