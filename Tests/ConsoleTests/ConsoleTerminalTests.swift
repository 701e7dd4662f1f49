import Glibc
import Market
import Postgres
import TestSupport
import Testing

/// The real program in a real pseudo terminal, on a real database: what a person at 80×24 sees and what goes over the
/// line.
@Suite struct ConsoleTerminalTests {
  /// Starts `gkm` as somebody and waits for the first rows.
  private func start(
    _ configuration: PostgresConfiguration, arguments: [String] = [], rows: Int = 24, columns: Int = 80,
    waitingFor text: String = "GK-"
  ) async throws -> PseudoTerminal {
    let terminal = try PseudoTerminal(
      try TestRun.program("gkm"), ["--dbname", configuration.conninfo] + arguments,
      environment: ["REDIS_URL": nil, "TZ": "UTC", "XDG_CONFIG_HOME": "/nonexistent"], rows: rows, columns: columns)
    try await terminal.sees(text)
    _ = try await terminal.settled()
    return terminal
  }

  /// Waits until the list is down to one row, which is then under the cursor.
  private func onlyRow(_ terminal: PseudoTerminal) async throws {
    try await terminal.until("one row") { $0.text.contains("1/1\n") || $0.text.contains("1/1 \n") }
  }

  private func silentListener(port: Int) -> Int32? {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return bound == 0 && listen(file, 8) == 0 ? file : nil
  }

  private func quit(_ terminal: PseudoTerminal) async throws {
    terminal.type("q")
    let ending = try await terminal.ended()
    #expect(ending == .exited(0), "\(ending)\n\(terminal.screen.text)")
    #expect(!terminal.screen.isOtherScreen && terminal.screen.isCursorShown)
  }

  @Test func ordersComeUpAndAnOrderOpensItsStoryWithStripesEvents() async throws {
    try await SeededMarket.with { seeded in
      let terminal = try await start(try await seeded.person(.ops))
      let number = SeededMarket.Order.delivered.number
      terminal.type("/\(number)\r")
      try await onlyRow(terminal)
      terminal.type("\r")
      try await terminal.sees("evt_")
      try await terminal.sees("delivery.confirmed")
      terminal.type("\u{1B}")
      try await terminal.sees("CUSTOMER")
      try await quit(terminal)
    }
  }

  @Test func theFrameStandsBeforeTheDatabaseAnswers() async throws {
    // A socket that takes the connection and never says a word.
    let silent = try FreePort.next()
    let listener = try #require(silentListener(port: silent))
    defer { close(listener) }
    let terminal = try PseudoTerminal(
      try TestRun.program("gkm"), ["--dbname", "host=127.0.0.1 port=\(silent) user=ops_anna dbname=gkm"],
      environment: ["REDIS_URL": nil, "XDG_CONFIG_HOME": "/nonexistent"])
    try await terminal.sees("GlobalKeyMarket")
    try await terminal.sees("1 Orders")
    terminal.type("q")
    _ = try await terminal.ended()
  }

  @Test func aCursorKeyIsUnder300BytesAndIdleIsNone() async throws {
    try await SeededMarket.with { seeded in
      let terminal = try await start(try await seeded.person(.ops))
      for key in ["j", "j", "k", "j"] {
        terminal.forgetBytes()
        terminal.type(key)
        let bytes = try await terminal.settled()
        #expect(!bytes.isEmpty && bytes.count < 300, "\(bytes.count) bytes")
      }
      terminal.forgetBytes()
      // Longer than a poll: reading again what has not changed writes nothing.
      #expect(try await terminal.settled(quiet: .seconds(5)).isEmpty)
      try await quit(terminal)
    }
  }

  @Test func opsRetriesAFailedDeliveryByKeyboardAlone() async throws {
    try await SeededMarket.with { seeded in
      let terminal = try await start(try await seeded.person(.ops))
      terminal.type("3/state:failed\r")
      try await onlyRow(terminal)
      terminal.type("t")
      try await terminal.sees("Reason")
      terminal.type("customer says nothing came")
      terminal.type("\t\t\r")
      try await terminal.sees("is queued again")
      let written = try await seeded.market.database.sql(
        """
        SELECT convert_from(body, 'UTF8') LIKE '%reason customer says nothing came%' FROM gkm.audit_event
        WHERE action = 'delivery.retry.requested';
        """)
      #expect(written == "t")
      #expect(try await seeded.market.database.sql("SELECT count(*) FROM gkm.job WHERE kind = 'deliver';") != "0")
      try await quit(terminal)
    }
  }

  @Test func aVendorHasThreeListsAndNoPayments() async throws {
    try await SeededMarket.with { seeded in
      let terminal = try await start(try await seeded.person(.vendor))
      #expect(!terminal.screen.text.contains("Payments"))
      terminal.type("4")
      try await terminal.sees("PRODUCT")
      #expect(!terminal.screen.text.contains("nordlicht"))
      try await quit(terminal)
    }
  }

  @Test func resizingKeepsThePlaceAndATooSmallScreenSaysSo() async throws {
    try await SeededMarket.with { seeded in
      let terminal = try await start(try await seeded.person(.ops))
      terminal.resize(rows: 40, columns: 140)
      try await terminal.sees("VENDOR")
      terminal.resize(rows: 6, columns: 30)
      try await terminal.sees("Too small")
      terminal.resize(rows: 24, columns: 80)
      try await terminal.sees("CUSTOMER")
      try await quit(terminal)
    }
  }

  @Test func terminationAndHangUpLeaveTheTerminalAsItWas() async throws {
    try await SeededMarket.with { seeded in
      let person = try await seeded.person(.support)
      let terminal = try await start(person)
      terminal.signal(SIGTERM)
      _ = try await terminal.ended()
      #expect(!terminal.screen.isOtherScreen && terminal.screen.isCursorShown)
      let second = try await start(person)
      second.hangUp()
      _ = try await second.ended()
    }
  }

  @Test func aServerThatGoesAwayIsSaidAndComesBackByItself() async throws {
    try await SeededMarket.with { seeded in
      let terminal = try await start(try await seeded.person(.ops))
      try await seeded.market.database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE 'ops%';"
      )
      terminal.type("r")
      try await terminal.sees("polling")
      #expect(terminal.screen.text.contains("GK-"))
      try await quit(terminal)
    }
  }
}
