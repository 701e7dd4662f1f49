/// What the market takes of a sale in one currency: as a rule says it, and as it is frozen on the order's line.
package struct CommissionTerms: Hashable, Sendable {
  /// Of the line's amount, in 1/10,000: 0 to 10,000.
  package var basisPoints: Int
  /// On top for each unit, in minor units.
  package var fixed: Int64
  /// For each unit never less than this, in minor units.
  package var minimum: Int64?
  /// For each unit never more than this, in minor units.
  package var maximum: Int64?

  package init(basisPoints: Int, fixed: Int64 = 0, minimum: Int64? = nil, maximum: Int64? = nil) {
    self.basisPoints = basisPoints
    self.fixed = fixed
    self.minimum = minimum
    self.maximum = maximum
  }

  /// Where no rule holds the market takes nothing.
  package static let none = CommissionTerms(basisPoints: 0)
}

extension CommissionTerms {
  /// Divides a line's amount between the market and the vendor.
  ///
  /// The one rounding is that of the share in basis points: half to even, once for the line. The fixed part is added for
  /// each unit, then the least and the greatest commission per unit are kept, and last it is never more than the price.
  /// The vendor gets the exact rest.
  ///
  /// - Throws: `MoneyError.overflow` for amounts that no order can have.
  package func split(unitPrice: Money, quantity: Int) throws(MoneyError) -> CommissionSplit {
    let currency = unitPrice.currency
    let amount = try unitPrice.multiplied(by: quantity)
    let share = try amount.share(basisPoints: basisPoints).share
    let fixedPart = try Money(fixed, currency).multiplied(by: quantity)
    let before = try share.adding(fixedPart)
    var split = CommissionSplit(amount: amount, share: share, fixed: fixedPart, bound: nil, commission: before)
    if let minimum {
      let least = try Money(minimum, currency).multiplied(by: quantity)
      if before.amount < least.amount { split.bind(.minimum, to: least) }
    }
    if let maximum {
      let most = try Money(maximum, currency).multiplied(by: quantity)
      if split.commission.amount > most.amount { split.bind(.maximum, to: most) }
    }
    if split.commission.amount > amount.amount { split.bind(.price, to: amount) }
    return split
  }
}

/// How a line's amount was divided, step by step.
package struct CommissionSplit: Hashable, Sendable {
  /// What decided instead of the sum of share and fixed part.
  package enum Bound: String, Sendable {
    case minimum, maximum, price
  }

  /// The line's: unit price times quantity.
  package let amount: Money
  /// The basis points of it, rounded half to even.
  package let share: Money
  package let fixed: Money
  package private(set) var bound: Bound?
  package private(set) var commission: Money

  fileprivate init(amount: Money, share: Money, fixed: Money, bound: Bound?, commission: Money) {
    self.amount = amount
    self.share = share
    self.fixed = fixed
    self.bound = bound
    self.commission = commission
  }

  /// The vendor's: amount and commission have one currency, and the commission is never above the amount.
  package var rest: Money { Money(amount.amount - commission.amount, amount.currency) }

  fileprivate mutating func bind(_ bound: Bound, to commission: Money) {
    self.bound = bound
    self.commission = commission
  }
}
