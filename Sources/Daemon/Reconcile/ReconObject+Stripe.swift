import Market
import Store
import Stripe

// Stripe's objects in the market's words: the same facts that their events would have told.

extension ReconObject {
  init(_ session: CheckoutSession) throws(UnreadableEvent) {
    var facts: [StripeFact] = []
    var amount: Money?
    if let total = session.amountTotal { amount = Money(total, try EventReading.currency(session.currency)) }
    if session.mode == "payment", session.status == .complete, let amount {
      facts = [
        .sessionCompleted(
          paymentStatus: session.paymentStatus.rawValue, total: amount, paymentIntent: session.paymentIntentID,
          customerEmail: session.customerEmail)
      ]
    } else if session.status == .expired {
      facts = [.sessionExpired()]
    }
    self.init(
      StatedObject(
        .session, id: session.id, status: session.status?.rawValue ?? session.paymentStatus.rawValue, amount: amount,
        createdAt: Self.moment(session.created), facts: facts,
        isMoney: session.status == .complete && session.paymentStatus != .unpaid, isPart: true),
      EventContent(
        references: EventReferences(
          order: (session.orderID ?? session.clientReferenceID).map { .init($0) }, session: session.id,
          intent: session.paymentIntentID),
        facts: facts, customer: session.customerID))
  }

  init(_ intent: PaymentIntent) throws(UnreadableEvent) {
    let isPaid = intent.status == .succeeded
    let received = Money(intent.amountReceived, try EventReading.currency(intent.currency))
    let facts: [StripeFact] =
      isPaid ? [.paymentIntentSucceeded(id: intent.id, received: received, latestCharge: intent.latestChargeID)] : []
    self.init(
      StatedObject(
        .intent, id: intent.id, status: intent.status.rawValue,
        amount: isPaid ? received : Money(intent.amount, received.currency), createdAt: Self.moment(intent.created),
        facts: facts, isMoney: isPaid),
      EventContent(
        references: EventReferences(
          order: intent.orderID.map { .init($0) }, intent: intent.id, charge: intent.latestChargeID),
        facts: facts, customer: intent.customerID))
  }

  init(_ charge: Charge) throws(UnreadableEvent) {
    let amount = Money(charge.amount, try EventReading.currency(charge.currency))
    let isOver = charge.status == .succeeded || charge.status == .failed
    let facts: [StripeFact] =
      isOver ? [EventReading.fact(of: charge, amount: amount, succeeded: charge.status == .succeeded)] : []
    self.init(
      StatedObject(
        .charge, id: charge.id, status: charge.status.rawValue, amount: amount,
        createdAt: Self.moment(charge.created), facts: facts, isMoney: charge.status == .succeeded,
        isPart: charge.paymentIntentID != nil),
      EventContent(
        references: EventReferences(
          order: charge.orderID.map { .init($0) }, intent: charge.paymentIntentID, charge: charge.id),
        facts: facts,
        records: isOver
          ? [.attempt(key: charge.id, riskScore: charge.riskScore, at: Self.moment(charge.created))] : [],
        customer: charge.customerID))
  }

  init(_ refund: Refund) throws(UnreadableEvent) {
    let currency = try EventReading.currency(refund.currency)
    let facts = [EventReading.fact(of: refund)]
    self.init(
      StatedObject(
        .refund, id: refund.id, status: refund.status.rawValue, amount: Money(refund.amount, currency),
        createdAt: Self.moment(refund.created), facts: facts, isMoney: refund.status.countsAsRefunded),
      EventContent(
        references: EventReferences(
          order: refund.orderID.map { .init($0) }, intent: refund.paymentIntentID, charge: refund.chargeID),
        facts: facts,
        records: [.refund(id: refund.id, currency: currency, createdAt: Self.moment(refund.created))]))
  }

  /// Of a dispute only its movements of money are facts that grow; its status is settled by an answer that knows which
  /// reports it came after (`Recheck`).
  init(_ dispute: Dispute) throws(UnreadableEvent) {
    let currency = try EventReading.currency(dispute.currency)
    let facts: [StripeFact] = [
      .disputeMoved(
        id: dispute.id, amount: dispute.amount,
        withdrawn: dispute.balanceTransactions.contains { $0.amount < 0 },
        reinstated: dispute.balanceTransactions.contains { $0.amount > 0 },
        charge: dispute.chargeID, paymentIntent: dispute.paymentIntentID)
    ]
    self.init(
      StatedObject(
        .dispute, id: dispute.id, status: dispute.status.rawValue, amount: Money(dispute.amount, currency),
        createdAt: Self.moment(dispute.created), facts: facts, isMoney: true),
      EventContent(
        references: EventReferences(
          order: dispute.metadata["order_id"].map { .init($0) }, intent: dispute.paymentIntentID,
          charge: dispute.chargeID),
        facts: facts,
        records: [.dispute(id: dispute.id, currency: currency, createdAt: Self.moment(dispute.created))]))
  }

  private static func moment(_ seconds: Int64?) -> Instant {
    Instant(unixSeconds: seconds.flatMap { (1...253_402_300_799).contains($0) ? $0 : nil } ?? 1)
  }
}

extension BalanceLine {
  init(_ movement: BalanceTransaction) throws(UnreadableEvent) {
    self.init(
      id: movement.id, type: movement.type, category: movement.reportingCategory ?? movement.type,
      source: movement.sourceID, amount: movement.amount, fee: movement.fee, net: movement.net,
      currency: try EventReading.currency(movement.currency),
      createdAt: Instant(unixSeconds: (1...253_402_300_799).contains(movement.created) ? movement.created : 1))
  }
}
