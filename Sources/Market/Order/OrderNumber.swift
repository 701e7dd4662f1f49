/// What an order is called by people: `GK-7Q2M-4XKD-9R`. Random, so that it tells nothing of how many there are.
///
/// Nine random symbols and a check symbol in Crockford's base 32 (https://www.crockford.com/base32.html: no I, L, O, U;
/// 0 and 1 stand in for O, I and L when read). The check symbol catches any one wrong symbol and any two that
/// changed places.
package struct OrderNumber: Hashable, Sendable {
  /// As it is stored and shown.
  package let text: String

  /// From random bits, of which the lowest 45 count. Whoever stores it draws again if it is taken.
  package init(random bits: UInt64) {
    let symbols = (0..<Self.randomSymbols).map { UInt8(bits >> UInt64($0 * 5) & 31) }
    text = Self.spelled(symbols + [Self.check(symbols)])
  }

  /// Reads what somebody typed: either case, with or without `GK`, dashes and blanks. `nil` if it cannot be one, a wrong
  /// check symbol included.
  package init?(_ typed: some StringProtocol) {
    var characters = typed.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
    if characters.count == 12, characters[0] | 0x20 == UInt8(ascii: "g"), characters[1] | 0x20 == UInt8(ascii: "k") {
      characters.removeFirst(2)
    }
    let symbols = characters.compactMap(Self.symbol)
    guard characters.count == Self.randomSymbols + 1, symbols.count == characters.count,
      Self.check(symbols.dropLast()) == symbols.last
    else { return nil }
    text = Self.spelled(symbols)
  }

  private static let randomSymbols = 9
  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  private static func symbol(_ character: UInt8) -> UInt8? {
    let upper = (0x61...0x7A).contains(character) ? character & 0xDF : character
    switch upper {
    case UInt8(ascii: "O"): return 0
    case UInt8(ascii: "I"), UInt8(ascii: "L"): return 1
    default: return alphabet.firstIndex(of: upper).map { UInt8($0) }
    }
  }

  /// Σ xⁱ·sᵢ in GF(32) = GF(2)[x]/(x⁵+x²+1), x primitive: no single error and no exchange of two unlike symbols gives
  /// zero difference.
  private static func check(_ symbols: some BidirectionalCollection<UInt8>) -> UInt8 {
    symbols.reduce(UInt8(0)) { timesX($0 ^ $1) }
  }

  private static func timesX(_ value: UInt8) -> UInt8 {
    let doubled = value << 1
    return doubled & 32 == 0 ? doubled : doubled ^ 0b100101
  }

  private static func spelled(_ symbols: [UInt8]) -> String {
    var bytes = Array("GK".utf8)
    for (index, symbol) in symbols.enumerated() {
      if index % 4 == 0 { bytes.append(UInt8(ascii: "-")) }
      bytes.append(alphabet[Int(symbol)])
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension OrderNumber: CustomStringConvertible {
  package var description: String { text }
}
