import Glibc
import Market
import Postgres
import TestSupport
import Testing

/// A server of its own that takes nothing but TLS over the network, and a person who comes from there.
@Suite("Signing in from elsewhere") struct RemoteSignInLongTests {
  /// Certificate, and who may come from where; the files are the server's user's.
  private static func secure(_ server: PrivatePostgres) async throws -> String {
    let folder = try TestRun.shared.get().path("tls")
    let script = """
      set -e
      mkdir -p \(folder)
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
        -addext subjectAltName=IP:127.0.0.1 -keyout \(folder)/key -out \(folder)/cert 2>/dev/null
      data=\(server.folder)/data
      install -m 0600 -o "$(stat -c %U $data)" \(folder)/key $data/server.key
      install -m 0644 \(folder)/cert $data/server.crt
      printf '%s\\n' 'local all all scram-sha-256' 'hostssl all all 127.0.0.1/32 scram-sha-256' >$data/pg_hba.conf
      """
    let made = try await ChildProcess.run("bash", ["-c", script])
    #expect(made.succeeded, "\(made.errors)")
    for statement in [
      "ALTER SYSTEM SET ssl = on;", "ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.2';",
      "SELECT pg_reload_conf();",
    ] {
      try await server.sql(statement)
    }
    return "\(folder)/cert"
  }

  @Test(
    "By SCRAM over TLS with the server's certificate verified; never without TLS, and by nobody who has not the password"
  )
  func overTLS() async throws {
    let server = try await PrivatePostgres.start()
    let certificate = try await Self.secure(server)
    try await MarketDatabase.with(on: server) { market in
      let admin = try await market.person(.admin)
      let login = "far_\(market.database.suffix)"
      let added = try await Cli.run(
        ["person", "add", login, "--name", "Far", "--role", "ops", "--generate-password"], as: admin)
      let password = try #require(added.output.firstMatch(of: /shown only now: (\S+)/)?.1, "\(added.errors)")
      func whoami(
        _ settings: String, host: String = "127.0.0.1", password: Substring
      ) async throws -> ChildProcess.Result {
        try await Cli.run(
          [
            "whoami", "-w", "-d",
            "host=\(host) port=\(server.port) dbname=\(market.database.name) user=\(login) \(settings)",
          ],
          environment: ["PGPASSWORD": String(password)])
      }
      let verified = "sslmode=verify-full sslrootcert=\(certificate)"
      // The setting takes effect with the server's next look at it.
      var there = try await whoami("\(verified) channel_binding=require", password: password)
      for _ in 0..<50 where !there.succeeded {
        try await Task.sleep(for: .milliseconds(100))
        there = try await whoami("\(verified) channel_binding=require", password: password)
      }
      #expect(there.output == "\(login): Far, ops\n", "\(there.errors)")
      let plain = try await whoami("sslmode=disable", password: password)
      #expect(plain.ending == .exited(77) && plain.errors.contains("no pg_hba.conf entry"), "\(plain.errors)")
      #expect(try await whoami(verified, password: "not the password").ending == .exited(77))
      let elsewhere = try await whoami(verified, host: "localhost", password: password)
      #expect(elsewhere.ending == .exited(69) && elsewhere.errors.contains("certificate"), "\(elsewhere.errors)")
      // What the server keeps is no password, and its log has heard none.
      let kept = try await server.sql("SELECT rolpassword FROM pg_authid WHERE rolname = '\(login)';")
      #expect(kept.hasPrefix("SCRAM-SHA-256$4096:"))
      let log = try TextFile.read("\(server.folder)/log")
      #expect(!log.contains(password))
      // Ended while signed in: the open session first, then every other.
      let session = try await PostgresConnection.connect(
        PostgresConfiguration(
          conninfo: "host=127.0.0.1 port=\(server.port) dbname=\(market.database.name) user=\(login) \(verified)",
          password: String(password)))
      let begun = ContinuousClock.now
      let ended = try await Cli.run(["person", "disable", login, "--reason", "left the company"], as: admin)
      #expect(ended.succeeded, "\(ended.errors)")
      await #expect(throws: PostgresError.self) {
        try await session.read { try $0.first("SELECT 1") { try $0.int(0) } }
      }
      #expect(ContinuousClock.now - begun < .seconds(5))
      #expect(try await whoami(verified, password: password).ending == .exited(77))
      await session.close()
    }
    try await server.stop()
  }

  @Test("On the database's own machine by the system's user and the map, as oneself alone and without a password")
  func byPeer() async throws {
    let server = try await PrivatePostgres.start()
    try await MarketDatabase.with(on: server) { market in
      _ = try await market.person(.ops)
      _ = try await market.person(.admin)
      let (me, other) = ("ops_\(market.database.suffix)", "admin_\(market.database.suffix)")
      let script = """
        set -e
        data=\(server.folder)/data
        printf '%s\\n' 'local all \(me),\(other),gkm_daemon peer map=gkm' \
          'local all all scram-sha-256' 'host all all 127.0.0.1/32 scram-sha-256' >$data/pg_hba.conf
        printf 'gkm %s %s\\n' "$(id -un)" \(me) >$data/pg_ident.conf
        """
      let made = try await ChildProcess.run("bash", ["-c", script])
      #expect(made.succeeded, "\(made.errors)")
      try await server.sql("SELECT pg_reload_conf();")
      func whoami(_ login: String) async throws -> ChildProcess.Result {
        try await Cli.run(
          [
            "whoami", "-w", "-d",
            "host=\(server.folder)/s port=\(server.port) dbname=\(market.database.name) user=\(login)",
          ],
          environment: ["PGPASSFILE": "/dev/null"])
      }
      var mine = try await whoami(me)
      for _ in 0..<50 where !mine.succeeded {
        try await Task.sleep(for: .milliseconds(100))
        mine = try await whoami(me)
      }
      #expect(mine.succeeded && mine.output.hasPrefix("\(me): "), "\(mine.errors)")
      for login in [other, "gkm_daemon"] {
        let refused = try await whoami(login)
        #expect(refused.ending == .exited(77), "\(login): \(refused.output)\(refused.errors)")
      }
    }
    try await server.stop()
  }
}
