import Market
import Postgres
import Store
import Terminal

/// How a command ends, by sysexits(3).
package enum CommandStatus: Int32, Sendable {
  case ok = 0
  case usage = 64
  case badData = 65
  case noInput = 66
  case unavailable = 69
  case software = 70
  case cannotCreate = 73
  case inputOutput = 74
  case temporary = 75
  case noPermission = 77
  case configuration = 78
  /// By Ctrl-C: 128 and the signal's number.
  case interrupted = 130
}

/// A command that did not succeed: one clear sentence for people and a status for scripts.
package struct ConsoleFailure: Error, Equatable {
  /// A sentence without a full stop; further lines only show the place it speaks of.
  package let message: String
  package let status: CommandStatus

  package init(_ message: String, status: CommandStatus) {
    self.message = message
    self.status = status
  }

  /// `nil` for errors that are not of this program.
  package init?(_ error: any Error) {
    switch error {
    case let failure as ConsoleFailure: self = failure
    case let error as ActionRefused: self.init(error.description, status: Self.status(error.kind))
    case let error as StoreError: self.init(error.description, status: Self.status(error))
    case let error as PostgresError: self.init(Self.sentence(error), status: Self.status(error))
    case let error as ThemeError: self.init(error.description, status: .configuration)
    case is CancellationError: self.init("interrupted", status: .interrupted)
    default: return nil
    }
  }

  /// Lines for standard error: nothing in them can move a cursor.
  package var lines: [String] {
    message.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
      (index == 0 ? "gkm: " : "") + Sanitizer.clean(String(line))
    }
  }

  private static func status(_ kind: ActionRefused.Kind) -> CommandStatus {
    switch kind {
    case .notAllowed: .noPermission
    case .notFound: .noInput
    case .changed: .temporary
    case .impossible: .badData
    case .badRequest: .usage
    }
  }

  private static func status(_ error: StoreError) -> CommandStatus {
    switch error {
    case .notSignedIn, .notShown: .noPermission
    case .unknownWord, .badRow: .software
    }
  }
}

extension ConsoleFailure {
  private static func sentence(_ error: PostgresError) -> String {
    if error.kind == .usage { return "the connection is not well said: \(error.message)" }
    if error.isMarketMissing { return "this database holds no market, or one of another release: see gkmd migrate" }
    if error.isInsufficientPrivilege { return "this login may not do that: \(error.message)" }
    if let sentence = error.sessionsSentence { return sentence }
    switch error.kind {
    case .connect: return "the database cannot be reached: \(error.message)"
    case .connectionLost: return "the connection to the database broke: \(error.message)"
    case .timeout: return "the database did not answer in time"
    case .cancelled: return "interrupted"
    default: return "the database refused: " + error.message + (error.hint.map { " (\($0))" } ?? "")
    }
  }

  private static func status(_ error: PostgresError) -> CommandStatus {
    if error.kind == .usage || error.isMarketMissing { return .configuration }
    if error.kind == .cancelled { return .interrupted }
    switch error.sqlState {
    case "42501", "28P01", "28000": return .noPermission
    case "3D000": return .configuration
    case "25006": return .noPermission
    default: break
    }
    if error.kind == .connect, error.sqlState == nil { return .unavailable }
    if error.isRetryable || error.kind == .timeout { return .temporary }
    return error.isConnectionLost ? .unavailable : .software
  }
}

extension PostgresError {
  /// Said where the server has no session more to give: to this person, or to anybody.
  var sessionsSentence: String? {
    guard sqlState == "53300" else { return nil }
    return message.contains("for role")
      ? "this login has as many sessions open as one person may have: end one of them, then try again"
      : "the server has no session free now: try again in a moment"
  }

  /// A schema, table or function that every market has is not there.
  fileprivate var isMarketMissing: Bool {
    guard kind == .server else { return false }
    return ["3F000", "42P01", "42883", "42703"].contains(sqlState)
  }
}
