package import Market
package import Postgres

// How the domain's values enter and leave a statement.

extension Identifier: PostgresBindable {
  package static var postgresType: PostgresType { Int64.postgresType }
  package var postgresBind: PostgresBind { rawValue.postgresBind }
}

extension Instant: PostgresBindable {
  package static var postgresType: PostgresType { PostgresTimestamp.postgresType }
  package var postgresBind: PostgresBind { PostgresTimestamp(microseconds: microseconds).postgresBind }
}

extension Currency: PostgresBindable {
  package static var postgresType: PostgresType { String.postgresType }
  package var postgresBind: PostgresBind { code.postgresBind }
}

extension Row {
  package func instant(_ column: Int) throws -> Instant { Instant(microseconds: try timestamp(column).microseconds) }

  package func instantOrNil(_ column: Int) throws -> Instant? {
    try timestampOrNil(column).map { Instant(microseconds: $0.microseconds) }
  }

  package func id<Subject>(_ column: Int) throws -> Identifier<Subject> { Identifier(try int64(column)) }

  package func idOrNil<Subject>(_ column: Int) throws -> Identifier<Subject>? {
    try int64OrNil(column).map { Identifier($0) }
  }

  /// A word of a closed set of the domain, such as a state.
  package func word<Word: RawRepresentable<String>>(_ column: Int, as type: Word.Type = Word.self) throws -> Word {
    let text = try string(column)
    guard let word = Word(rawValue: text) else {
      throw StoreError.unknownWord(column: name(column), word: text)
    }
    return word
  }

  /// An amount in one column and its currency in another.
  package func money(_ amount: Int, _ currency: Int) throws -> Money {
    let code = try string(currency)
    guard let currency = Currency(code) else { throw StoreError.unknownWord(column: name(currency), word: code) }
    return Money(try int64(amount), currency)
  }
}

/// What the database holds that this program cannot read, or a request that it cannot serve.
package enum StoreError: Error, CustomStringConvertible, Equatable {
  case unknownWord(column: String, word: String)
  case notSignedIn
  case notShown(String, to: Role)
  case badRow(String)

  package var description: String {
    switch self {
    case .unknownWord(let column, let word): "the column \(column) holds “\(word)”, which this program does not know"
    case .notSignedIn: "this login is not a person of the market: ask an admin to add it"
    case .notShown(let what, let role): "\(what) is not shown to \(role.plural)"
    case .badRow(let what): "the database answered a row that cannot be read: \(what)"
    }
  }
}
