/// A `uuid`: sixteen bytes, printed in the usual five groups.
package struct PostgresUUID: Sendable, Hashable {
  /// The first and the last eight bytes, big-endian.
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// From sixteen bytes; nil for any other count.
  package init?(bytes: some Sequence<UInt8>) {
    var words: (UInt64, UInt64) = (0, 0)
    var count = 0
    for byte in bytes {
      if count < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
      count += 1
      if count > 16 { return nil }
    }
    guard count == 16 else { return nil }
    self.init(high: words.0, low: words.1)
  }

  /// From text: 32 hexadecimal digits in either case; hyphens may stand anywhere between bytes.
  package init?(_ text: some StringProtocol) {
    var digits: [UInt8] = []
    for character in text.utf8 where character != UInt8(ascii: "-") {
      guard let digit = Self.digit(character), digits.count < 32 else { return nil }
      digits.append(digit)
    }
    guard digits.count == 32 else { return nil }
    self.init(bytes: (0..<16).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] })
  }

  /// The sixteen bytes.
  package var bytes: [UInt8] {
    [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension PostgresUUID: CustomStringConvertible {
  package var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if index == 4 || index == 6 || index == 8 || index == 10 { out.append(UInt8(ascii: "-")) }
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
  }
}
