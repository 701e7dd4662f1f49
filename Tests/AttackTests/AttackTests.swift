import TestSupport
import Testing

/// Every attack is refused, and nothing is changed by it. Here a part of them, which a change must withstand; all of
/// them in AttackLongTests.
@Suite("Attacks") struct AttackTests {
  static let ways: [[Attack]] = [
    VendorAttacks.all, StaffAttacks.all, ProgramAttacks.all, ConsoleAttacks.all, RedisAttacks.all,
    HTTPAttacks.all(.none),
  ]

  @Test("There are many of them, by everybody and in every way, and no two are called the same")
  func many() {
    let all = Self.ways.joined()
    #expect(all.count >= 300, "\(all.count)")
    #expect(
      Set(all.map(\.name)).count == all.count, "\(Dictionary(grouping: all, by: \.name).filter { $1.count > 1 }.keys)")
    #expect(Set(all.map(\.attacker)) == Set(Attacker.allCases))
    for channel in ["SQL", "Redis", "console", "HTTP"] {
      #expect(all.count { $0.channel == channel } >= 20, "\(channel)")
    }
  }

  /// What of them is tried with every change: of those that cost next to nothing all, of others one in so many.
  private static func sample(_ attacks: [Attack], oneIn step: Int) -> [Attack] {
    stride(from: attacks.count % step, to: attacks.count, by: step).map { attacks[$0] }
  }

  @Test("Those with SQL are refused, and of those with the console a third; all together change nothing")
  func database() async throws {
    try await Fortress.with { fortress in
      let before = try await fortress.digest()
      let attacks =
        VendorAttacks.all + StaffAttacks.all + ProgramAttacks.all + Self.sample(ConsoleAttacks.all, oneIn: 3)
      for attack in attacks {
        let complaint = try await fortress.withstands(attack)
        #expect(complaint == nil, "\(attack.testDescription)")
      }
      #expect(try await fortress.digest().differences(from: before) == [])
    }
  }

  @Test("A sample of those by HTTP is refused, and the daemon goes on serving")
  func http() async throws {
    try await Gatehouse.with { gate in
      let before = try await gate.digest()
      for attack in Self.sample(HTTPAttacks.all(gate.target), oneIn: 3) {
        let complaint = try await gate.withstands(attack)
        #expect(complaint == nil, "\(attack.testDescription)")
      }
      #expect(try await gate.ask("GET \(Gatehouse.listing) HTTP/1.1\r\nHost: x\r\n\r\n")?.status == 200)
      #expect(try await gate.digest().differences(from: before) == [])
    }
  }

  @Test("Those on Redis are refused")
  func redis() async throws {
    try await RedisKeep.with { keep in
      let before = try await keep.digest()
      for attack in RedisAttacks.all {
        let complaint = try await keep.withstands(attack)
        #expect(complaint == nil, "\(attack.testDescription)")
      }
      #expect(try await keep.digest() == before)
    }
  }

  /// Each of them, and what the database holds before and after each.
  static func withstand(_ attacks: [Attack], _ fortress: Fortress) async throws {
    var before = try await fortress.digest()
    for attack in attacks {
      let complaint = try await fortress.withstands(attack)
      #expect(complaint == nil, "\(attack.testDescription)")
      let after = try await fortress.digest()
      #expect(after.differences(from: before) == [], "\(attack.testDescription)")
      before = after
    }
  }
}

@Suite("Attacks, all of them") struct AttackLongTests {
  @Test("A vendor's are refused, and change nothing")
  func vendor() async throws {
    try await Fortress.with { try await AttackTests.withstand(VendorAttacks.all, $0) }
  }

  @Test("Those of the staff are")
  func staff() async throws {
    try await Fortress.with { try await AttackTests.withstand(StaffAttacks.all, $0) }
  }

  @Test("Those with the programs' own logins are")
  func programs() async throws {
    try await Fortress.with { try await AttackTests.withstand(ProgramAttacks.all, $0) }
  }

  @Test("Those with the console are")
  func console() async throws {
    try await Fortress.with { try await AttackTests.withstand(ConsoleAttacks.all, $0) }
  }

  @Test("Those on Redis are")
  func redis() async throws {
    try await RedisKeep.with { keep in
      let before = try await keep.digest()
      for attack in RedisAttacks.all {
        let complaint = try await keep.withstands(attack)
        #expect(complaint == nil, "\(attack.testDescription)")
        #expect(try await keep.digest() == before, "\(attack.testDescription)")
      }
    }
  }

  @Test("Those by HTTP are, and the daemon goes on serving")
  func http() async throws {
    try await Gatehouse.with { gate in
      var before = try await gate.digest()
      for attack in HTTPAttacks.all(gate.target) {
        let complaint = try await gate.withstands(attack)
        #expect(complaint == nil, "\(attack.testDescription)")
        let after = try await gate.digest()
        #expect(after.differences(from: before) == [], "\(attack.testDescription)")
        before = after
      }
      #expect(try await gate.ask("GET \(Gatehouse.listing) HTTP/1.1\r\nHost: x\r\n\r\n")?.status == 200)
      #expect(gate.daemon.isRunning, "\(gate.daemon.tail())")
    }
  }

  @Test("Who is nobody here does not come in")
  func strangers() async throws {
    try await Fortress.with { fortress in
      let database = fortress.seeded.market.database
      let name = "stranger_\(database.suffix)"
      try await database.sql(
        """
        CREATE ROLE \(name) LOGIN PASSWORD 'known';
        SET session_replication_role = replica; UPDATE gkm.person SET disabled_at = now() WHERE role_name = 'other_\(database.suffix)';
        ALTER ROLE other_\(database.suffix) NOLOGIN PASSWORD 'known';
        """)
      let before = try await fortress.digest()
      for (what, user, password, states) in [
        ("a login of another application", name, "known", ["42501"]),
        ("a wrong password", "ops_\(database.suffix)", "guessed", ["28P01"]),
        ("an empty password", "ops_\(database.suffix)", "''", ["28P01", "nothing"]),
        ("a login that there is not", "nobody", "x", ["28P01"]),
        ("a person who left", "other_\(database.suffix)", "known", ["28000"]),
        ("the tables' owner", "gkm_owner", "x", ["28P01", "28000"]),
        ("the functions' owner", "gkm_api", "x", ["28P01", "28000"]),
        ("the maker of people", "gkm_people", "x", ["28P01", "28000"]),
        ("the daemon without its password", "gkm_daemon", "x", ["28P01"]),
      ] {
        let outcome = try await ChildProcess.run(
          "/usr/bin/psql",
          ["-X", "-w", "-v", "VERBOSITY=verbose", "-c", "SELECT 1", database.conninfo(user: user, password: password)])
        #expect(!outcome.succeeded && outcome.output.isEmpty, "\(what): \(outcome.output)")
        let reasons = [
          "42501": "permission denied for database", "28P01": "password authentication failed",
          "28000": "is not permitted to log in", "nothing": "no password supplied",
        ]
        #expect(states.contains { outcome.errors.contains(reasons[$0] ?? "?") }, "\(what): \(outcome.errors)")
      }
      #expect(try await fortress.digest() == before)
      try await database.sql("DROP ROLE \(name)")
    }
  }
}
