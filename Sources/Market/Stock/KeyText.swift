/// What keys look like: enough to offer looking for one sealed, before it is sent anywhere as plain text.
package enum KeyText {
  /// Whether a text may be a key of a game or a program: letters and digits alone but for hyphens and blanks, in three or
  /// more groups or fifteen and more of them, and nothing that means something else here.
  package static func looksLikeKey(_ text: some StringProtocol) -> Bool {
    let bytes = Array(text.utf8)
    let marks = bytes.filter { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: " ") }.count
    let letters = bytes.count - marks
    guard letters >= 12, letters <= StockChunk.longestKey, !isOrderNumber(text) else { return false }
    guard bytes.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: " ") }),
      bytes.contains(where: isDigit), bytes.contains(where: isLetter)
    else { return false }
    return letters >= 15 || marks >= 2
  }

  /// Also one that was mistyped: it is looked for as an order, and nobody learns of a key.
  private static func isOrderNumber(_ text: some StringProtocol) -> Bool {
    OrderNumber(String(text)) != nil
      || text.utf8.count == 15 && text.uppercased().wholeMatch(of: /GK-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}/) != nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
}
