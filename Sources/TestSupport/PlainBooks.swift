package import Market

/// What vendors are owed for a history and what the market earned, computed from what happened and not from what Stripe
/// told: by other steps than the ledger's, so that both agree only if both are right.
package struct PlainBooks: Sendable {
  package private(set) var owed: [VendorID: Int64] = [:]
  package private(set) var commission: Int64 = 0
  /// What lies in suspense, in the currency it was received in.
  package private(set) var suspense: Int64 = 0

  package init(_ history: MoneyHistory) {
    let unwanted = history.refunds.first { $0.id.hasSuffix("w") }
    switch history.payment {
    case .wrongAmount, .wrongCurrency:
      guard unwanted == nil else { return }
      suspense = history.facts.compactMap(Self.received).max() ?? 0
      return
    case .twice:
      // One of the two is the sale, whichever went back.
      if unwanted == nil { suspense = history.total.amount }
    case .exact: break
    }
    let returned = history.payment == .exact ? Self.returned(history) : history.lines.map { _ in 0 }
    for (line, back) in zip(history.lines, returned) {
      let commissionBack = Self.share(line.commission, back, of: line.amount)
      commission += line.commission - commissionBack
      owed[line.vendor, default: 0] += (line.amount - line.commission) - (back - commissionBack)
    }
  }

  private static func received(_ fact: StripeFact) -> Int64? {
    if case .intentSucceeded(_, let money, _) = fact { money.amount } else { nil }
  }

  /// By rank: a line has got its k-th unit of what goes back once no more than all of it is ahead of that unit in the
  /// queue of all lines' units, where the k-th unit of a line of price a stands at (k − ½) / a.
  private static func returned(_ history: MoneyHistory) -> [Int64] {
    let lines = history.lines
    let kept = history.refunds.filter(\.isKept)
    let named = lines.map { line in
      min(line.amount, kept.reduce(Int64(0)) { $0 + ($1.parts?[line.id] ?? 0) })
    }
    let all = kept.reduce(history.taken) { $0 + $1.amount }
    let shared = all - named.reduce(0, +)
    return lines.indices.map { place in
      var (low, high) = (Int64(0), lines[place].amount - named[place])
      while low < high {
        let middle = (low + high + 1) / 2
        if rank(of: middle, place, lines, named) <= Int128(shared) { low = middle } else { high = middle - 1 }
      }
      return named[place] + low
    }
  }

  private static func rank(
    of unit: Int64, _ place: Int, _ lines: [MoneyHistory.Line], _ named: [Int64]
  ) -> Int128 {
    lines.indices.reduce(Int128(0)) { sum, other in
      let room = Int128(lines[other].amount - named[other])
      if other == place { return sum + Int128(unit) }
      // (2m − 1) · own ≤ (2k − 1) · theirs; a later line's unit waits at equal places.
      let scaled = Int128(2 * unit - 1) * Int128(lines[other].amount)
      let own = Int128(lines[place].amount)
      let odd = other < place ? scaled / own : (scaled - 1) / own
      return sum + min(room, (odd + 1) / 2)
    }
  }

  /// amount · part / whole, rounded half to even.
  private static func share(_ amount: Int64, _ part: Int64, of whole: Int64) -> Int64 {
    guard whole > 0 else { return 0 }
    let doubled = 2 * Int128(amount) * Int128(part) + Int128(whole)
    let up = doubled / (2 * Int128(whole))
    let isHalf = doubled % (2 * Int128(whole)) == 0
    return Int64(isHalf && up % 2 != 0 ? up - 1 : up)
  }
}
