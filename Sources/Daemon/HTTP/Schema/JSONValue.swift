package import Stripe

/// A JSON document as values, for bodies that a schema then judges. Numbers keep what they were written as.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A number that is no whole one, or none that 64 bits hold.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// In the order in which they stand; no name twice.
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let name: String
    package let value: JSONValue
  }

  /// Reads exactly one value. Throws the scanner's sentence and place.
  package static func parse(_ bytes: [UInt8]) throws(JSONScanner.Failure) -> JSONValue {
    try JSONScanner.scan(bytes) { (scanner) throws(JSONScanner.Failure) in try value(&scanner) }
  }

  private static func value(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> JSONValue {
    switch try scanner.peekKind() {
    case .null:
      try scanner.skip()
      return .null
    case .bool: return .bool(try scanner.boolOrSkip() ?? false)
    case .number: return numeric(try scanner.number())
    case .string: return .string(try scanner.stringOrSkip() ?? "")
    case .array:
      var elements: [JSONValue] = []
      try scanner.array { (scanner) throws(JSONScanner.Failure) in elements.append(try value(&scanner)) }
      return .array(elements)
    case .object:
      var members: [Member] = []
      var names: Set<String> = []
      try scanner.object { (name, scanner) throws(JSONScanner.Failure) in
        guard names.insert(name).inserted else {
          throw JSONScanner.Failure(reason: "the member “\(name.prefix(64))” stands twice", offset: scanner.position)
        }
        members.append(Member(name: name, value: try value(&scanner)))
      }
      return .object(members)
    }
  }

  /// `2`, `2.0` and `2e0` are the same whole number, as JSON Schema has it.
  private static func numeric(_ text: String) -> JSONValue {
    if let integer = Int64(text) { return .integer(integer) }
    if let double = Double(text), double.magnitude < 9_007_199_254_740_992, let integer = Int64(exactly: double) {
      return .integer(integer)
    }
    return .number(text)
  }

  // MARK: Looking

  package subscript(_ name: String) -> JSONValue? {
    if case .object(let members) = self { members.first { $0.name == name }?.value } else { nil }
  }

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var whole: Int64? { if case .integer(let number) = self { number } else { nil } }
  package var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
}
