/// What of an order its ledger entries are computed from, beside the facts of its payment.
package struct LedgerOrder: Hashable, Sendable {
  package struct Line: Hashable, Sendable {
    package let id: OrderLineID
    package let vendor: VendorID
    /// Unit price times quantity, in minor units of the order's currency.
    package let amount: Int64
    /// Of it the market's, frozen at checkout: 0 to `amount`.
    package let commission: Int64

    package init(id: OrderLineID, vendor: VendorID, amount: Int64, commission: Int64) {
      self.id = id
      self.vendor = vendor
      self.amount = amount
      self.commission = commission
    }
  }

  package let total: Money
  /// In the order of their ids.
  package let lines: [Line]
  /// By `re_…`: which lines a refund was asked for, and how much of each. It counts where it adds up to the refund's
  /// amount; any other refund goes to all lines by their prices.
  package var allocations: [String: [OrderLineID: Int64]]

  package init(total: Money, lines: [Line], allocations: [String: [OrderLineID: Int64]] = [:]) {
    self.total = total
    self.lines = lines.sorted { $0.id < $1.id }
    self.allocations = allocations
  }

  var currency: Currency { total.currency }
}

extension LedgerOrder {
  /// How much of each line goes back when `total` of the order does, in the order of the lines.
  ///
  /// What refunds name lines for is theirs; the rest goes to all lines by their prices, none beyond its own. The result
  /// depends on the refunds and not on their order, grows with each of them, and is exactly the lines' amounts once all
  /// went back: so the last refund takes the residue.
  func returned(_ total: Int64, by returns: [MoneyReturn]) -> [Int64] {
    var own = [Int64](repeating: 0, count: lines.count)
    for one in returns {
      guard let parts = allocation(of: one) else { continue }
      for (index, line) in lines.enumerated() {
        own[index] = min(line.amount, own[index].addingClamped(parts[line.id] ?? 0))
      }
    }
    let room = zip(lines, own).map { $0.amount - $1 }
    let rest = max(0, total - own.reduce(0, +))
    let shared = Apportionment.divide(rest, by: lines.map(\.amount), room: room)
    return zip(own, shared).map { $0 + $1 }
  }

  private func allocation(of one: MoneyReturn) -> [OrderLineID: Int64]? {
    guard let refund = one.refund, let parts = allocations[refund] else { return nil }
    let known = Set(lines.map(\.id))
    let sum = parts.values.reduce(Int64(0)) { $0.addingClamped($1) }
    guard sum == one.amount, parts.allSatisfy({ known.contains($0.key) && $0.value >= 0 }) else { return nil }
    return parts
  }
}

extension LedgerOrder.Line {
  /// The commission's part of what goes back of the line: as much of the commission as of the price, rounded half to
  /// even; all of it with all of the price. Each side gives back what it got, so that a sale that was undone nets to
  /// zero for both.
  func commission(of returned: Int64) -> Int64 {
    guard amount > 0 else { return 0 }
    let (quotient, remainder) = (Int128(commission) * Int128(returned)).quotientAndRemainder(dividingBy: Int128(amount))
    let twice = remainder * 2
    let isUp = twice > Int128(amount) || (twice == Int128(amount) && quotient % 2 != 0)
    return Int64(quotient) + (isUp ? 1 : 0)
  }
}
