/// An ISO 4217 code as Stripe spells amounts in it: lower case on the wire, upper case for people.
///
/// Source: https://docs.stripe.com/currencies (zero-decimal and three-decimal currencies, special cases).
package struct Currency: Hashable, Sendable {
  /// Three lower-case ASCII letters.
  package let code: String

  /// Accepts three ASCII letters in either case; anything else is `nil`.
  package init?(_ text: String) {
    let lowered = text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    guard lowered.count == 3, lowered.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }) else { return nil }
    code = String(decoding: lowered, as: UTF8.self)
  }

  private init(known code: String) { self.code = code }

  package static let eur = Currency(known: "eur")
  package static let usd = Currency(known: "usd")
  package static let gbp = Currency(known: "gbp")
  package static let jpy = Currency(known: "jpy")
  package static let kwd = Currency(known: "kwd")

  /// Upper case, as people read it.
  package var display: String { String(decoding: code.utf8.map { $0 & 0xDF }, as: UTF8.self) }

  /// How many digits of Stripe's integer amount stand behind the decimal point: 0, 2 or 3.
  ///
  /// UGX and ISK have no minor unit of their own, but Stripe takes them × 100.
  package var minorDigits: Int {
    if Self.codes(minorDigits: 0).contains(code) { return 0 }
    return Self.codes(minorDigits: 3).contains(code) ? 3 : 2
  }

  /// The step between two amounts that Stripe takes: 10 where the last of three decimals must be 0, or where a
  /// currency without minor units is sent × 100; else 1.
  package var amountStep: Int64 {
    switch code {
    case "bhd", "jod", "kwd", "omr", "tnd": 10
    case "ugx", "isk": 100
    default: 1
    }
  }
}

extension Currency: CustomStringConvertible {
  package var description: String { code }
}

extension Currency: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let currency = Currency(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not a currency code: three letters wanted")
    }
    self = currency
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(code)
  }
}

extension Currency {
  /// The codes of those with so many digits behind the point, where that is not two.
  package static func codes(minorDigits: Int) -> [String] {
    switch minorDigits {
    case 0: ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
    case 3: ["bhd", "jod", "kwd", "omr", "tnd"]
    default: []
    }
  }
}
