/// An amount in the minor unit of its currency, as Stripe counts it. Never a fraction, never converted.
package struct Money: Hashable, Sendable, Codable {
  /// In minor units (cents; whole yen; fils).
  package let amount: Int64
  package let currency: Currency

  package init(_ amount: Int64, _ currency: Currency) {
    self.amount = amount
    self.currency = currency
  }

  package static func zero(_ currency: Currency) -> Money { Money(0, currency) }
}

/// What can go wrong between two amounts.
package enum MoneyError: Error, Equatable, CustomStringConvertible {
  case currencyMismatch(Currency, Currency)
  case overflow

  package var description: String {
    switch self {
    case .currencyMismatch(let left, let right): "amounts in \(left.display) and \(right.display) do not mix"
    case .overflow: "the amount is out of range"
    }
  }
}

extension Money {
  /// The sum; refuses another currency and overflow.
  package func adding(_ other: Money) throws(MoneyError) -> Money {
    guard currency == other.currency else { throw .currencyMismatch(currency, other.currency) }
    let (sum, overflow) = amount.addingReportingOverflow(other.amount)
    guard !overflow else { throw .overflow }
    return Money(sum, currency)
  }

  /// The difference; refuses another currency and overflow.
  package func subtracting(_ other: Money) throws(MoneyError) -> Money {
    guard currency == other.currency else { throw .currencyMismatch(currency, other.currency) }
    let (difference, overflow) = amount.subtractingReportingOverflow(other.amount)
    guard !overflow else { throw .overflow }
    return Money(difference, currency)
  }

  /// `quantity` times the amount; refuses overflow.
  package func multiplied(by quantity: Int) throws(MoneyError) -> Money {
    let (product, overflow) = amount.multipliedReportingOverflow(by: Int64(quantity))
    guard !overflow else { throw .overflow }
    return Money(product, currency)
  }

  /// The share of `basisPoints` (1/10,000), rounded half to even; the exact remainder is the other side's:
  /// `amount == share + rest` always holds.
  package func share(basisPoints: Int) throws(MoneyError) -> (share: Money, rest: Money) {
    let wide = amount.multipliedFullWidth(by: Int64(basisPoints))
    let magnitudeFits = wide.high == 0 || wide.high == -1
    guard magnitudeFits, (wide.high == 0) == (Int64(bitPattern: wide.low) >= 0) else { throw .overflow }
    let product = Int64(bitPattern: wide.low)
    var (quotient, remainder) = product.quotientAndRemainder(dividingBy: 10_000)
    let twice = abs(remainder) * 2
    if twice > 10_000 || (twice == 10_000 && quotient % 2 != 0) { quotient += product < 0 ? -1 : 1 }
    remainder = amount - quotient
    return (Money(quotient, currency), Money(remainder, currency))
  }

  /// Digits with the currency's own number of decimals, without the code: `19.99`, `1200`, `-0.050`.
  package var digits: String {
    let places = currency.minorDigits
    guard places > 0 else { return String(amount) }
    var text = String(amount.magnitude)
    if text.utf8.count <= places { text = String(repeating: "0", count: places + 1 - text.utf8.count) + text }
    let split = text.index(text.endIndex, offsetBy: -places)
    return (amount < 0 ? "-" : "") + text[..<split] + "." + text[split...]
  }
}

extension Money: CustomStringConvertible {
  package var description: String { "\(digits) \(currency.display)" }
}
