package import Stripe

/// A JSON value whose objects keep the order they were written in.
package indirect enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([Member])
  /// JSON text rendered before, spliced in as it is.
  case raw([UInt8])

  package struct Member: Sendable, Equatable {
    package var name: String
    package var value: JSON
  }

  package init(_ value: String?) { self = value.map(JSON.string) ?? .null }
  package init(_ value: Int64?) { self = value.map(JSON.int) ?? .null }
  package init(_ value: Int) { self = .int(Int64(value)) }
  package init(_ value: Double) { self = .double(value) }
  package init(_ value: Bool) { self = .bool(value) }
  package init(_ map: [String: String]) {
    self = .object(map.sorted { $0.key < $1.key }.map { Member(name: $0.key, value: .string($0.value)) })
  }

  /// The member called `name` of an object.
  package subscript(_ name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  package var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  package var integer: Int64? {
    if case .int(let value) = self { value } else { nil }
  }

  package var elements: [JSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral members: (String, JSON)...) {
    self = .object(members.map { Member(name: $0.0, value: $0.1) })
  }
}

// MARK: Writing

extension JSON {
  /// Compact UTF-8.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2048)
    write(to: &bytes)
    return bytes
  }

  private func write(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .int(let value): bytes += String(value).utf8
    case .double(let value): bytes += (value.isFinite ? String(value) : "null").utf8
    case .string(let text): Self.write(text, to: &bytes)
    case .raw(let text): bytes += text
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        element.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.write(member.name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.value.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += #"\""#.utf8
      case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
      case 0x0A: bytes += #"\n"#.utf8
      case 0x0D: bytes += #"\r"#.utf8
      case 0x09: bytes += #"\t"#.utf8
      case 0..<0x20: bytes += "\(byte < 0x10 ? "\\u000" : "\\u00")\(String(byte, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

// MARK: Reading

extension JSON {
  /// Reads one JSON document.
  package static func parse(_ bytes: [UInt8]) throws(JSONScanner.Failure) -> JSON {
    try JSONScanner.scan(bytes) { (scanner) throws(JSONScanner.Failure) in try read(&scanner) }
  }

  private static func read(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> JSON {
    switch try scanner.peekKind() {
    case .null:
      try scanner.skip()
      return .null
    case .bool: return .bool(try scanner.boolOrSkip() ?? false)
    case .string: return .string(try scanner.stringOrSkip() ?? "")
    case .number:
      let text = try scanner.number()
      return Int64(text).map(JSON.int) ?? .double(Double(text) ?? 0)
    case .array:
      var elements: [JSON] = []
      try scanner.array { (scanner) throws(JSONScanner.Failure) in elements.append(try read(&scanner)) }
      return .array(elements)
    case .object:
      var members: [Member] = []
      try scanner.object { (name, scanner) throws(JSONScanner.Failure) in
        members.append(Member(name: name, value: try read(&scanner)))
      }
      return .object(members)
    }
  }
}
