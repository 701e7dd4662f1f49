import ArgumentParser
import Glibc
import Market
import Postgres
import Store

/// A command that did not succeed: one clear sentence and an exit status of sysexits(3).
struct Failure: Error {
  let message: String
  let status: Int32

  init(_ message: String, status: Int32 = 70) {
    self.message = message
    self.status = status
  }

  /// `nil` for what ArgumentParser reports itself: a wrong command line, or a request for help.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as PostgresError: self.init(Self.sentence(error), status: Self.status(error))
    case let error as SchemaError: self.init("\(error)", status: error.isUsage ? 64 : 78)
    case let error as NotFound: self.init("\(error)", status: 68)
    case let error as PasswordError: self.init("\(error)", status: 65)
    case let error as VaultError: self.init("\(error)", status: 78)
    case let error as DemoRefused: self.init("\(error)", status: 65)
    case is CancellationError: self.init("interrupted", status: 75)
    default: return nil
    }
  }

  /// Prints a line on standard error.
  static func say(_ message: String) {
    let line = Array("gkmd: \(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }

  private static func sentence(_ error: PostgresError) -> String {
    var text = error.message
    if error.kind == .connect { text = "the database cannot be reached: " + text }
    if let hint = error.hint { text += " (\(hint))" }
    return text
  }

  private static func status(_ error: PostgresError) -> Int32 {
    if error.isInsufficientPrivilege || error.isState(.invalidPassword) { return 77 }
    if error.isConnectionLost || error.isRetryable { return 69 }
    switch error.sqlState?.prefix(2) {
    case "22", "23": return 65
    case "P0", "55": return 65
    default: return 70
    }
  }
}

extension SchemaError {
  fileprivate var isUsage: Bool { if case .badName = self { true } else { false } }
}
