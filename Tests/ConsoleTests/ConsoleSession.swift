import Postgres
import TestSupport
import Testing

/// `gkm` in a terminal of its own on a seeded market, driven by keys as a person would.
struct ConsoleSession {
  let terminal: PseudoTerminal

  /// Starts as this person and waits until the first rows stand.
  static func start(
    _ person: PostgresConfiguration, arguments: [String] = [], folder: String = "/nonexistent", rows: Int = 24,
    columns: Int = 80, waitingFor text: String = "GK-"
  ) async throws -> ConsoleSession {
    let terminal = try PseudoTerminal(
      try TestRun.program("gkm"), ["--dbname", person.conninfo] + arguments,
      environment: ["REDIS_URL": nil, "TZ": "UTC", "XDG_CONFIG_HOME": folder], rows: rows, columns: columns)
    try await terminal.sees(text)
    _ = try await terminal.settled()
    return ConsoleSession(terminal: terminal)
  }

  /// Goes to a screen by the palette and waits for its rows.
  func go(_ screen: String, waitingFor text: String) async throws {
    terminal.type(":\(screen)\r")
    try await terminal.sees(text)
    _ = try await terminal.settled()
  }

  /// Filters the list down to one row, which is then under the cursor.
  func filter(_ text: String) async throws {
    terminal.type("/\(text)\r")
    try await terminal.until("one row") { $0.text.contains("1/1\n") || $0.text.contains("1/1 \n") }
  }

  func quit() async throws {
    terminal.type("\u{3}")
    let ending = try await terminal.ended()
    #expect(ending == .exited(0), "\(ending)\n\(terminal.screen.text)")
  }
}
