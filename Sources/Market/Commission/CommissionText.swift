// Commission in words, the same wherever it is shown.

/// `12.5 %` of basis points.
package func percentage(basisPoints: Int) -> String {
  let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
  guard rest != 0 else { return "\(whole) %" }
  let digits = rest % 10 == 0 ? String(rest / 10) : (rest < 10 ? "0\(rest)" : String(rest))
  return "\(whole).\(digits) %"
}

extension CommissionRule {
  /// `12.5 %; EUR + 0.30 each, at least 0.50, at most 5.00`.
  package var termsText: String {
    let parts = amounts.sorted { $0.key.code < $1.key.code }.compactMap { currency, own -> String? in
      let words = CommissionTerms(
        basisPoints: basisPoints, fixed: own.fixed ?? 0, minimum: own.min, maximum: own.max
      ).amountsText(currency)
      return words.isEmpty ? nil : "\(currency.display) \(words)"
    }
    return ([percentage(basisPoints: basisPoints)] + parts).joined(separator: "; ")
  }
}

extension CommissionTerms {
  /// `+ 0.30 each, at least 0.50, at most 5.00`; empty where there are basis points alone.
  package func amountsText(_ currency: Currency) -> String {
    func digits(_ amount: Int64) -> String { Money(amount, currency).digits }
    var words: [String] = []
    if fixed > 0 { words.append("+ \(digits(fixed)) each") }
    if let minimum { words.append("at least \(digits(minimum))") }
    if let maximum { words.append("at most \(digits(maximum))") }
    return words.joined(separator: ", ")
  }

  /// How a line's commission came about, step by step: what each step is, and what it gave.
  package func steps(unitPrice: Money, quantity: Int) throws(MoneyError) -> [(step: String, amount: Money)] {
    let split = try split(unitPrice: unitPrice, quantity: quantity)
    var steps: [(step: String, amount: Money)] = [
      ("\(quantity) × \(unitPrice)", split.amount),
      ("\(percentage(basisPoints: basisPoints)) of it, rounded half to even", split.share),
    ]
    if fixed > 0 { steps.append(("plus \(quantity) × \(Money(fixed, unitPrice.currency))", split.fixed)) }
    switch split.bound {
    case nil: break
    case .minimum: steps.append(("at least \(quantity) × \(Money(minimum ?? 0, unitPrice.currency))", split.commission))
    case .maximum: steps.append(("at most \(quantity) × \(Money(maximum ?? 0, unitPrice.currency))", split.commission))
    case .price: steps.append(("never more than the price", split.commission))
    }
    steps.append(("commission", split.commission))
    steps.append(("the vendor's rest", split.rest))
    return steps
  }
}
