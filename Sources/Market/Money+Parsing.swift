extension Money {
  /// Reads an amount as people type it, in whole units with at most as many decimals as the currency has: `5`, `5.00`,
  /// `0.5`. `nil` for anything else, signs and other currencies included.
  package init?(typed text: String, _ currency: Currency) {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = parts.count == 2 ? parts[1] : ""
    let digits = Array(parts[0].utf8) + Array(decimals.utf8)
    guard !parts[0].isEmpty, parts.count == 1 || !decimals.isEmpty, decimals.utf8.count <= currency.minorDigits,
      digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.count <= 15
    else { return nil }
    var amount: Int64 = 0
    for digit in digits { amount = amount * 10 + Int64(digit - 0x30) }
    for _ in decimals.utf8.count..<currency.minorDigits { amount *= 10 }
    self.init(amount, currency)
  }
}
