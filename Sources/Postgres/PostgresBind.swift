/// A parameter of a statement: a type and a value in the form in which it is sent.
///
/// Values of known types go in PostgreSQL's binary format, where nothing needs escaping and a NUL byte in a string is
/// refused by the server instead of ending the string. Values of an inferred type go as text.
package struct PostgresBind: Sendable {
  /// What is sent.
  enum Content: Sendable {
    case null
    /// The low `width` bytes, big-endian.
    case word(UInt64, width: Int)
    case utf8(String)
    case binary([UInt8])
    /// Text format, for a type that the server infers.
    case text(String)
  }

  package let type: PostgresType
  let content: Content

  init(_ type: PostgresType, _ content: Content) {
    self.type = type
    self.content = content
  }

  /// A null of a type.
  package static func null(_ type: PostgresType) -> PostgresBind { PostgresBind(type, .null) }

  /// Bytes as `bytea`.
  package static func bytes(_ bytes: [UInt8]) -> PostgresBind { PostgresBind(.bytea, .binary(bytes)) }

  /// A value in its text form whose type the server infers from the statement, as it does for a quoted literal:
  /// an enum's label, an interval, `inet`, `jsonb`. The text must hold no NUL.
  package static func inferred(_ text: String) -> PostgresBind { PostgresBind(.inferred, .text(text)) }

  /// A JSON text as `jsonb`.
  package static func json(_ text: String) -> PostgresBind {
    PostgresBind(.jsonb, .binary([1] + Array(text.utf8)))
  }

  /// A JSON text in UTF-8 as `jsonb`.
  package static func json(utf8 text: [UInt8]) -> PostgresBind { PostgresBind(.jsonb, .binary([1] + text)) }

  /// A one-dimensional array of values of one type. If `type` is `.inferred`, the type of the first value counts.
  package static func array(of type: PostgresType, _ values: some Sequence<PostgresBind>) -> PostgresBind {
    // Array header: dimensions, has-null flag, element type, then length and lower bound of the one dimension.
    var out = [UInt8](repeating: 0, count: 20)
    var type = type
    var count: UInt32 = 0
    var hasNull = false
    for value in values {
      count += 1
      if case .null = value.content { hasNull = true }
      if type.oid == 0 { type = value.type }
      value.content.appendWithLength(to: &out)
    }
    if type.oid == 0 { return .inferred(arrayLiteral(values)) }
    out.replaceWord(count == 0 ? 0 : 1, at: 0)
    out.replaceWord(hasNull ? 1 : 0, at: 4)
    out.replaceWord(type.oid, at: 8)
    if count == 0 {
      out.removeLast(8)
    } else {
      out.replaceWord(count, at: 12)
      out.replaceWord(1, at: 16)
    }
    return PostgresBind(type.array, .binary(out))
  }

  /// The text form of an array of values whose type the server infers.
  private static func arrayLiteral(_ values: some Sequence<PostgresBind>) -> String {
    let elements = values.map { value -> String in
      guard case .text(let text) = value.content else { return "NULL" }
      var quoted = "\""
      for scalar in text.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { quoted += "\\" }
        quoted.unicodeScalars.append(scalar)
      }
      return quoted + "\""
    }
    return "{" + elements.joined(separator: ",") + "}"
  }

  /// Whether the value goes in the binary format.
  var isBinary: Bool {
    if case .text = content { false } else { true }
  }
}

extension PostgresBind.Content {
  /// Appends the value's bytes; nothing for a null.
  func append(to out: inout [UInt8]) {
    switch self {
    case .null: break
    case .word(let word, let width):
      for index in (0..<width).reversed() { out.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
    case .utf8(let string), .text(let string): out.append(contentsOf: string.utf8)
    case .binary(let bytes): out.append(contentsOf: bytes)
    }
  }

  /// Appends a length (-1 for a null) and the value, as elements stand in an array.
  func appendWithLength(to out: inout [UInt8]) {
    let start = out.count
    for _ in 0..<4 { out.append(0) }
    append(to: &out)
    if case .null = self {
      out.replaceWord(UInt32.max, at: start)
    } else {
      out.replaceWord(UInt32(truncatingIfNeeded: out.count - start - 4), at: start)
    }
  }
}

extension [UInt8] {
  /// Overwrites four bytes with a big-endian word.
  fileprivate mutating func replaceWord(_ word: UInt32, at offset: Int) {
    for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * index)) }
  }
}
