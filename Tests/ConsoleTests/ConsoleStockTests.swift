import Market
import Postgres
import Store
import Terminal
import TestSupport
import Testing

@testable import Console

/// Importing, showing and finding keys by keyboard alone, with the daemon's hand at work beside the console.
@Suite("Keys in the console") struct ConsoleStockTests {
  private static let key = "SHOWN-12345-PLEAS"

  private func withMarket(
    _ body: @Sendable @escaping (SeededMarket, _ vendor: PostgresConfiguration, _ folder: String) async throws -> Void
  ) async throws {
    try await SeededMarket.with { seeded in
      let folder = try TemporaryFolder.make()
      defer { TemporaryFolder.remove(folder) }
      try TemporaryFolder.write("\(Self.key)\nOTHER-12345-ABCDE\nshown12345pleas\n", to: "\(folder)/gkm", named: "keys")
      let vendor = try await seeded.person(.vendor)
      let vault = KeyVault(master: try MasterKey([UInt8](repeating: 7, count: 32)))
      try await KeyHand.with(seeded.market, vault: vault) { _ in try await body(seeded, vendor, folder) }
    }
  }

  /// As the vendor, in the console.
  private func importKeys(_ vendor: PostgresConfiguration, _ folder: String) async throws {
    let session = try await ConsoleSession.start(vendor, folder: folder, columns: 120)
    try await session.go("stock", waitingFor: "AVAIL")
    session.terminal.type("G")
    _ = try await session.terminal.settled()
    session.terminal.type("i\(folder)/gkm/keys\t\t\t\t\t\r")
    try await session.terminal.sees("2 of 3 keys are in stock, 1 not")
    try await session.go("imports", waitingFor: "imported")
    session.terminal.type("g\r")
    try await session.terminal.sees("duplicate in the file")
    try await session.terminal.sees("line 3")
    try await session.quit()
  }

  /// How often a key of the order was shown.
  private static func looks(_ seeded: SeededMarket) async throws -> String {
    try await seeded.market.database.sql(
      "SELECT count(*) FROM gkm.audit_event WHERE action = 'key.reveal.fetched' AND order_id = 1;")
  }

  private func assign(_ seeded: SeededMarket) async throws {
    try await seeded.market.database.sql(
      """
      SET session_replication_role = replica;
      UPDATE gkm.assignment SET stock_unit_id = (SELECT max(id) - 1 FROM gkm.stock_unit)
      WHERE id = (SELECT min(id) FROM gkm.assignment WHERE order_id = 1 AND active);
      """)
  }

  @Test func aKeyIsImportedFoundShownAskedForAgainAndGone() async throws {
    try await withMarket { seeded, vendor, folder in
      try await importKeys(vendor, folder)
      try await assign(seeded)
      let session = try await ConsoleSession.start(try await seeded.person(.ops), folder: folder)
      session.terminal.type("F\(Self.key)")
      try await session.terminal.sees("It looks like a key")
      session.terminal.type("\r")
      try await session.terminal.sees(SeededMarket.Order.delivered.number)
      try await session.terminal.sees("Customer")
      _ = try await session.terminal.settled()
      session.terminal.type("K")
      try await session.terminal.sees("Which key, from 1")
      session.terminal.type("\tthe customer sent a photograph\t\t\r")
      try await session.terminal.sees(Self.key)
      session.terminal.type("r")
      for _ in 0..<100 {
        if try await Self.looks(seeded) == "2" { break }
        try await Task.sleep(for: .milliseconds(100))
      }
      _ = try await session.terminal.settled()
      session.terminal.type(" ")
      try await session.terminal.until("the key is gone") { !$0.text.contains(Self.key) }
      try await session.quit()
      #expect(try await Self.looks(seeded) == "2")
      let finds = try await seeded.market.database.sql(
        "SELECT count(*) FROM gkm.audit_event WHERE action = 'key.find.fetched';")
      #expect(finds == "1")
    }
  }

  @Test func aKeyIsPaintedOverByItself() {
    var state = Sample.loaded(.ops, size: .init(rows: 24, columns: 80))
    let row = RowAsShown(id: 1, version: 1, name: "GK-1")
    state.overlay = .form(FormState(action: .revealKey(row, place: 1), title: "", lines: [], confirmTitle: ""))
    let key = RevealedKey(bytes: Array(Self.key.utf8))
    let effects = take(key, of: row, place: 1, reason: "because", &state)
    guard case .countSecret(let serial)? = effects.first else {
      Issue.record("nothing counts")
      return
    }
    for second in 1...RevealReport.seconds {
      let shown = TestScreen(render(state).grid).contains(Self.key)
      #expect(shown, "second \(second)")
      _ = countDown(serial, &state)
    }
    #expect(state.overlay == nil)
    #expect(!TestScreen(render(state).grid).contains(Self.key))
    #expect("\(key) \(String(reflecting: key))".contains("SHOWN") == false)
  }

  @Test func aKeyThatComesTooLateIsNotShown() {
    var state = Sample.loaded(.ops, size: .init(rows: 24, columns: 80))
    let key = RevealedKey(bytes: Array(Self.key.utf8))
    let row = RowAsShown(id: 1, version: 1, name: "GK-1")
    #expect(take(key, of: row, place: 1, reason: "because", &state) == [])
    state.overlay = .password(PasswordState(user: "ops", problem: nil))
    #expect(take(key, of: row, place: 1, reason: "because", &state) == [])
    #expect(!TestScreen(render(state).grid).contains(Self.key))
  }
}
