import Market

// What is written of an order's payment and state, with the audit events that say so.

extension ApplyTransaction {
  mutating func notePayment(_ work: OrderWork) throws {
    guard work.changesFacts else { return }
    let order = work.snapshot
    writes.payments.append(
      ApplyWrites.PaymentRow(
        order: order.id, facts: work.facts, customer: work.customer, currency: order.total.currency))
    writes.intents += work.newIntents.map { ($0, order.id) }
    writes.linked += work.newIntents + work.newCharges
    var attempts: Set<String> = []
    var refunds: Set<String> = []
    var disputes: Set<String> = []
    for record in work.records.reversed() {
      switch record {
      case .attempt(let key, let riskScore, let at):
        guard let fact = work.facts.attempts[key], attempts.insert(key).inserted else { continue }
        writes.attempts.append(
          ApplyWrites.AttemptRow(
            order: order.id, key: Self.column(ofAttempt: key), fact: fact, riskScore: riskScore, at: at))
      case .refund(let id, let currency, let createdAt):
        guard let fact = work.facts.refunds[id], refunds.insert(id).inserted else { continue }
        writes.refunds.append(
          ApplyWrites.RefundRow(
            order: order.id, id: id, fact: fact, request: work.request(of: fact), currency: currency,
            createdAt: createdAt))
      case .dispute(let id, let currency, let createdAt):
        guard let fact = work.facts.disputes[id], disputes.insert(id).inserted else { continue }
        writes.disputes.append(
          ApplyWrites.DisputeRow(order: order.id, id: id, fact: fact, currency: currency, createdAt: createdAt))
      case .evidence: break
      }
    }
  }

  /// An attempt that never became a charge goes by intent and event in the facts, and by its event in the table.
  private static func column(ofAttempt key: String) -> String {
    key.split(separator: "/").last.map(String.init) ?? key
  }

  /// One audit event for each of Stripe's, named after what it told.
  mutating func noteEvents(_ work: OrderWork, _ decision: OrderDecision) throws {
    for event in work.merged {
      guard event.id != nil || !event.facts.isEmpty else { continue }
      var details = ["type": event.type, "state": decision.state.rawValue]
      let action = Self.action(of: event, decision, &details)
      try writes.audit.add(
        action, .order(work.snapshot.id), order: work.snapshot.reference, stripeEvent: event.id, details: details)
    }
  }

  static func action(
    of event: OrderWork.MergedEvent, _ decision: OrderDecision, _ details: inout [String: String]
  ) -> AuditAction {
    for fact in event.facts {
      switch fact {
      case .session(_, let intent, let received, _):
        details["payment_intent"] = intent
        details["amount"] = received.map { String($0.amount) }
        details["currency"] = received?.currency.code
      case .intentSucceeded(let id, let received, let charge):
        details["payment_intent"] = id
        details["amount"] = String(received.amount)
        details["currency"] = received.currency.code
        details["charge"] = charge
      case .attempt(let key, let attempt):
        details["charge"] = key.hasPrefix("ch_") ? key : nil
        details["payment_intent"] = attempt.paymentIntent
        details["decline_code"] = attempt.declineCode ?? attempt.code
        if !event.madePaid { return attempt.outcome == .succeeded ? .paymentAttemptSucceeded : .paymentAttemptFailed }
      case .refund(let id, let refund):
        details["refund"] = id
        details["amount"] = String(refund.amount)
        details["status"] = refund.status.rawValue
        return refund.status.counts ? .refundRecorded : .refundFailed
      case .chargeRefunded(let charge, let reported):
        details["charge"] = charge
        details["amount"] = String(reported.amount)
      case .dispute(let id, let dispute):
        details["dispute"] = id
        details["amount"] = String(dispute.amount)
        details["status"] = dispute.status.rawValue
        details["reason"] = dispute.reason
        return event.type == "charge.dispute.created"
          ? .disputeOpened : dispute.closes ? .disputeClosed : .disputeUpdated
      }
    }
    if event.madePaid { return .paymentSucceeded }
    guard case .session(let outcome, _, _, _)? = event.facts.first else { return .stripeEventApplied }
    switch outcome {
    case .completedUnpaid where decision.state == .awaitingAsync: return .paymentPending
    case .asyncFailed where decision.state == .failed: return .paymentFailed
    case .expired where decision.state == .expired: return .checkoutExpired
    default: return .stripeEventApplied
    }
  }

  /// The order's row, where its state changed; with an event of its own where none of Stripe's says it.
  mutating func noteOrder(_ work: OrderWork, _ decision: OrderDecision) throws {
    let order = work.snapshot
    let hold = decision.holdReason?.rawValue
    let isNewlyPaid = work.facts.isPaid && order.paidAt == nil
    let deadline = restockDeadline(order, decision.state)
    guard
      decision.state != order.state || hold != order.holdReason || isNewlyPaid || deadline != order.restockUntil
    else { return }
    writes.orders.append(
      ApplyWrites.OrderRow(
        id: order.id, state: decision.state, holdReason: hold, isPaid: work.facts.isPaid, restockUntil: deadline))
    if isNewlyPaid { writes.newlyPaid.append(order.id) }
    result.orders.append((order.number, order.id, decision.state))
    let isPlain = Self.isPlainPayment(order.state, becoming: decision.state)
    guard decision.state != order.state && !isPlain || deadline != order.restockUntil else { return }
    var details = ["was": order.state.rawValue, "state": decision.state.rawValue]
    details["hold_reason"] = hold
    if decision.state == .unfulfillable { details["restock_until"] = deadline?.rfc3339 }
    try writes.audit.add(
      Self.action(of: order.state, becoming: decision.state), .order(order.id), order: order.reference,
      stripeEvent: work.lastEventID, details: details)
  }

  /// An order that was not paid and now is: what Stripe's event told says it already.
  static func isPlainPayment(_ old: OrderState, becoming new: OrderState) -> Bool {
    new == .paid && [.open, .awaitingAsync, .expired, .failed].contains(old)
  }

  static func action(of old: OrderState, becoming new: OrderState) -> AuditAction {
    switch new {
    case .held: .orderHeld
    case .unfulfillable: .orderUnfulfillable
    case .paid where old == .held: .orderReleased
    default: .orderStateChanged
    }
  }
}

extension DisputeFact {
  fileprivate var closes: Bool { reports.values.contains { $0.phase == .closing } }
}
