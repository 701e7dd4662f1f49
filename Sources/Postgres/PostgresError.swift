/// What went wrong between a caller and PostgreSQL, with the statement and the place in the program.
///
/// Values of parameters are never in it. `detail` and, seldom, `message` come from the server and may quote data
/// ("Key (email)=(…) already exists."), so `description` leaves the detail out.
package struct PostgresError: Error, Sendable {
  package enum Kind: Sendable, Hashable {
    /// No connection could be made.
    case connect
    /// The connection broke, or the server ended it, during a call.
    case connectionLost
    /// The server refused a statement; see `sqlState`.
    case server
    /// A limit of time passed: the call's deadline, or the server's `statement_timeout`.
    case timeout
    /// The calling task was cancelled.
    case cancelled
    /// A value could not be read as asked; `column` names it.
    case decode
    /// The program asked for what cannot be done.
    case usage
    /// A statement had failed inside the transaction, so that COMMIT rolled it back.
    case transactionAborted
    /// The pool has as many waiters as it may.
    case poolExhausted
    /// No connection of the pool became free in time.
    case poolTimeout
    /// The connection or the pool was closed.
    case closed
  }

  package var kind: Kind
  /// The five characters of SQLSTATE, if the server said anything.
  package var sqlState: String?
  package var message: String
  /// May quote data. Leave it out of logs.
  package var detail: String?
  package var hint: String?
  /// Where in the server it happened: the lines of functions and triggers.
  package var context: String?
  package var schema: String?
  package var table: String?
  package var column: String?
  package var constraint: String?
  /// Where in the statement, in characters from 1.
  package var position: Int?
  /// The statement with its placeholders.
  package var sql: String?
  package var file: String
  package var line: UInt
  /// Whether the statement or the transaction may have been committed although this error came instead of an answer.
  package var isCommitUnknown = false
  /// Whether the server asked for a password and there was none to give.
  package var needsPassword = false
  /// Whether the server had reached nothing of the transaction but its BEGIN.
  var isBeforeFirstStatement = false
  /// The function of the server that raised the error: the same in every language.
  var serverFunction: String?

  package init(_ kind: Kind, _ message: String, sql: String? = nil, file: String = #fileID, line: UInt = #line) {
    self.kind = kind
    self.message = message
    self.sql = sql
    self.file = file
    self.line = line
  }

  /// The same error, told from a statement's place in the program.
  func at(_ site: CallSite, sql: String? = nil) -> PostgresError {
    var error = self
    error.file = "\(site.file)"
    error.line = site.line
    if let sql { error.sql = sql }
    return error
  }
}

extension PostgresError {
  /// Whether the server refused with this SQLSTATE.
  package func isState(_ state: SQLState) -> Bool { sqlState == state.code }

  package var isUniqueViolation: Bool { isState(.uniqueViolation) }
  package var isForeignKeyViolation: Bool { isState(.foreignKeyViolation) }
  package var isCheckViolation: Bool { isState(.checkViolation) }
  package var isSerializationFailure: Bool { isState(.serializationFailure) }
  package var isDeadlock: Bool { isState(.deadlockDetected) }
  package var isInsufficientPrivilege: Bool { isState(.insufficientPrivilege) }
  package var isReadOnly: Bool { isState(.readOnlyTransaction) }

  /// Whether the connection is of no more use: it broke, or the server ended it.
  package var isConnectionLost: Bool { kind == .connectionLost || kind == .connect }

  /// Whether doing the whole transaction again may succeed, and cannot do it twice: nothing of it was committed, and
  /// the cause passes (a conflict, a lost connection, a server that starts, stops or has no connection free).
  package var isRetryable: Bool {
    if isCommitUnknown { return false }
    switch kind {
    case .connectionLost, .poolTimeout, .poolExhausted: return true
    case .connect, .server, .timeout: break
    case .cancelled, .decode, .usage, .transactionAborted, .closed: return false
    }
    guard let sqlState else { return kind == .connect }
    return SQLState.passing.contains(SQLState(sqlState)) || isStalePlan
      || sqlState.hasPrefix(SQLState.connectionExceptionClass)
      || sqlState.hasPrefix(SQLState.insufficientResourcesClass)
  }

  /// Whether a prepared statement no longer fits the tables, or has gone from the server.
  var isStalePlan: Bool {
    isState(.invalidStatementName) || isState(.featureNotSupported) && serverFunction == "RevalidateCachedQuery"
  }
}

extension PostgresError: CustomStringConvertible {
  /// One line: what, why, where. No detail and no values.
  package var description: String {
    var text = "postgres \(kind)"
    if let sqlState { text += " \(sqlState)" }
    text += ": \(message)"
    if let hint { text += " (\(hint))" }
    if let constraint { text += " [constraint \(constraint)]" }
    if isCommitUnknown { text += " [the outcome of the commit is unknown]" }
    text += " at \(file):\(line)"
    if let sql { text += " in: \(sql.split(whereSeparator: \.isWhitespace).joined(separator: " "))" }
    return text
  }
}

/// An SQLSTATE by name.
package struct SQLState: Sendable, Hashable {
  package let code: String

  package init(_ code: String) {
    self.code = code
  }

  package static let featureNotSupported = SQLState("0A000")
  package static let uniqueViolation = SQLState("23505")
  package static let foreignKeyViolation = SQLState("23503")
  package static let notNullViolation = SQLState("23502")
  package static let checkViolation = SQLState("23514")
  package static let exclusionViolation = SQLState("23P01")
  package static let readOnlyTransaction = SQLState("25006")
  package static let idleInTransactionTimeout = SQLState("25P03")
  package static let invalidStatementName = SQLState("26000")
  package static let invalidPassword = SQLState("28P01")
  package static let serializationFailure = SQLState("40001")
  package static let deadlockDetected = SQLState("40P01")
  package static let insufficientPrivilege = SQLState("42501")
  package static let undefinedTable = SQLState("42P01")
  package static let lockNotAvailable = SQLState("55P03")
  package static let queryCanceled = SQLState("57014")
  package static let adminShutdown = SQLState("57P01")
  package static let crashShutdown = SQLState("57P02")
  package static let cannotConnectNow = SQLState("57P03")

  static let connectionExceptionClass = "08"
  static let insufficientResourcesClass = "53"

  /// States whose cause passes by itself.
  static let passing: Set<SQLState> = [
    .serializationFailure, .deadlockDetected, .lockNotAvailable, .adminShutdown, .crashShutdown, .cannotConnectNow,
    .idleInTransactionTimeout,
  ]
}

/// Where in the program a statement was asked for.
struct CallSite: Sendable {
  let file: StaticString
  let line: UInt
}
