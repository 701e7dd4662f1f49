import Glibc
import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("How gkm connects and ends") struct CliConnectionTests {
  private static let silent: [String: String?] = ["PGPASSFILE": "/nonexistent", "HOME": "/nonexistent"]

  /// Where a person of the market signs in, and with what; over TCP.
  private struct Login {
    let user: String
    let password: String
    let database: String
    let port: Int

    init(_ seeded: SeededMarket, _ role: Role) async throws {
      _ = try await seeded.person(role)
      user = "\(role.rawValue)_\(seeded.market.database.suffix)"
      password = "test-person"
      database = seeded.market.database.name
      port = seeded.market.database.server.port
    }

    var options: [String] { ["-h", "127.0.0.1", "-p", "\(port)", "-U", user, "-d", database] }
  }

  @Test("By options, a URI, a service and a password file, as psql does")
  func ways() async throws {
    try await SeededMarket.with { seeded in
      let login = try await Login(seeded, .ops)
      let run = try TestRun.shared.get()
      let (service, passwords) = (run.path("service"), run.path("pgpass"))
      try TextFile.write(
        "[market]\nhost=127.0.0.1\nport=\(login.port)\nuser=\(login.user)\ndbname=\(login.database)\n", to: service)
      try TextFile.write("*:*:*:\(login.user):\(login.password)\n", to: passwords)
      let file = ["PGPASSFILE": passwords]
      let secret = ["PGPASSWORD": login.password]
      let uri = "postgresql://\(login.user)@127.0.0.1:\(login.port)/\(login.database)"
      let ways: [([String], [String: String])] = [
        (login.options + ["whoami"], secret), (["whoami"] + login.options, file), ([uri, "whoami"], file),
        (["whoami", "-d", uri], secret), (["whoami", "postgres" + uri.dropFirst(10)], secret),
        (["whoami"], file.merging(["PGSERVICE": "market", "PGSERVICEFILE": service]) { $1 }),
        (["-U", login.user, "whoami", "-d", "host=127.0.0.1 port=\(login.port) dbname=\(login.database)"], file),
        (
          ["whoami"],
          file.merging([
            "PGHOST": "127.0.0.1", "PGPORT": "\(login.port)", "PGUSER": login.user, "PGDATABASE": login.database,
          ]) { $1 }
        ),
      ]
      for (arguments, environment) in ways {
        let result = try await Cli.run(arguments, environment: environment)
        #expect(result.output == "\(login.user): \(login.user), ops\n", "\(arguments) \(environment) \(result.errors)")
      }
    }
  }

  @Test("One session more than a person may have is refused in a clear sentence, and the others live on")
  func sessions() async throws {
    try await SeededMarket.with { seeded in
      let login = try await Login(seeded, .support)
      let person = PostgresConfiguration(
        conninfo: seeded.market.database.conninfo(user: login.user, over: .loopback), password: login.password)
      let limit = try #require(
        Int(try await seeded.market.database.sql("SELECT rolconnlimit FROM pg_roles WHERE rolname = '\(login.user)';")))
      #expect(limit == 12)
      var open: [PostgresConnection] = []
      for _ in 0..<limit { open.append(try await PostgresConnection.connect(person)) }
      let secret: [String: String?] = ["PGPASSWORD": login.password]
      let refused = try await Cli.run(login.options + ["whoami"], environment: secret)
      #expect(refused.ending == .exited(75) && refused.output.isEmpty)
      #expect(
        refused.errors
          == "gkm: this login has as many sessions open as one person may have: end one of them, then try again\n")
      for connection in open {
        let me = try await connection.read { try Viewer.current($0) }
        #expect(me.login == login.user)
      }
      // The console says it too, and goes on by itself once there is room.
      let console = try PseudoTerminal(
        try TestRun.program("gkm"), login.options, environment: Self.silent.merging(secret) { $1 })
      try await console.sees("as many sessions open as one person")
      await open.removeLast().close()
      try await console.sees("GK-", within: .seconds(20))
      console.type("\u{3}")
      _ = try await console.ended()
      let again = try await Cli.run(login.options + ["whoami"], environment: secret)
      #expect(again.succeeded, "\(again.errors)")
      for connection in open { await connection.close() }
    }
  }

  @Test("A password is asked for on the terminal, never shown, and the terminal echoes again afterwards")
  func password() async throws {
    try await SeededMarket.with { seeded in
      let login = try await Login(seeded, .ops)
      let program = try TestRun.program("gkm")
      let terminal = try PseudoTerminal(program, login.options + ["whoami"], environment: Self.silent)
      _ = try await terminal.sees("Password for \(login.user):")
      terminal.type("wrong\u{15}test-persom\u{7F}n\r")
      let screen = try await terminal.sees("\(login.user): \(login.user), ops")
      #expect(!screen.text.contains("test-person"))
      #expect(try await terminal.ended() == .exited(0))
      #expect(terminal.echoes)

      let second = try PseudoTerminal(program, login.options + ["whoami"], environment: Self.silent)
      _ = try await second.sees("Password for")
      second.type("\u{3}")
      #expect(try await second.ended() == .exited(130))
      #expect(second.echoes)

      let killed = try PseudoTerminal(program, login.options + ["whoami"], environment: Self.silent)
      _ = try await killed.sees("Password for")
      killed.signal(SIGTERM)
      #expect(try await killed.ended() == .exited(128 + SIGTERM))
      #expect(killed.echoes)
    }
  }

  @Test("Where no password can be asked for, and where it is wrong, the status says permission")
  func refusedSignIn() async throws {
    try await SeededMarket.with { seeded in
      let login = try await Login(seeded, .ops)
      let noTerminal = try await Cli.run(["whoami"] + login.options, environment: Self.silent)
      #expect(noTerminal.ending == .exited(77))
      #expect(noTerminal.errors.hasPrefix("gkm: the server wants a password and there is no terminal to ask on"))
      let never = try await Cli.run(["-w", "whoami"] + login.options, environment: Self.silent)
      #expect(never.ending == .exited(77))
      let wrong = try await Cli.run(["whoami"] + login.options, environment: ["PGPASSWORD": "no"])
      #expect(wrong.ending == .exited(77))
      #expect(wrong.errors.contains("password authentication failed"))
    }
  }

  @Test("Each way to fail has its own status and one line on standard error")
  func failures() async throws {
    let server = try await PrivatePostgres.shared()
    let port = try FreePort.next()
    let cases: [([String], [String: String], Int32)] = [
      (["whoami", "-h", "127.0.0.1", "-p", "\(port)"], [:], 69),
      (["whoami", "-d", server.conninfo(database: "no_such_database")], [:], 78),
      (["whoami", "-d", server.conninfo()], [:], 78),
      (["whoami"], ["PGSERVICE": "no-such-service"], 78),
      (["whoami", "-d", "host=x bad"], [:], 78),
      (["show"], [:], 64), (["list", "nothing"], [:], 64), (["list", "orders", "--limit", "-1"], [:], 64),
      (["list", "orders", "--json", "--csv"], [:], 64), (["nonsense"], [:], 64),
    ]
    for (arguments, environment, status) in cases {
      let result = try await Cli.run(arguments, environment: environment)
      #expect(result.ending == .exited(status), "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty, "\(arguments)")
      if status != 64 {
        #expect(result.errors.hasPrefix("gkm: ") && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      }
    }
    let hostile = try await Cli.run(["\u{1B}]0;owned\u{7}"])
    #expect(hostile.ending == .exited(64) && !hostile.errors.contains("\u{1B}"))
  }

  @Test("A reader that goes away ends it quietly")
  func brokenPipe() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let script = "\"$0\" list audit --json --limit 0 -d \"$1\" | head -n 1; echo \"${PIPESTATUS[0]}\""
      let result = try await ChildProcess.run("bash", ["-c", script, try TestRun.program("gkm"), ops.conninfo])
      #expect(result.errors.isEmpty, "\(result.errors)")
      let lines = result.output.split(separator: "\n")
      #expect(lines.count == 2 && (lines.last == "141" || lines.last == "0"), "\(result.output)")
      let full = try await ChildProcess.run(
        "bash", ["-c", "\"$0\" list audit --json -d \"$1\" > /dev/full", try TestRun.program("gkm"), ops.conninfo])
      #expect(full.ending == .exited(74))
      #expect(full.errors == "gkm: cannot write the output: No space left on device\n")
    }
  }

  @Test("Help, version, themes and completions need no database", arguments: ["bash", "zsh", "fish"])
  func offline(shell: String) async throws {
    let completion = try await Cli.run(["--generate-completion-script", shell])
    #expect(completion.succeeded && completion.output.contains("deliveries"))
    #expect(try await Cli.run(["--version"]).output.hasPrefix("gkm "))
    #expect(try await Cli.run(["list", "--help"]).output.contains("--filter"))
    let themes = try await Cli.run(["themes"])
    #expect(themes.output.contains("dark ") && themes.output.contains("mono "))
  }
}

extension PseudoTerminal {
  /// Whether what is typed is shown.
  fileprivate var echoes: Bool { modes.local & tcflag_t(ECHO) != 0 }
}
