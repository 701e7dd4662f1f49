/// Walks over one JSON document (RFC 8259) without building anything, so that an envelope is read in microseconds.
///
/// It validates all it passes over: grammar, escapes, UTF-8 (once, in ``init(_:)``), and a nesting limit. A value is
/// either read (`string`, `bool`, …) or skipped; an object or array is visited member by member through a closure that
/// must consume exactly one value. Offsets count bytes from the document's beginning. Nothing traps on any input.
package struct JSONScanner {
  /// Why a document cannot be read, and at which byte.
  package struct Failure: Error, Equatable {
    package let reason: String
    package let offset: Int

    package init(reason: String, offset: Int) {
      self.reason = reason
      self.offset = offset
    }
  }

  /// Deeper nesting than this is refused: Stripe's events stay under 12.
  static let depthLimit = 64

  let bytes: UnsafeBufferPointer<UInt8>
  var offset = 0
  /// Where the scanner stands, in bytes from the document's beginning.
  package var position: Int { offset }
  private var depth = 0

  /// Runs `body` over `document`, which must be exactly one JSON value with nothing but white space around it.
  package static func scan<T>(_ document: [UInt8], _ body: (inout JSONScanner) throws(Failure) -> T) throws(Failure)
    -> T
  {
    guard String(validating: document, as: UTF8.self) != nil else {
      throw Failure(reason: "not UTF-8", offset: 0)
    }
    // A closure passed to `withUnsafeBufferPointer` would lose the typed error, hence the Result.
    let result: Result<T, Failure> = document.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      do throws(Failure) {
        let value = try body(&scanner)
        try scanner.end()
        return .success(value)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  // MARK: Looking

  /// What kind of value comes next, told by its first byte.
  package enum Kind { case object, array, string, number, bool, null }

  package mutating func peekKind() throws(Failure) -> Kind {
    skipSpace()
    guard let byte = peek() else { throw failure("a value was expected") }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: throw failure("a value was expected")
    }
  }

  // MARK: Reading

  /// Visits an object's members in order. `member` gets the key and must consume the value.
  package mutating func object(_ member: (String, inout JSONScanner) throws(Failure) -> Void) throws(Failure) {
    try open(UInt8(ascii: "{"))
    if take(UInt8(ascii: "}")) { return close() }
    repeat {
      skipSpace()
      let key = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw failure("':' was expected") }
      try member(key, &self)
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw failure("',' or '}' was expected") }
    close()
  }

  /// Visits an array's elements in order. `element` must consume the value.
  package mutating func array(_ element: (inout JSONScanner) throws(Failure) -> Void) throws(Failure) {
    try open(UInt8(ascii: "["))
    if take(UInt8(ascii: "]")) { return close() }
    repeat {
      try element(&self)
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw failure("',' or ']' was expected") }
    close()
  }

  /// A string if one comes next; any other value is skipped and gives `nil`.
  package mutating func stringOrSkip() throws(Failure) -> String? {
    if try peekKind() == .string { return try string() }
    try skip()
    return nil
  }

  /// A boolean if one comes next; any other value is skipped and gives `nil`.
  package mutating func boolOrSkip() throws(Failure) -> Bool? {
    guard try peekKind() == .bool else {
      try skip()
      return nil
    }
    let isTrue = peek() == UInt8(ascii: "t")
    try literal(isTrue ? "true" : "false")
    return isTrue
  }

  /// A whole number that fits 64 bits if one comes next; any other value is skipped and gives `nil`.
  package mutating func integerOrSkip() throws(Failure) -> Int64? {
    guard try peekKind() == .number else {
      try skip()
      return nil
    }
    return Int64(try number())
  }

  /// A number as it is written.
  package mutating func number() throws(Failure) -> String {
    skipSpace()
    let start = offset
    try skipNumber()
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  /// The range of bytes of the next value, which is passed over.
  mutating func range() throws(Failure) -> Range<Int> {
    skipSpace()
    let start = offset
    try skip()
    return start..<offset
  }

  /// Passes over one value of any kind.
  package mutating func skip() throws(Failure) {
    switch try peekKind() {
    case .object:
      try open(UInt8(ascii: "{"))
      if take(UInt8(ascii: "}")) { return close() }
      repeat {
        skipSpace()
        try skipString()
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw failure("':' was expected") }
        try skip()
        skipSpace()
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")) else { throw failure("',' or '}' was expected") }
      close()
    case .array: try array { (scanner) throws(Failure) in try scanner.skip() }
    case .string: try skipString()
    case .number: try skipNumber()
    case .bool: try literal(peek() == UInt8(ascii: "t") ? "true" : "false")
    case .null: try literal("null")
    }
  }

  // MARK: Pieces

  func peek() -> UInt8? {
    offset < bytes.count ? bytes[offset] : nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard peek() == byte else { return false }
    offset += 1
    return true
  }

  private mutating func open(_ bracket: UInt8) throws(Failure) {
    guard take(bracket) else {
      throw failure(bracket == UInt8(ascii: "{") ? "an object was expected" : "an array was expected")
    }
    depth += 1
    guard depth <= Self.depthLimit else { throw failure("nested deeper than \(Self.depthLimit)") }
  }

  private mutating func close() {
    depth -= 1
  }

  private mutating func end() throws(Failure) {
    skipSpace()
    guard offset == bytes.count else { throw failure("something follows the document") }
  }

  private mutating func skipSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private mutating func literal(_ word: StaticString) throws(Failure) {
    let count = word.utf8CodeUnitCount
    guard offset + count <= bytes.count else { throw failure("cut short") }
    for index in 0..<count where bytes[offset + index] != word.utf8Start[index] {
      throw failure("a value was expected")
    }
    offset += count
  }

  private mutating func skipNumber() throws(Failure) {
    if peek() == UInt8(ascii: "-") { offset += 1 }
    if peek() == UInt8(ascii: "0") { offset += 1 } else { try skipDigits() }
    if peek() == UInt8(ascii: ".") {
      offset += 1
      try skipDigits()
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      offset += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { offset += 1 }
      try skipDigits()
    }
  }

  private mutating func skipDigits() throws(Failure) {
    let start = offset
    while offset < bytes.count, bytes[offset] >= UInt8(ascii: "0"), bytes[offset] <= UInt8(ascii: "9") { offset += 1 }
    guard offset > start else { throw failure("a digit was expected") }
  }

  func failure(_ reason: String) -> Failure {
    Failure(reason: reason, offset: offset)
  }
}
