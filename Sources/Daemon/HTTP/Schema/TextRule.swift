import FoundationEssentials
import Market

/// What a string must be: how a request is judged, and how the API's document tells it.
package struct TextRule: Sendable {
  /// In Unicode scalars.
  let length: ClosedRange<Int>
  /// As ECMA-262 writes it. What the document says must not be wider than what is accepted.
  let pattern: String?
  let format: String?
  /// The only words there are; empty: any.
  let words: [String]
  /// The rest of a sentence that begins with the field.
  let wanted: String
  private let rule: @Sendable (String) -> Bool

  init(
    length: ClosedRange<Int>, pattern: String? = nil, format: String? = nil, words: [String] = [], wanted: String,
    _ rule: @escaping @Sendable (String) -> Bool
  ) {
    self.length = length
    self.pattern = pattern
    self.format = format
    self.words = words
    self.wanted = wanted
    self.rule = rule
  }

  func accepts(_ text: String) -> Bool { length.contains(text.unicodeScalars.count) && rule(text) }
}

extension TextRule {
  /// Text for people: no control and no bidirectional characters, something to be seen in it.
  static func plain(_ limit: Int) -> TextRule {
    TextRule(
      length: 1...limit,
      pattern: #"^[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]*$"#,
      wanted: "from 1 to \(limit) characters are wanted, none of them a control character, not only blanks"
    ) { SafeText.isSafe($0) && $0.contains { !$0.isWhitespace } }
  }

  static let email = TextRule(
    length: 3...254,
    pattern: #"^[!#-'*+/-9=?A-Z^-~-]+(\.[!#-'*+/-9=?A-Z^-~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"#
      + #"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"#,
    format: "email", wanted: "an e-mail address is wanted", EmailAddress.isValid)

  static let locale = TextRule(
    length: 2...5, pattern: "^[a-z]{2}(-[A-Z]{2})?$", wanted: "a language like “en” or “es-MX” is wanted"
  ) { $0.wholeMatch(of: /[a-z]{2}(-[A-Z]{2})?/) != nil }

  static let currency = TextRule(
    length: 3...3, pattern: "^[a-z]{3}$", wanted: "a currency in lower case like “eur” is wanted"
  ) { $0.wholeMatch(of: /[a-z]{3}/) != nil }

  static func oneOf(_ words: [String]) -> TextRule {
    TextRule(
      length: (words.map(\.unicodeScalars.count).min() ?? 0)...(words.map(\.unicodeScalars.count).max() ?? 0),
      words: words, wanted: "one of \(words.joined(separator: ", ")) is wanted"
    ) { words.contains($0) }
  }

  /// Anything short, nothing included.
  static let label = TextRule(length: 0...1_000, wanted: "a name is wanted") { _ in true }

  /// What only we make: judged where it is used.
  static func opaque(_ limit: Int, wanted: String = "what an earlier answer gave is wanted") -> TextRule {
    TextRule(length: 1...limit, pattern: "^[!-~]+$", wanted: wanted) { text in
      text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
  }
}

extension TextRule {
  /// As `If-None-Match` has them (RFC 9110 § 13.1.2): a list may have blanks behind its commas.
  static let entityTags = TextRule(
    length: 1...1_000, pattern: "^[!-~]([ -~]*[!-~])?$", wanted: "ETags are wanted"
  ) { text in text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

  static let handle = TextRule(
    length: 2...40, pattern: "^[a-z0-9][a-z0-9-]{1,39}$", wanted: "a vendor's handle is wanted"
  ) { $0.wholeMatch(of: /[a-z0-9][a-z0-9-]{1,39}/) != nil }

  /// As it is shown. What people type is read more kindly.
  static let orderNumber = TextRule(
    length: 15...15, pattern: "^GK-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}$", wanted: "an order's number is wanted"
  ) { OrderNumber($0)?.text == $0 }

  /// Whether there is such an order is another question.
  static let orderReference = TextRule(
    length: 1...40, pattern: "^[0-9A-Za-z-]+$", wanted: "an order's number or id is wanted"
  ) { text in text.utf8.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) } }

  /// 32 bytes in base64url.
  static let token = TextRule(
    length: 43...43, pattern: "^[0-9A-Za-z_-]{43}$", wanted: "an order's token is wanted"
  ) { OrderToken($0) != nil }

  static let instant = TextRule(
    length: 20...32, format: "date-time", wanted: "a time is wanted"
  ) { Instant(rfc3339: $0) != nil }

  static let address = TextRule(length: 8...8_192, format: "uri", wanted: "an address is wanted") { text in
    text.hasPrefix("https://") || text.hasPrefix("http://")
  }
}

/// What an address must be so that mail can be sent to it: one `@`, a local part and a domain name, in ASCII.
enum EmailAddress {
  static func isValid(_ text: String) -> Bool {
    guard text.utf8.count <= 254, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].utf8.count), isLocalPart(parts[0]) else { return false }
    let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    return labels.count >= 2 && labels.allSatisfy(isLabel)
  }

  /// A dot-atom (RFC 5322 § 3.2.3). Quoted local parts are legal, and nobody has one.
  private static func isLocalPart(_ text: Substring) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty && atom.utf8.allSatisfy { !"()<>[]:;@\\,.\"".utf8.contains($0) }
    }
  }

  /// RFC 1123 § 2.1.
  private static func isLabel(_ label: Substring) -> Bool {
    (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
      && label.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || byte == UInt8(ascii: "-")
      }
  }
}
