/// Addresses in texts that others wrote, such as a mail server's reply. What is sealed stays for ever, so that no
/// address may stand in it: a person is named by an order's or a row's id, which says nothing once that row is erased.
package enum PersonalText {
  /// What an address is replaced with.
  package static let mark = "(address)"

  /// The text with every e-mail address replaced.
  package static func masked(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
    var out: [UInt8] = []
    var word: [UInt8] = []
    func end() {
      out += isAddress(word) ? Array(mark.utf8) : word
      word.removeAll(keepingCapacity: true)
    }
    for byte in text.utf8 {
      if isDelimiter(byte) {
        end()
        out.append(byte)
      } else {
        word.append(byte)
      }
    }
    end()
    return String(decoding: out, as: UTF8.self)
  }

  /// Whether there is an address in it.
  package static func holdsAddress(_ text: String) -> Bool { masked(text) != text }

  /// Something, an at sign, something: nothing that names a person is missed for being oddly spelled.
  private static func isAddress(_ word: [UInt8]) -> Bool {
    guard let at = word.lastIndex(of: UInt8(ascii: "@")) else { return false }
    return at > word.startIndex && at < word.endIndex - 1
  }

  private static func isDelimiter(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == 0x7F || "<>()[]\"',;:".utf8.contains(byte)
  }
}
