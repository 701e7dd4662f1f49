import Glibc
import Market
import Postgres
import TestSupport
import Testing

@Suite("gkm person, break-glass and vendor add") struct CliPeopleTests {
  /// Changes of roles meet those of other tests in the cluster's one catalogue: once more, then.
  private static func run(
    _ arguments: [String], as person: PostgresConfiguration, environment: [String: String?] = [:]
  ) async throws -> ChildProcess.Result {
    for _ in 0..<20 {
      let result = try await Cli.run(arguments, as: person, environment: environment)
      if result.succeeded || !result.errors.contains("concurrently") { return result }
    }
    return try await Cli.run(arguments, as: person, environment: environment)
  }

  @Test("A person is let in with a password made by chance, moved, limited, given another password, and ended")
  func story() async throws {
    try await SeededMarket.with { seeded in
      let admin = try await seeded.person(.admin)
      let login = "zoe_\(seeded.market.database.suffix)"
      let added = try await Self.run(
        ["person", "add", login, "--name", "Zoë", "--role", "support", "--until", "2099-12-31", "--generate-password"],
        as: admin)
      #expect(added.ending == .exited(0), "\(added.errors)")
      let lines = added.output.split(separator: "\n")
      #expect(lines.first?.hasPrefix("Added \(login) (support, until 2099-12-31") == true, "\(added.output)")
      let password = try #require(lines.last?.split(separator: " ").last.map(String.init))
      let place = seeded.market.database
      let options = ["-h", "127.0.0.1", "-p", "\(place.server.port)", "-U", login, "-d", place.name]
      let me = try await Cli.run(["whoami"] + options, environment: ["PGPASSWORD": password])
      #expect(me.output == "\(login): Zoë, support\n", "\(me.errors)")

      let moved = try await Self.run(
        ["person", "role", login, "ops", "--reason", "the night shift needs her"], as: admin)
      #expect(moved.output == "\(login) is ops from now on, and signs in again.\n", "\(moved.errors)")
      let file = try TestRun.shared.get().path("password")
      try TextFile.write("una contraseña larga\n", to: file)
      let changed = try await Self.runAs(
        ["person", "password", "--password-file", file] + options, environment: ["PGPASSWORD": password])
      #expect(
        changed.output == "The password of \(login) is changed; other sessions of that login ended.\n",
        "\(changed.errors)")
      let old = try await Cli.run(["whoami", "-w"] + options, environment: ["PGPASSWORD": password])
      #expect(old.ending == .exited(77))
      let new = ["PGPASSWORD": "una contraseña larga"]
      #expect(try await Cli.run(["whoami"] + options, environment: new).output == "\(login): Zoë, ops\n")
      let refused = try await Cli.run(
        ["person", "disable", login, "--reason", "I may not"] + options, environment: new)
      #expect(refused.ending == .exited(77), "\(refused.errors)")

      let listed = try await Cli.lines(["person", "list", "--filter", "role:ops", "--json"], as: admin)
      let row = try #require(listed.first { $0.contains(login) })
      #expect(row.contains(#""expires_at":"2099-12-31T"#) && !row.contains(#""last_seen_at":null"#), "\(row)")
      let ended = try await Self.run(["person", "disable", login, "--reason", "left the company"], as: admin)
      #expect(ended.succeeded, "\(ended.errors)")
      #expect(try await Cli.run(["whoami", "-w"] + options, environment: new).ending == .exited(77))
      // Let in again under another password; the one of before opens nothing, and neither is it said how to sign in.
      #expect(
        try await Cli.run(["person", "enable", login, "--reason", "they came back"], as: admin).ending == .exited(64))
      let back = try await Self.run(
        ["person", "enable", login, "--generate-password", "--until", "2099-12-31", "--reason", "they came back"],
        as: admin)
      #expect(back.output.hasPrefix("\(login) may sign in again until 2099-12-31"), "\(back.errors)")
      let fresh = try #require(back.output.split(separator: "\n").last?.split(separator: " ").last.map(String.init))
      let returned = try await Cli.run(["whoami"] + options, environment: ["PGPASSWORD": fresh])
      #expect(returned.output == "\(login): Zoë, ops\n", "\(returned.errors)")
      #expect(try await Cli.run(["whoami", "-w"] + options, environment: new).ending == .exited(77))
      let here = try await Self.run(
        ["person", "enable", login, "--without-password", "--reason", "they came back"], as: admin)
      #expect(here.ending == .exited(65) && here.errors.contains("has access"), "\(here.errors)")
      let gone = try await Self.run(["person", "disable", login, "--reason", "left the company"], as: admin)
      #expect(gone.succeeded, "\(gone.errors)")
      let twice = try await Self.run(["person", "disable", login, "--reason", "left the company"], as: admin)
      #expect(twice.ending == .exited(66), "\(twice.errors)")
      for wrong in [
        ["person", "add", "x1", "--name", "X", "--role", "vendor"], ["person", "until", login, "--reason", "because"],
        ["person", "add", "x1", "--name", "X", "--role", "ops", "--password", "--generate-password"],
      ] {
        #expect(try await Cli.run(wrong, as: admin).ending == .exited(64), "\(wrong)")
      }
    }
  }

  @Test("A password is typed twice, unseen, and what differs is not taken")
  func typed() async throws {
    try await SeededMarket.with { seeded in
      let admin = try await seeded.person(.admin)
      for (second, wanted) in [("typed otherwise", "not the same"), ("typed twice, unseen", "is changed")] {
        let terminal = try PseudoTerminal(
          try TestRun.program("gkm"), ["person", "password", "-d", admin.conninfo],
          environment: ["HOME": "/nonexistent", "PGPASSFILE": "/nonexistent"])
        try await terminal.sees("New password for admin_")
        terminal.type("typed twice, unseen\r")
        try await terminal.sees("Once more:")
        terminal.type("\(second)\r")
        let screen = try await terminal.sees(wanted)
        #expect(!screen.text.contains("typed"))
        #expect(try await terminal.ended() == .exited(wanted == "is changed" ? 0 : 65))
      }
    }
  }

  @Test("The glass is broken with the code alone, and a vendor is taken in with a password by one command")
  func glassAndVendor() async throws {
    try await SeededMarket.with { seeded in
      let admin = try await seeded.person(.admin)
      let ops = try await seeded.person(.ops)
      let sealed = try await Self.run(["break-glass", "seal", "--reason", "the yearly envelope"], as: admin)
      let status = try await Cli.lines(["break-glass", "status"], as: admin)
      #expect(status.first?.hasPrefix("A code is sealed: by admin_") == true && status.count == 2, "\(status)")
      let code = try #require(sealed.output.split(separator: "\n").first?.split(separator: " ").last)
      let file = try TestRun.shared.get().path("code")
      try TextFile.write("wrong\n", to: file)
      let use = ["break-glass", "use", "--code-file", file, "--minutes", "15", "--reason", "nobody answers"]
      let wrong = try await Self.run(use, as: ops)
      #expect(wrong.ending == .exited(77) && wrong.errors.contains("that is not the code"), "\(wrong.errors)")
      try TextFile.write("\(code)\n", to: file)
      let broken = try await Self.run(use, as: ops)
      #expect(broken.output.hasPrefix("You are admin until "), "\(broken.errors)")
      let during = try await Cli.lines(["break-glass", "status"], as: admin)
      #expect(during.first?.hasPrefix("No code is sealed") == true, "\(during)")
      #expect(during.contains { $0.contains("is admin by it until") && $0.hasSuffix("“nobody answers”") }, "\(during)")
      #expect(during.last == "Wrong codes within the last hour: 1.")

      let vendor = try await Self.run(
        [
          "vendor", "add", "pixelport", "--name", "Pixelport", "--email", "hola@pixelport.example", "--bps", "900",
          "--listing", "1=19.99usd", "--generate-password", "--ssh-key", "ssh-ed25519 AAAA marta",
          "--reason", "they signed the contract",
        ], as: ops)
      #expect(vendor.succeeded, "\(vendor.errors)")
      let login = try #require(vendor.output.firstMatch(of: /signs in as (v_[0-9a-f]+)\./)?.1)
      let password = try #require(vendor.output.firstMatch(of: /shown only now: (\S+)/)?.1)
      #expect(vendor.output.contains("echo 'restrict,pty ssh-ed25519 AAAA marta' >> ~\(login)/.ssh/authorized_keys"))
      let place = seeded.market.database
      let options = ["-h", "127.0.0.1", "-p", "\(place.server.port)", "-U", String(login), "-d", place.name]
      let theirs = try await Cli.run(
        ["list", "stock", "--json"] + options, environment: ["PGPASSWORD": String(password)])
      #expect(theirs.succeeded && theirs.output.split(separator: "\n").count == 1, "\(theirs.errors)")

      let over = try await Self.run(["break-glass", "end", "--reason", "an admin woke up"], as: ops)
      #expect(over.succeeded, "\(over.errors)")
      let after = try await Self.run(["person", "until", String(login), "--never", "--reason", "no end"], as: ops)
      #expect(after.ending == .exited(77), "\(after.errors)")
    }
  }

  private static func runAs(_ arguments: [String], environment: [String: String?]) async throws -> ChildProcess.Result {
    for _ in 0..<20 {
      let result = try await Cli.run(arguments, environment: environment)
      if result.succeeded || !result.errors.contains("concurrently") { return result }
    }
    return try await Cli.run(arguments, environment: environment)
  }
}
