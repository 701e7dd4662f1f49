/// A statement and the values it binds.
///
/// Written as an interpolated literal: `"SELECT … WHERE id = \(id)"` sends `$1` and the value apart from the text, so
/// that no value can ever be read as SQL. Raw text enters only by `\(unescaped:)`, a name by `\(identifier:)`, and
/// another statement, with its values, by `\(sql:)`.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
  /// The literal pieces; one more than there are values, which stand between them.
  private(set) var pieces: [String]
  /// The values in the order of their placeholders.
  package private(set) var binds: [PostgresBind]

  package init(stringLiteral value: String) {
    pieces = [value]
    binds = []
  }

  package init(stringInterpolation: StringInterpolation) {
    pieces = stringInterpolation.pieces
    pieces.append(stringInterpolation.tail)
    binds = stringInterpolation.binds
  }

  /// A statement of raw text that binds nothing.
  package init(unescaped text: String) {
    self.init(stringLiteral: text)
  }

  /// The text as sent to the server: placeholders `$1`, `$2` … and no values.
  package var text: String {
    if binds.isEmpty { return pieces[0] }
    var text = pieces[0]
    text.reserveCapacity(pieces.reduce(4 * binds.count) { $0 + $1.utf8.count })
    for index in 1..<pieces.count {
      text += "$"
      text += String(index)
      text += pieces[index]
    }
    return text
  }

  /// Appends another statement, renumbering its placeholders.
  package mutating func append(_ other: SQL) {
    pieces[pieces.count - 1] += other.pieces[0]
    pieces += other.pieces.dropFirst()
    binds += other.binds
  }

  package static func + (left: SQL, right: SQL) -> SQL {
    var result = left
    result.append(right)
    return result
  }

  package static func += (left: inout SQL, right: SQL) {
    left.append(right)
  }

  /// Joins statements' fragments, as conditions with `" AND "`.
  package static func joined(_ parts: [SQL], by separator: String) -> SQL {
    var result: SQL = ""
    for (index, part) in parts.enumerated() {
      if index > 0 { result.append(SQL(unescaped: separator)) }
      result.append(part)
    }
    return result
  }
}

extension SQL: CustomStringConvertible {
  /// The text with its placeholders; values are left out.
  package var description: String { text }
}

extension SQL {
  /// Collects the pieces of an interpolated literal.
  package struct StringInterpolation: StringInterpolationProtocol {
    var pieces: [String] = []
    var tail = ""
    var binds: [PostgresBind] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      pieces.reserveCapacity(interpolationCount + 1)
      binds.reserveCapacity(interpolationCount)
      tail.reserveCapacity(literalCapacity)
    }

    package mutating func appendLiteral(_ literal: String) {
      tail += literal
    }

    private mutating func bind(_ value: PostgresBind) {
      pieces.append(tail)
      tail = ""
      binds.append(value)
    }

    /// Binds a value of any type that knows how to be bound.
    package mutating func appendInterpolation(_ value: some PostgresBindable) {
      bind(value.postgresBind)
    }

    /// Binds a value, or a null of its type.
    package mutating func appendInterpolation<Value: PostgresBindable>(_ value: Value?) {
      bind(value?.postgresBind ?? .null(Value.postgresType))
    }

    /// Binds a value that is already in the form of a parameter.
    package mutating func appendInterpolation(_ value: PostgresBind) {
      bind(value)
    }

    /// Binds bytes as `bytea`.
    package mutating func appendInterpolation(_ value: [UInt8]) {
      bind(.bytes(value))
    }

    /// Binds bytes as `bytea`, or a null.
    package mutating func appendInterpolation(_ value: [UInt8]?) {
      bind(value.map(PostgresBind.bytes) ?? .null(.bytea))
    }

    /// Binds an array, as for `= ANY(…)` or `unnest(…)`.
    package mutating func appendInterpolation<Element: PostgresBindable>(_ values: [Element]) {
      bind(.array(of: Element.postgresType, values.lazy.map { $0.postgresBind }))
    }

    /// Binds an array some of whose elements are null.
    package mutating func appendInterpolation<Element: PostgresBindable>(_ values: [Element?]) {
      bind(.array(of: Element.postgresType, values.lazy.map { $0?.postgresBind ?? .null(Element.postgresType) }))
    }

    /// Binds an array, or a null of its type.
    package mutating func appendInterpolation<Element: PostgresBindable>(_ values: [Element]?) {
      if let values { appendInterpolation(values) } else { bind(.null(Element.postgresType.array)) }
    }

    /// Binds an array of bytes as `bytea[]`.
    package mutating func appendInterpolation(_ values: [[UInt8]]) {
      bind(.array(of: .bytea, values.lazy.map { PostgresBind.bytes($0) }))
    }

    /// Binds an array of bytes as `bytea[]`, some of whose elements are null.
    package mutating func appendInterpolation(_ values: [[UInt8]?]) {
      bind(.array(of: .bytea, values.lazy.map { $0.map(PostgresBind.bytes) ?? .null(.bytea) }))
    }

    /// Raw text. Never give it anything that came from outside the program.
    package mutating func appendInterpolation(unescaped text: String) {
      tail += text
    }

    /// A quoted name: of a table, a column, a role, a channel.
    package mutating func appendInterpolation(identifier name: String) {
      tail += "\""
      for character in name.unicodeScalars {
        if character == "\"" { tail += "\"" }
        tail.unicodeScalars.append(character)
      }
      tail += "\""
    }

    /// Another statement with its values; its placeholders are renumbered.
    package mutating func appendInterpolation(sql other: SQL) {
      tail += other.pieces[0]
      for (value, piece) in zip(other.binds, other.pieces.dropFirst()) {
        bind(value)
        tail = piece
      }
    }
  }
}
