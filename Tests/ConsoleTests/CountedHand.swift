import Postgres
import TestSupport

/// A person's hand on the console's keyboard: keys are counted, text is not.
final class CountedHand {
  private let session: ConsoleSession
  private let began = ContinuousClock.now
  private(set) var keys = 0

  private init(_ session: ConsoleSession) { self.session = session }

  static func start(
    _ person: PostgresConfiguration, folder: String = "/nonexistent", rows: Int = 24, columns: Int = 80
  ) async throws -> CountedHand {
    CountedHand(try await ConsoleSession.start(person, folder: folder, rows: rows, columns: columns))
  }

  var screen: String { session.terminal.screen.text }

  /// Presses keys by their names, then waits until something is seen.
  func press(_ names: String..., sees text: String? = nil) async throws {
    for name in names {
      keys += 1
      session.terminal.type(Self.bytes[name] ?? name)
      // What follows at once would be taken for a key with Alt.
      if name == "esc" { try await Task.sleep(for: .milliseconds(150)) }
    }
    guard let text else { return }
    try await session.terminal.sees(text)
    _ = try await session.terminal.settled()
  }

  func write(_ text: String) async throws { session.terminal.type(text) }

  func quit(_ name: String = #function) async throws {
    print("\(keys) keys in \(ContinuousClock.now - began)")
    try await session.quit()
  }

  private static let bytes = [
    "enter": "\r", "tab": "\t", "right": "\u{1B}[C", "left": "\u{1B}[D", "esc": "\u{1B}",
    "ctrl-u": "\u{15}",
  ]
}
