/// Parameters in the form that Stripe's API reads: `a[b][0][c]=value`, percent-encoded (WHATWG form, UTF-8).
///
/// The order in which they were added is kept, so that the same call always makes the same bytes.
package struct FormParameters: Sendable, Equatable {
  private var pairs: [(name: String, value: String)] = []

  package init() {}

  package var isEmpty: Bool { pairs.isEmpty }

  package mutating func add(_ name: String, _ value: String) {
    pairs.append((name, value))
  }

  /// Adds nothing where there is no value.
  package mutating func add(_ name: String, _ value: String?) {
    if let value { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: Int64) {
    add(name, String(value))
  }

  package mutating func add(_ name: String, _ value: Int64?) {
    if let value { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: Bool) {
    add(name, value ? "true" : "false")
  }

  /// Adds `name[key]=value` for each pair, sorted by key.
  package mutating func add(_ name: String, _ values: [String: String]) {
    for (key, value) in values.sorted(by: { $0.key < $1.key }) { add("\(name)[\(key)]", value) }
  }

  /// Adds `name[]=value` for each value.
  package mutating func add(_ name: String, each values: [String]) {
    for value in values { add("\(name)[]", value) }
  }

  /// The encoded parameters: a request's body, or what follows `?`.
  package var encoded: String {
    pairs.map { "\(Self.escape($0.name, keepingBrackets: true))=\(Self.escape($0.value))" }.joined(separator: "&")
  }

  /// Percent-encodes all but RFC 3986's unreserved characters.
  package static func escape(_ text: String, keepingBrackets: Bool = false) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      case UInt8(ascii: "["), UInt8(ascii: "]"):
        if keepingBrackets { bytes.append(byte) } else { fallthrough }
      default:
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  package static func == (left: FormParameters, right: FormParameters) -> Bool {
    left.pairs.elementsEqual(right.pairs) { $0 == $1 }
  }
}
