/// What an order's accounts hold, as a pure function of its lines and the facts of its payment.
///
/// One payment that is exactly what the order wants is the sale: Stripe holds the money, each line's vendor is owed its
/// price without the commission, the market has earned that. Whatever else was received lies in suspense until it went
/// back or is the sale. What goes back of the sale is taken from its lines (`LedgerOrder.returned`), from vendor and
/// commission alike, whether by refund or by a lost dispute; what goes back beyond the price is the market's loss.
package enum Ledger {
  package static func position(of order: LedgerOrder, facts: PaymentFacts) -> LedgerPosition {
    var position = LedgerPosition()
    let payments = facts.payments
    let returns = facts.moneyReturns(of: payments)
    let sale = salePlace(order, facts, payments)
    for (place, payment) in payments.enumerated() {
      let received = payment.money(orElse: order.currency)
      let own = returns.filter { $0.payment == place }
      let back = own.reduce(Int64(0)) { $0 + $1.amount }
      position.add(received.amount - back, to: LedgerAccount(.clearing, received.currency))
      if place == sale {
        addSale(order, own, &position)
      } else {
        addHeld(received, own, &position)
      }
    }
    // Of which payment it is will be told by another event.
    for one in returns where one.payment == nil && !payments.isEmpty {
      position.add(-one.amount, to: LedgerAccount(.clearing, order.currency))
      position.add(one.amount, to: LedgerAccount(.suspense, order.currency))
    }
    return position
  }

  /// The payment that is the sale: of those that are exactly what the order wants one that was not paid back, else the
  /// first.
  static func salePlace(_ order: LedgerOrder, _ facts: PaymentFacts, _ payments: [ReceivedPayment]) -> Int? {
    guard order.lines.reduce(Int64(0), { $0.addingClamped($1.amount) }) == order.total.amount,
      facts.sessionReceived.isSubset(of: [order.total])
    else { return nil }
    let fitting = payments.indices.filter { payments[$0].received == [order.total] }
    return fitting.first { !payments[$0].isReturned } ?? fitting.first
  }

  private static func addSale(_ order: LedgerOrder, _ returns: [MoneyReturn], _ position: inout LedgerPosition) {
    let refunds = returns.filter { !$0.isDispute }.reduce(Int64(0)) { $0 + $1.amount }
    let disputes = returns.filter(\.isDispute).reduce(Int64(0)) { $0 + $1.amount }
    let refunded = min(refunds, order.total.amount)
    let disputed = min(disputes, order.total.amount - refunded)
    position.add(refunds - refunded, to: LedgerAccount(.refundLoss, order.currency))
    position.add(disputes - disputed, to: LedgerAccount(.disputeLoss, order.currency))
    for (line, back) in zip(order.lines, order.returned(refunded + disputed, by: returns)) {
      let commissionBack = line.commission(of: back)
      position.add(
        commissionBack - line.commission, to: LedgerAccount(.commission, order.currency), line: line.id)
      position.add(
        (back - commissionBack) - (line.amount - line.commission),
        to: LedgerAccount(.vendorPayable, vendor: line.vendor, order.currency), line: line.id)
    }
  }

  private static func addHeld(_ received: Money, _ returns: [MoneyReturn], _ position: inout LedgerPosition) {
    var left = received.amount
    for one in returns {
      let covered = min(left, one.amount)
      left -= covered
      position.add(
        one.amount - covered, to: LedgerAccount(one.isDispute ? .disputeLoss : .refundLoss, received.currency))
    }
    position.add(-left, to: LedgerAccount(.suspense, received.currency))
  }
}
