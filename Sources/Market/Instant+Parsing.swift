extension Instant {
  /// Reads RFC 3339: `2026-03-01T12:00:00Z` or with an offset as `2026-03-01T14:00:00+02:00`, with up to six decimals
  /// of a second. `nil` for anything else, an impossible date included.
  package init?(rfc3339 text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, let date = CivilDate(bytes[0..<10]), bytes[10] == UInt8(ascii: "T"),
      let clock = ClockTime(bytes[11..<19])
    else { return nil }
    var rest = bytes[19...]
    var micros: Int64 = 0
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
      guard (1...6).contains(digits.count), let value = decimal(digits) else { return nil }
      micros = (digits.count..<6).reduce(value) { scaled, _ in scaled * 10 }
      rest = rest.dropFirst(digits.count + 1)
    }
    guard let east = Self.offset(rest) else { return nil }
    self = date.midnight + .seconds(clock.seconds - east) + .microseconds(micros)
  }

  /// Seconds east of UTC of `Z`, `+02:00`.
  private static func offset(_ bytes: ArraySlice<UInt8>) -> Int64? {
    if bytes.elementsEqual("Z".utf8) { return 0 }
    guard bytes.count == 6, let sign = bytes.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
      let clock = ClockTime(bytes.dropFirst())
    else { return nil }
    return sign == UInt8(ascii: "+") ? clock.seconds : -clock.seconds
  }
}

/// A day of the calendar that exists.
struct CivilDate {
  let midnight: Instant

  /// Reads `2026-03-01`.
  init?(_ bytes: ArraySlice<UInt8>) {
    let start = bytes.startIndex
    guard bytes.count == 10, bytes[start + 4] == UInt8(ascii: "-"), bytes[start + 7] == UInt8(ascii: "-"),
      let year = decimal(bytes[start..<(start + 4)]), let month = decimal(bytes[(start + 5)..<(start + 7)]),
      let day = decimal(bytes[(start + 8)...]), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let time = CivilTime(year: year, month: month, day: day, hour: 0, minute: 0, second: 0, microsecond: 0)
    midnight = Instant(time)
    guard midnight.civil == time else { return nil }
  }
}

/// A time of day.
struct ClockTime {
  /// Since midnight.
  let seconds: Int64
  /// 60 where only hours and minutes were written, else 1.
  let precisionSeconds: Int64

  /// Reads `12:00` and `12:00:30`.
  init?(_ bytes: ArraySlice<UInt8>) {
    let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ $0.count == 2 }) else { return nil }
    let values = parts.compactMap(decimal)
    guard values.count == parts.count, values[0] < 24, values[1] < 60, values.count < 3 || values[2] < 60 else {
      return nil
    }
    seconds = values[0] * 3_600 + values[1] * 60 + (values.count == 3 ? values[2] : 0)
    precisionSeconds = values.count == 3 ? 1 : 60
  }
}

/// The value of up to 18 ASCII digits; `nil` for anything else.
func decimal(_ bytes: ArraySlice<UInt8>) -> Int64? {
  guard (1...18).contains(bytes.count) else { return nil }
  var value: Int64 = 0
  for byte in bytes {
    guard (0x30...0x39).contains(byte) else { return nil }
    value = value * 10 + Int64(byte - 0x30)
  }
  return value
}
