package import Market
package import Postgres

// The domain's values as parameters, and out of rows.

extension Identifier: PostgresBindable {
  package static var postgresType: PostgresType { .int8 }
  package var postgresBind: PostgresBind { rawValue.postgresBind }
}

extension Instant: PostgresBindable {
  package static var postgresType: PostgresType { .timestamptz }
  package var postgresBind: PostgresBind { PostgresTimestamp(microseconds: microseconds).postgresBind }
}

extension Currency: PostgresBindable {
  package static var postgresType: PostgresType { .text }
  package var postgresBind: PostgresBind { code.postgresBind }
}

extension Row {
  /// A `bigint` that names something.
  package func id<Subject>(_ column: Int) throws -> Identifier<Subject> { Identifier(try int64(column)) }

  /// A `bigint` that names something, or null.
  package func idOrNil<Subject>(_ column: Int) throws -> Identifier<Subject>? {
    try int64OrNil(column).map { Identifier($0) }
  }

  /// A `timestamptz`.
  package func instant(_ column: Int) throws -> Instant {
    Instant(microseconds: try timestamp(column).microseconds)
  }

  /// A `timestamptz`, or null.
  package func instantOrNil(_ column: Int) throws -> Instant? {
    try timestampOrNil(column).map { Instant(microseconds: $0.microseconds) }
  }

  /// A text that is one of an enumeration's words.
  package func word<Word: RawRepresentable>(_ column: Int) throws -> Word where Word.RawValue == String {
    let text = try string(column)
    guard let word = Word(rawValue: text) else {
      var error = PostgresError(.decode, "column \(column) \"\(name(column))\" holds the unknown word \"\(text)\"")
      error.column = name(column)
      throw error
    }
    return word
  }

  /// A currency code.
  package func currency(_ column: Int) throws -> Currency {
    let text = try string(column)
    guard let currency = Currency(text) else {
      throw PostgresError(.decode, "column \(column) \"\(name(column))\" holds no currency code")
    }
    return currency
  }
}

/// `text` as the column type `safe_text` takes it: refused characters are replaced, and what lies beyond `limit`
/// characters is cut off. `nil` stays `nil`.
func safe(_ text: String?, limit: Int = 500) -> String? {
  text.map { SafeText.cleaned($0, limit: limit) }
}
