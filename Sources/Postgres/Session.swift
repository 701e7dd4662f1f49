/// An open connection inside `read`, `write` or `run`. It is lent to the closure and cannot be kept.
///
/// Everything here is synchronous and runs on the connection's own thread; nothing suspends inside a transaction. Each
/// statement is prepared once per connection. Errors are `PostgresError` with the statement and the caller's place.
package struct Session: ~Copyable {
  private let wire: Wire

  init(_ wire: Wire) {
    self.wire = wire
  }

  /// Runs a statement and decodes its rows, in order.
  package func rows<T>(
    _ sql: SQL, _ decode: (Row) throws -> T, file: StaticString = #fileID, line: UInt = #line
  ) throws -> [T] {
    try rows(sql, limit: .max, decode, CallSite(file: file, line: line))
  }

  /// Runs a statement and decodes its first row; nil if there is none.
  package func first<T>(
    _ sql: SQL, _ decode: (Row) throws -> T, file: StaticString = #fileID, line: UInt = #line
  ) throws -> T? {
    try rows(sql, limit: 1, decode, CallSite(file: file, line: line)).first
  }

  private func rows<T>(
    _ sql: SQL, limit: Int, _ decode: (Row) throws -> T, _ site: CallSite
  ) throws -> [T] {
    let result = try wire.query(sql, at: site)
    do {
      return try result.rows(limit: limit, decode)
    } catch let error as PostgresError where error.kind == .decode && error.sql == nil {
      throw error.at(site, sql: sql.text)
    }
  }

  /// Runs a statement; returns how many rows it affected.
  @discardableResult
  package func execute(_ sql: SQL, file: StaticString = #fileID, line: UInt = #line) throws -> Int {
    try wire.execute([sql], at: CallSite(file: file, line: line)).affected[0]
  }

  /// The same; while the server works on the statement, `meanwhile` runs here. It is run once, and not where the
  /// statement could not be sent.
  @discardableResult
  package func execute(
    _ sql: SQL, meanwhile: () -> Void, file: StaticString = #fileID, line: UInt = #line
  ) throws -> Int {
    try wire.execute([sql], at: CallSite(file: file, line: line), meanwhile: meanwhile).affected[0]
  }

  /// Runs statements in one round trip; returns how many rows each affected. Where no transaction is open they are one:
  /// all or none. The first that fails is the error, and those after it are not run.
  @discardableResult
  package func pipeline(
    _ statements: [SQL], file: StaticString = #fileID, line: UInt = #line
  ) throws -> [Int] {
    if statements.isEmpty { return [] }
    return try wire.execute(statements, at: CallSite(file: file, line: line)).affected
  }

  /// Runs text of any number of statements, without values, as migrations are. Their rows are dropped.
  package func script(_ sql: String, file: StaticString = #fileID, line: UInt = #line) throws {
    try wire.script(sql, at: CallSite(file: file, line: line))
  }

  /// Runs a `COPY … FROM STDIN`. The pieces are sent one after the other as they are, in the format that the statement
  /// names (`CopyRow` makes rows of the text format, newline included); returns how many rows were copied.
  @discardableResult
  package func copyIn(
    _ sql: String, rows: some Sequence<[UInt8]>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> Int {
    try wire.copyIn(sql, rows, at: CallSite(file: file, line: line))
  }
}
