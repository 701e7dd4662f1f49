/// OSC 52, "set the selection".
enum Clipboard {
  /// xterm takes 100,000 characters of base64, others less; this is safe everywhere.
  static let maximumBytes = 48 * 1024

  static func sequence(for text: String) -> String? {
    guard text.utf8.count <= maximumBytes else { return nil }
    return "\u{1B}]52;c;\(base64(Array(text.utf8)))\u{07}"
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func base64(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for position in 0..<4 {
        result.append(position <= group.count ? alphabet[value >> (18 - 6 * position) & 63] : 0x3D)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
