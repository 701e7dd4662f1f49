import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("People and their logins") struct PeopleTests {
  private struct Staff: Sendable {
    let market: MarketDatabase
    let admin: PostgresConnection

    func login(_ name: String) -> String { "\(name)_\(market.database.suffix)" }

    func configuration(_ login: String, _ password: String) -> PostgresConfiguration {
      PostgresConfiguration(
        conninfo: market.database.conninfo(user: login, over: .loopback), password: password)
    }

    func add(_ name: String, _ role: Role, password: String = "a long password") async throws -> String {
      let login = login(name)
      let verifier = try SCRAMVerifier(password: password)
      try await Self.roles(admin) {
        _ = try PeopleAdministration.add(
          $0, login: login, name: name, role: role, vendor: nil, verifier: verifier)
      }
      return login
    }

    /// Tests of a server write one catalogue of roles: whoever was too slow does it once more.
    static func roles(
      _ connection: PostgresConnection, _ body: @escaping @Sendable (borrowing Session) throws -> Void
    ) async throws {
      for attempt in 0... {
        do {
          return try await connection.write { try body($0) }
        } catch let error as PostgresError
          where attempt < 20 && (error.message.contains("concurrently") || error.isRetryable)
        {
          try await Task.sleep(for: .milliseconds(20 * attempt))
        }
      }
    }

    func audit(_ like: String) async throws -> String {
      try await market.database.sql(
        """
        SELECT count(*) FROM gkm.audit_event
        WHERE action LIKE '\(like)' AND convert_from(body, 'UTF8') LIKE '%' || chr(10) || 'role %';
        """)
    }
  }

  private static func with(_ body: @Sendable (Staff) async throws -> Void) async throws {
    try await MarketDatabase.with { market in
      let admin = try await PostgresConnection.connect(try await market.person(.admin))
      try await body(Staff(market: market, admin: admin))
      await admin.close()
    }
  }

  @Test("A password is taken as a verifier alone, whatever letters it is of, and a new one ends other sessions")
  func passwords() async throws {
    try await Self.with { staff in
      // As SASLprep sees it, these two are one.
      let login = try await staff.add("ops", .ops, password: "Stra\u{00DF}e \u{2168} \u{FB01}n")
      let own = try await PostgresConnection.connect(staff.configuration(login, "Stra\u{00DF}e IX fin"))
      let other = try await PostgresConnection.connect(staff.configuration(login, "Stra\u{00DF}e \u{2168} \u{FB01}n"))
      let verifier = try SCRAMVerifier(password: "another password")
      #expect(verifier.text.hasPrefix("SCRAM-SHA-256$4096:"))
      try await Staff.roles(own) {
        try PeopleAdministration.setPassword($0, login: login, verifier, reason: nil)
      }
      await #expect(throws: PostgresError.self) { try await other.read { try Viewer.current($0) } }
      #expect(try await own.read { try Viewer.current($0) }.login == login)
      await own.close()
      await #expect(throws: PostgresError.self) {
        try await PostgresConnection.connect(staff.configuration(login, "Stra\u{00DF}e IX fin"))
      }
      let again = try await PostgresConnection.connect(staff.configuration(login, "another password"))
      // Nobody else's, and nothing that is no verifier, or a weak one.
      let admin = try await staff.admin.read { try Viewer.current($0) }.login
      await #expect(throws: ActionRefused.self) {
        try await again.write {
          try PeopleAdministration.setPassword($0, login: admin, verifier, reason: "because I can")
        }
      }
      let weak = verifier.text.replacing("$4096:", with: "$1000:")
      for wrong in ["in the clear", "", weak, "md5\(String(repeating: "0", count: 32))"] {
        await #expect(throws: PostgresError.self, "\(wrong)") {
          try await again.write { try $0.rows("SELECT api.person_password(\(login), \(wrong), NULL)") { _ in } }
        }
      }
      await again.close()
      #expect(throws: PasswordError.length) { try SCRAMVerifier(password: "short") }
      #expect(throws: PasswordError.characters) { try SCRAMVerifier(password: "with a\tbell\u{7}") }
    }
  }

  @Test("Whoever leaves has no login, no group and no session, each by itself")
  func leaving() async throws {
    try await Self.with { staff in
      let login = try await staff.add("gone", .support)
      let gone = try await PostgresConnection.connect(staff.configuration(login, "a long password"))
      #expect(try await gone.read { try Viewer.current($0) }.login == login)
      try await Staff.roles(staff.admin) {
        try PeopleAdministration.disable($0, login: login, reason: "left the company")
      }
      let left = try await staff.market.database.sql(
        """
        SELECT rolcanlogin, (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid)
        FROM pg_roles r WHERE rolname = '\(login)';
        """)
      #expect(left == "f|0")
      // Its own backend, and not a refusal by one that goes on.
      let error = await #expect(throws: PostgresError.self) {
        try await gone.run { try $0.rows("SELECT 1") { _ in } }
      }
      #expect(error?.isConnectionLost == true || error?.sqlState == "57P01", "\(String(describing: error))")
      await gone.close()
    }
  }

  @Test("Whoever comes back is what they were, under a new password or none: the one they had opens nothing")
  func comingBack() async throws {
    try await Self.with { staff in
      let login = try await staff.add("back", .ops)
      func signsIn(_ password: String) async -> Role? {
        guard let own = try? await PostgresConnection.connect(staff.configuration(login, password)) else { return nil }
        let viewer = try? await own.read { try Viewer.current($0) }
        await own.close()
        return viewer?.role
      }
      let verifier = try SCRAMVerifier(password: "another password")
      let enable: @Sendable (SCRAMVerifier?, Instant?) async throws -> Void = { verifier, until in
        try await Staff.roles(staff.admin) {
          try PeopleAdministration.enable($0, login: login, verifier: verifier, until: until, reason: "they came back")
        }
      }
      await #expect(throws: ActionRefused(.impossible, "\(login) has access")) { try await enable(verifier, nil) }
      try await Staff.roles(staff.admin) {
        try PeopleAdministration.disable($0, login: login, reason: "left the company")
      }
      await #expect(throws: ActionRefused.self, "a time that is over") {
        try await enable(verifier, Instant(unixSeconds: 1_000_000_000))
      }
      // What is no verifier is refused, with nothing done.
      await #expect(throws: PostgresError.self) {
        try await staff.admin.write {
          try $0.rows("SELECT api.person_enable(\(login), 'in the clear', NULL, 'they came back')") { _ in }
        }
      }
      #expect(await signsIn("a long password") == nil)
      let end = Instant(unixSeconds: 4_102_444_800)
      try await enable(verifier, end)
      #expect(await signsIn("a long password") == nil)
      #expect(await signsIn("another password") == .ops)
      let stands = """
        SELECT r.rolcanlogin, r.rolvaliduntil AT TIME ZONE 'UTC', r.rolconnlimit, r.rolpassword IS NOT NULL, (
          SELECT string_agg(g.rolname, ',') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
          WHERE m.member = r.oid) FROM pg_authid r WHERE r.rolname = '\(login)';
        """
      #expect(try await staff.market.database.sql(stands) == "t|2100-01-01 00:00:00|12|t|gkm_ops")
      #expect(try await staff.audit("person.enabled") == "1")

      // Without a password, and without an end.
      try await Staff.roles(staff.admin) {
        try PeopleAdministration.disable($0, login: login, reason: "left again")
      }
      try await enable(nil, nil)
      #expect(await signsIn("another password") == nil)
      #expect(try await staff.market.database.sql(stands) == "t|infinity|12|f|gkm_ops")
      // Sessions of theirs are theirs again: nobody cuts them.
      let daemon = try await PostgresConnection.connect(staff.market.daemon)
      #expect(try await daemon.write { try PeopleKeeper.keep($0) } == [])
      await daemon.close()
    }
  }

  @Test("Another role, an end, and the last admin: sessions end, and somebody is left who can let others in")
  func changes() async throws {
    try await Self.with { staff in
      let login = try await staff.add("kim", .support)
      let kim = try await PostgresConnection.connect(staff.configuration(login, "a long password"))
      try await Staff.roles(staff.admin) {
        try PeopleAdministration.turn($0, login: login, into: .ops, reason: "moved over to ops")
      }
      await #expect(throws: PostgresError.self) { try await kim.read { try Viewer.current($0) } }
      let ops = try await PostgresConnection.connect(staff.configuration(login, "a long password"))
      #expect(try await ops.read { try Viewer.current($0) }.role == .ops)
      let groups = try await staff.market.database.sql(
        """
        SELECT string_agg(g.rolname, ',') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
        JOIN pg_roles p ON p.oid = m.member WHERE p.rolname = '\(login)';
        """)
      #expect(groups == "gkm_ops")

      // An end: the server's own for passwords, ours for whatever way in, also within a session that is open.
      try await Staff.roles(staff.admin) {
        try PeopleAdministration.limit(
          $0, login: login, until: Instant(unixSeconds: 4_102_444_800), reason: "a contract until then")
      }
      #expect(
        try await staff.market.database.sql("SELECT rolvaliduntil FROM pg_roles WHERE rolname = '\(login)';")
          .hasPrefix("2100-01-01"))
      try await staff.market.database.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.person SET expires_at = now() - interval '1 s' WHERE role_name = '\(login)';
        COMMIT;
        """)
      await #expect(throws: StoreError.notSignedIn) { try await ops.read { try Viewer.current($0) } }
      let daemon = try await PostgresConnection.connect(staff.market.daemon)
      var lost: [PeopleKeeper.Loss] = []
      for _ in 0..<20 where lost.isEmpty {
        lost = (try? await daemon.write { try PeopleKeeper.keep($0) }) ?? []
      }
      #expect(lost == [PeopleKeeper.Loss(login: login, was: .ops, becomes: nil)])
      await #expect(throws: PostgresError.self) { try await ops.read { try Viewer.current($0) } }
      await #expect(throws: PostgresError.self) {
        try await PostgresConnection.connect(staff.configuration(login, "a long password"))
      }
      await daemon.close()

      let admin = try await staff.admin.read { try Viewer.current($0) }.login
      for what in ["disable", "role", "until"] {
        await #expect(throws: ActionRefused.self, "\(what)") {
          try await staff.admin.write { session in
            switch what {
            case "disable": try PeopleAdministration.disable(session, login: admin, reason: "I leave")
            case "role": try PeopleAdministration.turn(session, login: admin, into: .ops, reason: "I step down")
            default:
              try PeopleAdministration.limit(
                session, login: admin, until: Instant(unixSeconds: 4_102_444_800), reason: "I leave then")
            }
          }
        }
      }
    }
  }

  @Test("A session that slipped in while its login was being ended is cut by the next look, and people are seen")
  func cut() async throws {
    try await Self.with { staff in
      let login = try await staff.add("lee", .support)
      let lee = try await PostgresConnection.connect(staff.configuration(login, "a long password"))
      let daemon = try await PostgresConnection.connect(staff.market.daemon)
      _ = try await daemon.write { try PeopleKeeper.keep($0) }
      let seen = "SELECT s.sessions FROM gkm.person_seen s JOIN gkm.person p ON p.id = s.person_id WHERE p.role_name = "
      #expect(try await staff.market.database.sql("\(seen)'\(login)';") == "1")
      // As it is for whoever signed in a moment before the other side's commit.
      try await staff.market.database.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.person SET disabled_at = now() WHERE role_name = '\(login)';
        COMMIT;
        """)
      _ = try await daemon.write { try PeopleKeeper.keep($0) }
      await #expect(throws: PostgresError.self) { try await lee.read { try $0.first("SELECT 1") { try $0.int(0) } } }
      _ = try await daemon.write { try PeopleKeeper.keep($0) }
      #expect(try await staff.market.database.sql("\(seen)'\(login)';") == "0")
      await #expect(throws: ActionRefused.self, "the daemon decides nothing about people") {
        try await daemon.write { try PeopleAdministration.disable($0, login: login, reason: "no reason") }
      }
      await daemon.close()
    }
  }

  @Test(
    "The glass: a sealed code makes an admin for a while, everybody is told, it is good once, and it ends by itself")
  func breakGlass() async throws {
    try await Self.with { staff in
      let daemon = try await PostgresConnection.connect(staff.market.daemon)
      try await daemon.write { try NoticeQueue.setTeamChannels($0, [.telegram, .email], locale: "en") }
      let login = try await staff.add("night", .support)
      let night = try await PostgresConnection.connect(staff.configuration(login, "a long password"))
      let old = try await staff.admin.write { try BreakGlass.seal($0, reason: "the first envelope") }
      let code = try await staff.admin.write { try BreakGlass.seal($0, reason: "a new envelope") }
      #expect(code.utf8.count == 47 && old != code)
      #expect(
        try await staff.market.database.sql("SELECT count(*) FROM gkm.break_glass WHERE state = 'sealed';") == "1")

      // A wrong code, and the one before: told, noted, nothing changed.
      for wrong in [old, "0000"] {
        let until = try await night.write {
          try BreakGlass.use($0, code: wrong, minutes: 30, reason: "nobody of the admins answers")
        }
        #expect(until == nil)
      }
      #expect(try await staff.audit("break_glass.refused") == "2")
      let told = "SELECT count(*) FROM gkm.notice WHERE audience = 'team' AND dedupe LIKE 'break_glass/"
      #expect(try await staff.market.database.sql("\(told)refused/%';") == "4")
      await #expect(throws: ActionRefused.self) {
        try await night.write { _ = try BreakGlass.seal($0, reason: "an envelope of my own") }
      }

      let typed = code.uppercased().replacing("-", with: " ")
      try await Staff.roles(night) {
        let until = try BreakGlass.use($0, code: typed, minutes: 30, reason: "nobody of the admins answers")
        #expect(until != nil)
      }
      #expect(try await night.read { try Viewer.current($0) }.role == .admin)
      #expect(try await staff.market.database.sql("\(told)%/telegram' AND template = 'alert';") == "3")
      let somebody = staff.login("new")
      try await Staff.roles(night) {
        _ = try PeopleAdministration.add($0, login: somebody, name: "New", role: .ops, vendor: nil, verifier: nil)
      }
      await #expect(throws: ActionRefused.self, "the next code is an admin's to seal") {
        try await night.write { _ = try BreakGlass.seal($0, reason: "an envelope of my own") }
      }

      // Its time is over: no function obeys any more, whatever the roles still say; then the roles follow.
      try await staff.market.database.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE gkm.person SET elevated_until = now() - interval '1 s' WHERE role_name = '\(login)';
        COMMIT;
        """)
      await #expect(throws: ActionRefused.self) {
        try await night.write { try PeopleAdministration.disable($0, login: somebody, reason: "too late") }
      }
      var lost: [PeopleKeeper.Loss] = []
      for _ in 0..<20 where lost.isEmpty {
        lost = (try? await daemon.write { try PeopleKeeper.keep($0) }) ?? []
      }
      #expect(lost == [PeopleKeeper.Loss(login: login, was: .admin, becomes: .support)])
      await #expect(throws: PostgresError.self) { try await night.read { try Viewer.current($0) } }
      let again = try await PostgresConnection.connect(staff.configuration(login, "a long password"))
      #expect(try await again.read { try Viewer.current($0) }.role == .support)
      #expect(try await staff.market.database.sql("\(told)%/over/telegram' AND template = 'alert_recovered';") == "1")
      #expect(try await staff.audit("break_glass.ended") == "1")
      let twice = try await again.write {
        try BreakGlass.use($0, code: code, minutes: 30, reason: "once more with the same")
      }
      #expect(twice == nil)
      for _ in 0..<2 {
        _ = try await again.write { try BreakGlass.use($0, code: "x", minutes: 30, reason: "trying my luck") }
      }
      await #expect(throws: ActionRefused.self, "five wrong codes an hour") {
        try await again.write { _ = try BreakGlass.use($0, code: "x", minutes: 30, reason: "trying my luck") }
      }
      await again.close()
      await daemon.close()
    }
  }
}
