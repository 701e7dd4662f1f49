/// From facts to state and actions: the one place that decides what a payment means for its order.
///
/// A pure function of its arguments, so that it can be run as often as anything changes. Its rules: failure never
/// outranks paid; keys go out only if paid ∧ not fully paid back ∧ no open dispute ∧ no hold; an amount or a currency
/// unlike the order's is held and told, never delivered; an inquiry (`warning_*`) freezes nothing.
package enum OrderReducer {
  package static func reduce(order: OrderTerms, facts: PaymentFacts, fulfilment: Fulfilment) -> OrderDecision {
    var decision =
      facts.isPaid
      ? paid(order: order, facts: facts, fulfilment: fulfilment)
      : unpaid(facts: facts, fulfilment: fulfilment)
    decision.actions += facts.disputes.filter(\.value.needsFetch).keys.sorted().map { .fetchDispute($0) }
    decision.actions += facts.chargesWithUnknownRefunds.map { .listRefunds(charge: $0) }
    return decision
  }

  private static func unpaid(facts: PaymentFacts, fulfilment: Fulfilment) -> OrderDecision {
    let state: OrderState =
      if facts.session.contains(.asyncFailed) {
        .failed
      } else if facts.session.contains(.completedUnpaid) {
        .awaitingAsync
      } else if facts.session.contains(.expired) {
        .expired
      } else {
        .open
      }
    let isOver = state == .failed || state == .expired
    return OrderDecision(state: state, actions: isOver && fulfilment.reserved > 0 ? [.releaseReservation] : [])
  }

  private static func paid(order: OrderTerms, facts: PaymentFacts, fulfilment: Fulfilment) -> OrderDecision {
    let payments = facts.payments
    let standing = facts.disputes.values.map(\.standing).max()
    let isReturned = payments.allSatisfy(\.isReturned)
    let hold = holdReason(order: order, facts: facts, payments: payments)
    let needed = max(0, order.unitCount - fulfilment.cancelled)
    let canDeliver = !isReturned && standing != .open && standing != .lost && hold == nil

    var actions: [OrderAction] = []
    let state: OrderState =
      if standing == .open {
        .disputed
      } else if standing == .lost {
        .chargedBack
      } else if isReturned {
        .refunded
      } else if hold != nil {
        .held
      } else if fulfilment.isStockGone && fulfilment.assigned < needed {
        .unfulfillable
      } else if payments.contains(where: { !$0.isReturned && $0.refunded > 0 }) {
        .partiallyRefunded
      } else if needed > 0 && fulfilment.confirmed >= needed {
        .delivered
      } else {
        .paid
      }

    if isReturned || standing == .lost {
      actions = takeBack(fulfilment)
    } else {
      if fulfilment.revocable > 0 { actions = [.revokeRefunded] }
      if canDeliver {
        actions += handOut(needed: needed, fulfilment)
      } else if !fulfilment.isFrozen {
        actions.append(.freezeDelivery)
      }
    }
    actions += alerts(hold: isReturned ? nil : hold, standing: standing, state: state).map { .alert($0) }
    return OrderDecision(state: state, holdReason: state == .held ? hold : nil, actions: actions)
  }

  private static func takeBack(_ fulfilment: Fulfilment) -> [OrderAction] {
    var actions: [OrderAction] = []
    if fulfilment.reserved + fulfilment.spare > 0 { actions.append(.releaseReservation) }
    if fulfilment.assigned > fulfilment.confirmed || fulfilment.revocable > 0 { actions.append(.cancelDeliveries) }
    if fulfilment.assigned + fulfilment.revocable > 0 { actions.append(.revokeKeys) }
    return actions
  }

  private static func handOut(needed: Int, _ fulfilment: Fulfilment) -> [OrderAction] {
    var actions: [OrderAction] = []
    if fulfilment.isFrozen { actions.append(.resumeDelivery) }
    if fulfilment.spare > 0 { actions.append(.releaseSpare) }
    let missing = max(0, needed - fulfilment.assigned - fulfilment.heldBack)
    let bindable = min(missing, fulfilment.reserved)
    if bindable > 0 { actions.append(.bindKeys(count: bindable)) }
    if missing > bindable { actions.append(.reserveAgain(count: missing - bindable)) }
    return actions
  }

  private static func holdReason(
    order: OrderTerms, facts: PaymentFacts, payments: [ReceivedPayment]
  ) -> HoldReason? {
    let standing = payments.filter { !$0.isReturned }
    let amounts = standing.reduce(into: facts.sessionReceived) { $0.formUnion($1.received) }
    if amounts.contains(where: { $0.currency != order.total.currency }) { return .currencyMismatch }
    if standing.count > 1 { return .secondPayment }
    if amounts.contains(where: { $0.amount != order.total.amount }) { return .amountMismatch }
    return facts.staffHold?.isHeld == true ? .staff : nil
  }

  private static func alerts(hold: HoldReason?, standing: DisputeStanding?, state: OrderState) -> [AlertReason] {
    var alerts: [AlertReason] = []
    switch hold {
    case .currencyMismatch: alerts.append(.currencyMismatch)
    case .amountMismatch: alerts.append(.amountMismatch)
    case .secondPayment: alerts.append(.secondPayment)
    case .staff, nil: break
    }
    switch standing {
    case .open: alerts.append(.disputeOpen)
    case .lost: alerts.append(.disputeLost)
    case .inquiry: alerts.append(.inquiryOpen)
    case .won, .closed, nil: break
    }
    if state == .unfulfillable { alerts.append(.stockGone) }
    return alerts
  }
}
