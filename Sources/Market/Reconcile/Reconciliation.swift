/// What Stripe says, held against what we know: a pure comparison.
///
/// Facts only grow, so the question is simple: does the object tell anything that the order's facts lack? If it does,
/// an event was missed, and adding what it would have told heals. What adding cannot heal is for people.
package enum Reconciliation {
  /// How `object` differs from what is known of its order; nothing where all agree.
  package static func compare(_ object: StatedObject, with order: HeldOrder?) -> [Difference] {
    guard let order else { return withoutOrder(object) }
    return switch object.kind {
    case .session: session(object, order)
    case .intent: intent(object, order)
    case .charge: charge(object, order)
    case .refund: refund(object, order)
    case .dispute: dispute(object, order)
    }
  }

  /// Stripe does not know an object that our order's facts hold.
  package static func missing(_ kind: StatedObject.Kind, id: String, of order: HeldOrder) -> [Difference] {
    let facts = order.facts
    switch kind {
    case .session, .charge: return []
    case .intent:
      guard let known = facts.intents[id], known.succeeded else { return [] }
      let received = known.received.max { $0.amount < $1.amount }
      return [
        Difference(
          .paymentNotAtStripe, of: id, order: order.id, ours: received?.amount, currency: received?.currency,
          heals: false, "order \(order.number) is paid by it, and Stripe does not know it")
      ]
    case .refund:
      guard let known = facts.refunds[id], known.status.counts else { return [] }
      return [
        Difference(
          .refundNotAtStripe, of: id, order: order.id, ours: known.amount, currency: order.total.currency,
          heals: false, "order \(order.number) has it as \(known.status.rawValue), and Stripe does not know it")
      ]
    case .dispute:
      guard let known = facts.disputes[id] else { return [] }
      return [
        Difference(
          .disputeNotAtStripe, of: id, order: order.id, ours: known.amount, currency: order.total.currency,
          heals: false, "order \(order.number) has it as \(known.status.rawValue), and Stripe does not know it")
      ]
    }
  }

  private static func withoutOrder(_ object: StatedObject) -> [Difference] {
    guard object.isMoney, !object.isPart else { return [] }
    let kind: BreakKind? =
      switch object.kind {
      case .session: nil
      case .intent, .charge: .paymentWithoutOrder
      case .refund: .refundUnknown
      case .dispute: .disputeUnknown
      }
    guard let kind else { return [] }
    return [
      Difference(
        kind, of: object.id, order: nil, stripes: object.amount?.amount, currency: object.amount?.currency,
        heals: false, "it is \(object.status) at Stripe and belongs to no order of ours")
    ]
  }

  private static func lacks(_ order: HeldOrder, _ object: StatedObject) -> PaymentFacts? {
    var merged = order.facts
    for fact in object.facts { merged.merge(fact.delta) }
    return merged == order.facts ? nil : merged
  }

  private static func session(_ object: StatedObject, _ order: HeldOrder) -> [Difference] {
    // A session that was paid late says only that it is paid, as one that was paid at once.
    let isKnownAsPaid = !order.facts.session.isDisjoint(with: [.completedPaid, .noPaymentRequired, .asyncSucceeded])
    if isKnownAsPaid, object.isMoney { return [] }
    guard let merged = lacks(order, object) else { return [] }
    let becomesPaid = merged.isPaid && !order.facts.isPaid
    return [
      Difference(
        .sessionMissed, of: object.id, order: order.id, stripes: becomesPaid ? object.amount?.amount : nil,
        currency: becomesPaid ? object.amount?.currency : nil, heals: true,
        "it is \(object.status) at Stripe, which order \(order.number) was not told")
    ]
  }

  private static func intent(_ object: StatedObject, _ order: HeldOrder) -> [Difference] {
    var found: [Difference] = []
    if let merged = lacks(order, object) {
      let becomesPaid = merged.isPaid && !order.facts.isPaid
      found.append(
        Difference(
          .paymentMissed, of: object.id, order: order.id,
          ours: becomesPaid ? nil : order.facts.intents[object.id]?.received.map(\.amount).max(),
          stripes: object.amount?.amount, currency: object.amount?.currency, heals: true,
          becomesPaid
            ? "it is paid at Stripe, and order \(order.number) is not"
            : "Stripe knows more of it than order \(order.number)"))
    }
    if !object.isMoney, order.facts.intents[object.id]?.succeeded == true {
      found.append(
        Difference(
          .paymentNotAtStripe, of: object.id, order: order.id,
          ours: order.facts.intents[object.id]?.received.map(\.amount).max(), currency: order.total.currency,
          heals: false, "order \(order.number) is paid by it, and it is \(object.status) at Stripe"))
    }
    if !lateFailure(object, order).isEmpty {
      found.append(
        Difference(
          .sessionMissed, of: object.id, order: order.id, heals: true,
          "the money that order \(order.number) waits for did not come: it is \(object.status) at Stripe"))
    }
    return found + amounts(object, order)
  }

  /// That a late payment failed stands on the intent alone: its session stays complete and unpaid for ever. While a
  /// session is open the same words mean no more than a card that was declined.
  package static func lateFailure(_ object: StatedObject, _ order: HeldOrder) -> [StripeFact] {
    guard object.kind == .intent, object.status == "requires_payment_method" || object.status == "canceled",
      order.facts.session.contains(.completedUnpaid), !order.facts.session.contains(.asyncFailed),
      !order.facts.isPaid
    else { return [] }
    return [.asyncPaymentFailed(paymentIntent: object.id, customerEmail: nil)]
  }

  /// What was received of a payment that was not given back has to be the order's total.
  private static func amounts(_ object: StatedObject, _ order: HeldOrder) -> [Difference] {
    guard object.isMoney, let received = object.amount, received != order.total else { return [] }
    let isReturned = order.facts.payments.contains { $0.paymentIntent == object.id && $0.isReturned }
    guard !isReturned else { return [] }
    return [
      Difference(
        .amountDiffers, of: object.id, order: order.id, ours: order.total.amount, stripes: received.amount,
        currency: received.currency, heals: false,
        "order \(order.number) costs \(order.total), and \(received) came in")
    ]
  }

  private static func charge(_ object: StatedObject, _ order: HeldOrder) -> [Difference] {
    guard lacks(order, object) != nil else { return [] }
    let known = order.facts.attempts[object.id]
    return [
      Difference(
        .attemptMissed, of: object.id, order: order.id, ours: known?.amount?.amount, stripes: object.amount?.amount,
        currency: object.amount?.currency, heals: true,
        known == nil
          ? "it \(object.status) at Stripe, which order \(order.number) was not told"
          : "Stripe knows more of it than order \(order.number)")
    ]
  }

  private static func refund(_ object: StatedObject, _ order: HeldOrder) -> [Difference] {
    let known = order.facts.refunds[object.id]
    guard let known else {
      return [
        Difference(
          .refundUnknown, of: object.id, order: order.id, stripes: object.amount?.amount,
          currency: object.amount?.currency, heals: true,
          "it is \(object.status) at Stripe, which order \(order.number) was not told")
      ]
    }
    guard let stated = object.amount else { return [] }
    let isNewer = lacks(order, object) != nil
    let isOlder = known.status > RefundFact.Status(stripe: object.status) || known.amount > stated.amount
    guard isNewer || isOlder else { return [] }
    return [
      Difference(
        .refundDiffers, of: object.id, order: order.id, ours: known.amount, stripes: stated.amount,
        currency: stated.currency, heals: !isOlder,
        "order \(order.number) has it as \(known.status.rawValue), Stripe as \(object.status)")
    ]
  }

  /// A dispute's status can go back: where it differs, only Stripe's answer settles it.
  private static func dispute(_ object: StatedObject, _ order: HeldOrder) -> [Difference] {
    let known = order.facts.disputes[object.id]
    guard let known else {
      return [
        Difference(
          .disputeUnknown, of: object.id, order: order.id, stripes: object.amount?.amount,
          currency: object.amount?.currency, heals: true,
          "it is \(object.status) at Stripe, which order \(order.number) was not told")
      ]
    }
    let isStatusSame = known.status == DisputeStatus(stripe: object.status) && !known.needsFetch
    guard !isStatusSame || lacks(order, object) != nil else { return [] }
    return [
      Difference(
        .disputeDiffers, of: object.id, order: order.id, ours: known.amount, stripes: object.amount?.amount,
        currency: object.amount?.currency, heals: true,
        isStatusSame
          ? "Stripe moved money for it, which order \(order.number) was not told"
          : "order \(order.number) has it as \(known.status.rawValue), Stripe as \(object.status)")
    ]
  }
}
