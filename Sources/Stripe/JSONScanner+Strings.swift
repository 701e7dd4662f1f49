/// Strings: passed over, or resolved.
extension JSONScanner {
  /// Reads a string.
  mutating func string() throws(Failure) -> String {
    let start = offset
    let hasEscapes = try skipString()
    let content = UnsafeBufferPointer(rebasing: bytes[(start + 1)..<(offset - 1)])
    return hasEscapes ? Self.unescape(content) : String(decoding: content, as: UTF8.self)
  }

  /// Passes over a string and validates it; tells whether it holds escapes.
  @discardableResult
  mutating func skipString() throws(Failure) -> Bool {
    guard peek() == UInt8(ascii: "\"") else { throw failure("a string was expected") }
    offset += 1
    var hasEscapes = false
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        offset += 1
        return hasEscapes
      }
      guard byte >= 0x20 else { throw failure("a control character in a string") }
      offset += 1
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        try skipEscape()
      }
    }
    throw failure("a string without end")
  }

  private mutating func skipEscape() throws(Failure) {
    guard let byte = peek() else { throw failure("a string without end") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return
    case UInt8(ascii: "u"):
      let unit = try skipHexUnit()
      if (0xDC00...0xDFFF).contains(unit) { throw failure("half a surrogate pair") }
      guard (0xD800...0xDBFF).contains(unit) else { return }
      guard peek() == UInt8(ascii: "\\") else { throw failure("half a surrogate pair") }
      offset += 1
      guard peek() == UInt8(ascii: "u") else { throw failure("half a surrogate pair") }
      offset += 1
      guard (0xDC00...0xDFFF).contains(try skipHexUnit()) else { throw failure("half a surrogate pair") }
    default:
      throw failure("an unknown escape")
    }
  }

  private mutating func skipHexUnit() throws(Failure) -> UInt16 {
    guard offset + 4 <= bytes.count else { throw failure("a string without end") }
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Self.hexDigit(bytes[offset]) else { throw failure("a hexadecimal digit was expected") }
      unit = unit << 4 | UInt16(digit)
      offset += 1
    }
    return unit
  }

  /// The value of a hexadecimal digit of either case.
  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Resolves the escapes of a string that ``skipString()`` has validated.
  private static func unescape(_ content: UnsafeBufferPointer<UInt8>) -> String {
    var units: [UInt16] = []
    var result = ""
    var index = 0
    func flush() {
      result += String(decoding: units, as: UTF16.self)
      units.removeAll(keepingCapacity: true)
    }
    while index < content.count {
      guard content[index] == UInt8(ascii: "\\"), index + 1 < content.count else {
        let start = index
        while index < content.count, content[index] != UInt8(ascii: "\\") { index += 1 }
        flush()
        result += String(decoding: content[start..<index], as: UTF8.self)
        continue
      }
      let escape = content[index + 1]
      index += 2
      switch escape {
      case UInt8(ascii: "b"): units.append(0x08)
      case UInt8(ascii: "f"): units.append(0x0C)
      case UInt8(ascii: "n"): units.append(0x0A)
      case UInt8(ascii: "r"): units.append(0x0D)
      case UInt8(ascii: "t"): units.append(0x09)
      case UInt8(ascii: "u"):
        let end = min(index + 4, content.count)
        units.append(content[index..<end].reduce(0) { $0 << 4 | UInt16(hexDigit($1) ?? 0) })
        index = end
      default: units.append(UInt16(escape))
      }
    }
    flush()
    return result
  }
}
