import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Console

/// What an admin does about people and the glass, by keyboard alone, in the real program on a real database; and what is
/// true of the login afterwards.
@Suite("People in the console") struct PeopleFlowTests {
  /// A market with an admin at the keyboard and a person to act on.
  private struct Desk: Sendable {
    let seeded: SeededMarket
    let session: ConsoleSession
    let login: String

    var terminal: PseudoTerminal { session.terminal }

    @discardableResult
    func sql(_ text: String) async throws -> String { try await seeded.market.database.sql(text) }

    /// Of the person's row.
    func person(_ columns: String) async throws -> String {
      try await sql("SELECT \(columns) FROM gkm.person WHERE role_name = '\(login)';")
    }

    /// Signs in as the person, over TCP with a password.
    func signsIn(_ password: String) async throws -> Bool {
      let configuration = PostgresConfiguration(
        conninfo: seeded.market.database.conninfo(user: login, over: .loopback), password: password)
      guard let connection = try? await PostgresConnection.connect(configuration) else { return false }
      let viewer = try? await connection.read { try Viewer.current($0) }
      await connection.close()
      return viewer?.login == login
    }

    /// The words that stand below a title on the screen, and nowhere else.
    func shownOnce(below title: String) async throws -> String {
      let screen = try await terminal.sees(title)
      return try #require(screen.text.firstMatch(of: /[0-9a-z]{5}(?:-[0-9a-z]{5})+/)).output.description
    }
  }

  private static func with(_ role: Role = .support, _ body: @Sendable (Desk) async throws -> Void) async throws {
    try await SeededMarket.with { seeded in
      _ = try await seeded.market.person(role, named: "zoe")
      let session = try await ConsoleSession.start(try await seeded.person(.admin))
      try await session.go("people", waitingFor: "LOGIN")
      let login = "zoe_\(seeded.market.database.suffix)"
      try await session.filter("login:\(login)")
      try await body(Desk(seeded: seeded, session: session, login: login))
      try await session.quit()
    }
  }

  @Test("A person is added with an end and a password made by chance, which is shown once and opens the login")
  func added() async throws {
    try await SeededMarket.with { seeded in
      let login = "new_\(seeded.market.database.suffix)"
      let session = try await ConsoleSession.start(try await seeded.person(.admin))
      try await session.go("people", waitingFor: "LOGIN")
      session.terminal.type("a\(login)\tNew Person\t\t\t2099-07-31 18:00\t\u{15}Europe/Berlin\t\t\t\r")
      let desk = Desk(seeded: seeded, session: session, login: login)
      let password = try await desk.shownOnce(below: "Password of \(login)")
      // No other key takes it away by a slip.
      session.terminal.type("x qj")
      try await session.terminal.sees(password)
      session.terminal.type("\r")
      try await session.terminal.until("it is gone") { !$0.text.contains(password) }
      #expect(try await desk.signsIn(password))
      #expect(try await desk.person("role, expires_at AT TIME ZONE 'UTC'") == "support|2099-07-31 16:00:00")
      try await session.filter("login:\(login)")
      #expect(session.terminal.screen.text.contains("2099-07-31 16:00"))
      try await session.quit()
      let told = try await desk.sql(
        "SELECT count(*) FROM gkm.audit_event WHERE convert_from(body, 'UTF8') LIKE '%\(password)%';")
      #expect(told == "0")
    }
  }

  @Test("Until when somebody has access is set, seen in list and details, changed, and taken away")
  func until() async throws {
    try await Self.with { desk in
      desk.terminal.type("t2099-01-31 18:00\t\u{15}Europe/Madrid\ta contract until then\t\t\r")
      try await desk.terminal.sees("(2099-01-31T17:00:00")
      desk.terminal.type("\t\r")
      try await desk.terminal.sees("has access until Sat 2099-01-31 18:00 Europe/Madrid")
      try await desk.terminal.sees("2099-01-31 17:00")
      desk.terminal.type("d")
      try await desk.terminal.sees("Access until")
      desk.terminal.type("q")
      // What is there is what one begins with.
      desk.terminal.type("t")
      try await desk.terminal.sees("Now until 2099-01-31 17:00 UTC")
      desk.terminal.type("\u{15}2098-06-30\t\tsooner after all\t\t\r")
      try await desk.terminal.sees("until Mon 2098-06-30 00:00 UTC")
      desk.terminal.type("\t\r")
      try await desk.terminal.until("it is done") {
        $0.text.contains("2098-06-30 00:00") && !$0.text.contains("Cancel")
      }
      desk.terminal.type("t\u{15}\t\tthey stay\t\t\r")
      try await desk.terminal.sees("without end")
      desk.terminal.type("\t\r")
      try await desk.terminal.until("it has no end") { !$0.text.contains("2098-06-30") }
      #expect(try await desk.person("expires_at IS NULL") == "t")
      desk.terminal.type("tyesterday\t\tso it is\t\t\r")
      try await desk.terminal.sees("a time to come is")
      desk.terminal.type("\u{1B}")
      try await desk.terminal.until("the list alone") { !$0.text.contains("Cancel") }
    }
  }

  @Test("Somebody whose time is over is marked, and let in again under a new password alone")
  func expired() async throws {
    try await Self.with { desk in
      let old = "the old password"
      let verifier = try SCRAMVerifier(password: old).text
      try await desk.sql("ALTER ROLE \(desk.login) PASSWORD '\(verifier)';")
      #expect(try await desk.signsIn(old))
      try await desk.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.person SET expires_at = now() - interval '1 hour' WHERE role_name = '\(desk.login)';
        COMMIT;
        """)
      let daemon = try await PostgresConnection.connect(desk.seeded.market.daemon)
      for _ in 0..<20 where try await desk.person("disabled_at IS NULL") == "t" {
        _ = try? await daemon.write { try PeopleKeeper.keep($0) }
      }
      await daemon.close()
      #expect(try await !desk.signsIn(old))
      desk.terminal.type("r")
      try await desk.terminal.sees("✗ expired")
      desk.terminal.type("x")
      try await desk.terminal.sees("has no access any more")
      desk.terminal.type("l\t\t\tthey come back for a month\t\t\r")
      let password = try await desk.shownOnce(below: "Password of \(desk.login)")
      desk.terminal.type("\r")
      try await desk.terminal.sees("● active")
      #expect(try await desk.signsIn(password))
      #expect(try await !desk.signsIn(old))
      #expect(try await desk.person("role, disabled_at IS NULL, expires_at IS NULL") == "support|t|t")
      let said = try await desk.sql(
        "SELECT convert_from(body, 'UTF8') FROM gkm.audit_event WHERE action = 'person.enabled';")
      #expect(said.contains("detail.password new") && said.contains("they come back for a month"), "\(said)")
    }
  }

  @Test("Another role, a disabling that is taken back with z, and another password that is typed twice")
  func changes() async throws {
    try await Self.with { desk in
      desk.terminal.type("o\tthe night shift needs her\t\t\r")
      try await desk.terminal.sees("is ops now")
      #expect(try await desk.person("role") == "ops")
      desk.terminal.type("w\u{1B}[C\tlong enough\tlong enuff\tshe forgot it\t\t\r")
      try await desk.terminal.sees("the two passwords are not the same")
      desk.terminal.type("\u{1B}")
      try await desk.terminal.until("the list alone") { !$0.text.contains("Once more") }
      desk.terminal.type("w\u{1B}[C\tlong enough\tlong enough\tshe forgot it\t\t\r")
      try await desk.terminal.sees("is changed, and their sessions ended")
      #expect(!desk.terminal.screen.text.contains("long enough"))
      #expect(try await desk.signsIn("long enough"))
      desk.terminal.type("xleft the company\t\(desk.login)\t\t\r")
      try await desk.terminal.sees("can no longer sign in")
      try await desk.terminal.sees("· disabled")
      #expect(try await !desk.signsIn("long enough"))
      desk.terminal.type("z")
      try await desk.terminal.sees("Let \(desk.login) in again")
      desk.terminal.type("\u{1B}[C\u{1B}[C\t\t\tit was somebody else\t\t\r")
      try await desk.terminal.sees("may sign in again")
      // Without a password: the one of before opens nothing.
      #expect(try await desk.person("disabled_at IS NULL") == "t")
      #expect(try await !desk.signsIn("long enough"))
      let state = try await desk.sql(
        """
        SELECT rolcanlogin, rolpassword IS NULL, (SELECT string_agg(g.rolname, ',') FROM pg_auth_members m
          JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid) FROM pg_authid r WHERE rolname = '\(desk.login)';
        """)
      #expect(state == "t|t|gkm_ops")
    }
  }

  @Test("What changed since it was shown is refused, whatever is about to be done")
  func stale() async throws {
    try await Self.with { desk in
      desk.terminal.type("x")
      try await desk.terminal.sees("Disable \(desk.login)")
      try await desk.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.person SET version = version + 1 WHERE role_name = '\(desk.login)'; COMMIT;
        """)
      desk.terminal.type("left the company\t\(desk.login)\t\t\r")
      try await desk.terminal.sees("changed since they were shown")
      #expect(try await desk.person("disabled_at IS NULL") == "t")
      desk.terminal.type("\u{1B}")
      try await desk.terminal.until("the list alone") { !$0.text.contains("[ Cancel ]") }
    }
  }

  @Test("The glass: sealed, looked at, broken by operations who are admin at once, seen, and ended by an admin")
  func glass() async throws {
    try await SeededMarket.with { seeded in
      let admin = try await ConsoleSession.start(try await seeded.person(.admin))
      let daemon = try await PostgresConnection.connect(seeded.market.daemon)
      try await daemon.write { try NoticeQueue.setTeamChannels($0, [.telegram], locale: "en") }
      await daemon.close()
      try await admin.go("people", waitingFor: "LOGIN")
      admin.terminal.type("i")
      try await admin.terminal.sees("No code is sealed")
      admin.terminal.type("\rSfor the night\t\t\r")
      try await admin.terminal.sees("No code is sealed now.")
      admin.terminal.type("\t\r")
      let ops = try await seeded.person(.ops)
      let login = "ops_\(seeded.market.database.suffix)"
      let code = try await Desk(seeded: seeded, session: admin, login: login)
        .shownOnce(below: "The code for the envelope")
      admin.terminal.type("\r")
      try await admin.terminal.until("it is gone") { !$0.text.contains(code) }

      let night = try await ConsoleSession.start(ops)
      night.terminal.type(":break the glass\r")
      try await night.terminal.sees("Everybody is told")
      night.terminal.type("\t\tnobody answers\t\t\r")
      try await night.terminal.sees("type the code")
      #expect(try await seeded.market.database.sql("SELECT count(*) FROM gkm.break_glass_try;") == "0")
      night.terminal.type("\u{1B}")
      try await night.terminal.until("the list alone") { !$0.text.contains("Minutes") }
      night.terminal.type(":break the glass\r")
      try await night.terminal.sees("Minutes")
      night.terminal.type("\(code)\t\u{15}30\tnobody answers\t\t\r")
      try await night.terminal.sees("You are admin until")
      #expect(!night.terminal.screen.text.contains(code))
      // At once, in the console that is open.
      try await night.terminal.sees("· admin")
      try await night.go("people", waitingFor: "▲ glass")
      let told = "SELECT count(*) FROM gkm.notice WHERE dedupe LIKE 'break_glass/%' AND template = '"
      #expect(try await seeded.market.database.sql("\(told)alert';") == "1")

      admin.terminal.type("i")
      try await admin.terminal.sees("is admin by it until")
      #expect(admin.terminal.screen.text.contains("nobody"))
      admin.terminal.type("\r")
      try await admin.filter("state:glass")
      admin.terminal.type("b")
      try await admin.terminal.sees("\(login) is no admin any more")
      admin.terminal.type("an admin woke up\t\t\r")
      try await admin.terminal.sees("everybody was told")
      #expect(
        try await seeded.market.database.sql("SELECT role FROM gkm.person WHERE role_name = '\(login)';") == "ops")
      #expect(try await seeded.market.database.sql("\(told)alert_recovered';") == "1")
      // Their console comes back by itself, as what they are.
      try await night.terminal.sees("· ops")
      try await night.quit()
      try await admin.quit()
    }
  }

  @Test("Whoever broke the glass ends it in the console, and goes on as what they were")
  func ownGlass() async throws {
    try await SeededMarket.with { seeded in
      let boss = try await PostgresConnection.connect(try await seeded.person(.admin))
      let code = try await boss.write { try BreakGlass.seal($0, reason: "for the night") }
      await boss.close()
      let session = try await ConsoleSession.start(try await seeded.person(.support))
      session.terminal.type(":break the glass\r")
      try await session.terminal.sees("Minutes")
      session.terminal.type("\(code)\t\tnobody answers\t\t\r")
      try await session.terminal.sees("· admin")
      try await session.go("people", waitingFor: "▲ glass")
      try await session.filter("state:glass")
      session.terminal.type("bit is done\t\t\r")
      try await session.terminal.sees("· support")
      try await session.terminal.until("no screen that support has not") { !$0.text.contains("LOGIN") }
      try await session.quit()
    }
  }

  @Test("Everybody changes their own password, which opens the login then")
  func own() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.support))
      session.terminal.type(":change your password\r")
      try await session.terminal.sees("Once more")
      session.terminal.type("\tmy own new one\tmy own new one\t\t\r")
      try await session.terminal.sees("Your password is changed")
      let desk = Desk(seeded: seeded, session: session, login: "support_\(seeded.market.database.suffix)")
      #expect(try await desk.signsIn("my own new one"))
      try await session.quit()
    }
  }
}
