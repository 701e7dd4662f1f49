// Amounts and moments as people type them on a command line.

extension Money {
  /// Reads `19.99eur`: an amount that is not negative, in whole units, with its currency behind it. `nil` for anything
  /// else, more decimals than the currency has included.
  package init?(typed text: String) {
    guard let typed = FilterAmount(typed: text), let currency = typed.currency, typed.thousandths >= 0 else {
      return nil
    }
    let scale: Int64 =
      switch currency.minorDigits {
      case 0: 1_000
      case 3: 1
      default: 10
      }
    guard typed.thousandths % scale == 0 else { return nil }
    self.init(typed.thousandths / scale, currency)
  }
}

extension Instant {
  /// Reads `2026-03-01`, `2026-03-01T12:30`, with seconds, or RFC 3339; all UTC but for what RFC 3339 says itself.
  package init?(typed text: String) {
    if let instant = Instant(rfc3339: text) {
      self = instant
    } else if let span = FilterSpan.absolute(Array(text.lowercased().utf8)) {
      self = span.from
    } else {
      return nil
    }
  }
}
