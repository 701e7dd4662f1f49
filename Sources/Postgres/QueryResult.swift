import CLibpq

/// The owner of one `PGresult`, freed with it.
struct QueryResult: ~Copyable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    PQclear(pointer)
  }

  var status: ExecStatusType { PQresultStatus(pointer) }

  /// The command's tag, as "INSERT 0 3".
  var tag: String { String(cString: PQcmdStatus(pointer)) }

  /// Rows affected, or returned by a SELECT; 0 for a command that affects none.
  var affected: Int {
    guard let digits = PQcmdTuples(pointer) else { return 0 }
    return Int(String(cString: digits)) ?? 0
  }

  /// Gives each row to `decode` until `limit` rows are read.
  func rows<T>(limit: Int = .max, _ decode: (Row) throws -> T) throws -> [T] {
    let columns = Int(PQnfields(pointer))
    let count = min(Int(PQntuples(pointer)), limit)
    return try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(1, columns)) { types in
      for column in 0..<columns { types[column] = PQftype(pointer, Int32(column)) }
      let types = UnsafeBufferPointer(rebasing: types[0..<columns])
      var out: [T] = []
      out.reserveCapacity(count)
      for index in 0..<count { out.append(try decode(Row(self, types: types, index: Int32(index)))) }
      return out
    }
  }

  /// A field of the error that this result carries.
  func field(_ code: gkm_diagnostic) -> String? {
    Self.field(pointer, code)
  }

  static func field(_ pointer: OpaquePointer, _ code: gkm_diagnostic) -> String? {
    PQresultErrorField(pointer, Int32(bitPattern: code.rawValue)).map { String(cString: $0) }
  }

  /// The error that this result carries.
  var error: PostgresError {
    var error = PostgresError(.server, field(GKM_DIAG_MESSAGE) ?? libpqMessage)
    error.sqlState = field(GKM_DIAG_SQLSTATE)
    error.detail = field(GKM_DIAG_DETAIL)
    error.hint = field(GKM_DIAG_HINT)
    error.context = field(GKM_DIAG_CONTEXT)
    error.schema = field(GKM_DIAG_SCHEMA)
    error.table = field(GKM_DIAG_TABLE)
    error.column = field(GKM_DIAG_COLUMN)
    error.constraint = field(GKM_DIAG_CONSTRAINT)
    error.position = field(GKM_DIAG_POSITION).flatMap { Int($0) }
    error.serverFunction = field(GKM_DIAG_FUNCTION)
    if isFatal {
      error.kind = .connectionLost
    } else if error.isState(.queryCanceled) {
      error.kind = .timeout
    }
    return error
  }

  /// Whether the server ends the session with this error.
  var isFatal: Bool {
    let severity = field(GKM_DIAG_SEVERITY)
    return severity == "FATAL" || severity == "PANIC"
  }

  /// What libpq itself says of an error that did not come from the server.
  private var libpqMessage: String {
    PQresultErrorMessage(pointer).map { trimmed($0) } ?? "no message"
  }
}

/// A message of libpq on one line.
func trimmed(_ message: UnsafePointer<CChar>) -> String {
  oneLine(String(cString: message).split(whereSeparator: \.isNewline))
}

/// libpq's lines as one; those that belong to the line before begin with a tab.
func oneLine(_ lines: [Substring]) -> String {
  lines.map { $0.drop(while: \.isWhitespace) }.joined(separator: "; ")
}
