/// A time as typed: a day, a minute, or everything since a moment.
struct FilterSpan: Equatable {
  let from: Instant
  /// `nil` where the span reaches up to now and beyond (`2h`).
  let until: Instant?

  /// `nil` for what is no time. All in UTC.
  init?(_ text: String, now: Instant) {
    let lowered = text.lowercased()
    let day = Duration.seconds(86_400)
    let today = Instant(unixSeconds: now.unixSeconds - (now.unixSeconds % 86_400 + 86_400) % 86_400)
    switch lowered {
    case "now": self.init(from: now, until: nil)
    case "today": self.init(from: today, until: today + day)
    case "yesterday": self.init(from: today - day, until: today)
    default:
      guard let span = Self.relative(Array(lowered.utf8), now) ?? Self.absolute(Array(lowered.utf8)) else { return nil }
      self = span
    }
  }

  private init(from: Instant, until: Instant?) {
    self.from = from
    self.until = until
  }

  /// `90s 15m 2h 3d 1w`, at most 100 years.
  private static func relative(_ bytes: [UInt8], _ now: Instant) -> FilterSpan? {
    let unit: Int64
    switch bytes.last {
    case UInt8(ascii: "s"): unit = 1
    case UInt8(ascii: "m"): unit = 60
    case UInt8(ascii: "h"): unit = 3_600
    case UInt8(ascii: "d"): unit = 86_400
    case UInt8(ascii: "w"): unit = 604_800
    default: return nil
    }
    guard let count = decimal(bytes.dropLast()), count <= 100 * 366 * 86_400 / unit else { return nil }
    return FilterSpan(from: now - .seconds(count * unit), until: nil)
  }

  static func absolute(_ bytes: [UInt8]) -> FilterSpan? {
    guard let date = CivilDate(bytes.prefix(10)) else { return nil }
    var rest = bytes.dropFirst(10)
    guard !rest.isEmpty else { return FilterSpan(from: date.midnight, until: date.midnight + .seconds(86_400)) }
    guard rest.removeFirst() == UInt8(ascii: "t") else { return nil }
    if rest.last == UInt8(ascii: "z") { rest.removeLast() }
    guard let clock = ClockTime(rest) else { return nil }
    let from = date.midnight + .seconds(clock.seconds)
    return FilterSpan(from: from, until: from + .seconds(clock.precisionSeconds))
  }

  /// The first moment that matches; `nil` if all before do.
  func lower(_ comparison: FilterComparison) -> Instant? {
    switch comparison {
    case .equal, .greaterOrEqual: from
    case .greater: until ?? from
    case .less, .lessOrEqual: nil
    }
  }

  /// The first moment that matches no more; `nil` if all after do.
  func upper(_ comparison: FilterComparison) -> Instant? {
    switch comparison {
    case .equal: until
    case .less: from
    case .lessOrEqual: until ?? from
    case .greater, .greaterOrEqual: nil
    }
  }
}

extension FilterAmount {
  /// Reads `100`, `-5`, `19.99`, `19.99eur`; `nil` for anything else, more decimals than the named currency has
  /// included.
  init?(typed text: String) {
    var bytes = Array(text.utf8)[...]
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { bytes.removeFirst() }
    var currency: Currency?
    if bytes.count > 3, let named = Currency(String(decoding: bytes.suffix(3), as: UTF8.self)) {
      currency = named
      bytes.removeLast(3)
    }
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first.flatMap(decimal), whole < 1_000_000_000_000_000 else { return nil }
    var fraction: Int64 = 0
    if parts.count == 2 {
      guard parts[1].count <= currency?.minorDigits ?? 3, let value = decimal(parts[1]) else { return nil }
      fraction = (parts[1].count..<3).reduce(value) { scaled, _ in scaled * 10 }
    }
    let magnitude = whole * 1_000 + fraction
    self.init(thousandths: isNegative ? -magnitude : magnitude, currency: currency)
  }
}
