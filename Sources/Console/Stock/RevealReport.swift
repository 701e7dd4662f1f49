import Glibc
package import Market
package import Postgres
import Store
import Terminal

/// `gkm reveal` and `gkm find --key`.
package enum RevealReport {
  /// For how long a key is shown.
  package static let seconds = 15

  /// Shows a key on the terminal, beside what stands there, and takes it away again; answers what to say. Where standard
  /// output is no terminal a key would stay lying somewhere: that is refused.
  package static func show(
    _ unit: StockUnitID, reason: String, market: ConsoleConnection, on connection: PostgresConnection
  ) async throws -> String {
    guard isatty(STDOUT_FILENO) == 1 else {
      throw ConsoleFailure("a key is shown on a terminal and nowhere else: standard output is none", status: .usage)
    }
    let key = try await KnownMarkets.ofPerson.key(of: market, on: connection)
    switch try await KeyAsking(key, on: connection).reveal(unit, reason: reason) {
    case .awaitsApproval(let request):
      return """
        Somebody else, ops or admin, has to agree first: gkm reveal --approve \(request) --reason …
        Then ask again within 15 minutes.
        """
    case .key(let revealed):
      let screen = PassingScreen()
      defer { screen.leave() }
      for left in stride(from: seconds, to: 0, by: -1) {
        screen.show(["Key \(unit), for \(left) s more; Ctrl-C takes it away.", "", Sanitizer.clean(revealed.text)])
        try await Task.sleep(for: .seconds(1))
      }
      return "Key \(unit) was shown to you; the audit log says so."
    }
  }

  package static func decide(
    _ request: KeyRequestID, approves: Bool, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let state = try await connection.write {
      try KeyActions.decide($0, request, approves: approves, reason: reason)
    }
    return approves
      ? "Request \(request) is \(state): whoever asked has 15 minutes to ask again."
      : "Request \(request) is \(state)."
  }

  /// Prints the orders that had the key, which goes to the daemon sealed.
  package static func find(
    _ text: String, format: OutputFormat, market: ConsoleConnection, on connection: PostgresConnection,
    terminal: OutputTerminal = .standardOutput()
  ) async throws {
    let viewer = try await connection.read { try Viewer.current($0) }
    guard viewer.role.isStaff else { throw ActionRefused(.notAllowed, "vendor may not do this") }
    let key = try await KnownMarkets.ofPerson.key(of: market, on: connection)
    let found = try await KeyAsking(key, on: connection).find(text, login: viewer.login)
    let rows = try await orders(found.orders, on: connection)
    guard !rows.isEmpty else {
      throw ConsoleFailure(
        found.unit.map { "no order ever had this key; it is unit \($0) of the stock" } ?? "no stock ever had this key",
        status: .noInput)
    }
    var printer = RowPrinter(
      names: ["by"] + ListKind.orders.memberNames, table: .found(terminal: terminal), format: format)
    try printer.print(rows.map { [ListField("by", .text("key"))] + $0.fields })
  }

  /// The orders by their ids, newest first.
  static func orders(_ ids: [Int64], on connection: PostgresConnection) async throws -> [OrderRow] {
    guard !ids.isEmpty else { return [] }
    return try await connection.read { session in
      try OrderList.page(session, where: ["o.id = ANY (\(ids))"], after: nil, limit: ids.count)
    }
  }

  /// One line from standard input, which alone a key may come by: arguments are seen by everybody on the machine.
  package static func readKey() throws -> String {
    if isatty(STDIN_FILENO) == 1 { return try PasswordPrompt.ask("Key: ") }
    let text = try TextInput.read("-", limit: 4 << 10)
    let line = text.split(separator: "\n").first { !$0.allSatisfy(\.isWhitespace) } ?? ""
    guard !line.isEmpty else { throw ConsoleFailure("no key came by standard input", status: .badData) }
    return String(line)
  }
}

/// The terminal's other screen: what is shown there is in no scrollback, and gone when it is left. A signal that ends the
/// process leaves it too.
private struct PassingScreen {
  private static let enter = "\u{1B}[?1049h"
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP]

  init() {
    // A handler may not be the one that makes it.
    precondition(!passingScreenEnd.isEmpty)
    for signal in Self.signals {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        passingScreenEnd.withUnsafeBytes { _ = Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        _exit(128 + number)
      }
      sigaction(signal, &action, nil)
    }
    Self.write(Self.enter)
  }

  func show(_ lines: [String]) { Self.write("\u{1B}[H\u{1B}[2J" + lines.joined(separator: "\r\n") + "\r\n") }
  func leave() { passingScreenEnd.withUnsafeBytes { _ = Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) } }

  private static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDOUT_FILENO, bytes, bytes.count)
  }
}

/// Clears the other screen and leaves it.
private let passingScreenEnd: [UInt8] = Array("\u{1B}[2J\u{1B}[?1049l".utf8)
