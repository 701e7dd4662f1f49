import Glibc
import TestSupport
import Testing

@Suite("What tests stand on")
struct PrivateServersTests {
  @Test("A cloned database has the template's rows and rights, and is dropped after the test")
  func clones() async throws {
    let server = try await PrivatePostgres.shared()
    let template = "template_\(getpid())"
    for _ in 0..<2 {
      try await server.template(template) { database in
        try await database.sql(
          "CREATE TABLE thing (id int); INSERT INTO thing VALUES (7); REVOKE ALL ON DATABASE \(database.name) FROM PUBLIC;"
        )
      }
    }
    let name = try await TestDatabase.with(template: template) { database in
      let rows = try await database.sql("SELECT id FROM thing;")
      #expect(rows == "7")
      let mayTemp = "SELECT has_database_privilege('pg_monitor', '\(database.name)', 'TEMP');"
      let answer = try await database.sql(mayTemp)
      #expect(answer == "f")
      return database.name
    }
    #expect(try await server.sql("SELECT count(*) FROM pg_database WHERE datname = '\(name)';") == "0")
    try await server.sql("DROP DATABASE \(template);")
  }

  @Test("A server of one's own survives SIGKILL with what it had committed, and can be frozen")
  func killsAndFreezes() async throws {
    let server = try await PrivatePostgres.start()
    try await server.sql("CREATE TABLE thing (id int); INSERT INTO thing VALUES (1);")
    try server.kill()
    try await server.start()
    #expect(try await server.sql("SELECT id FROM thing;") == "1")
    try server.freeze()
    let asking = try ChildProcess("/usr/bin/psql", ["-X", "-c", "SELECT 1", server.conninfo()])
    try await Task.sleep(for: .milliseconds(200))
    #expect(asking.isRunning)
    try server.thaw()
    #expect(try await asking.ended() == .exited(0))
    try await server.stop()
  }

  @Test("Redis knows its three users and nobody else")
  func redisUsers() async throws {
    let redis = try await PrivateRedis.start()
    #expect(try await redis.command("PING") == "PONG\n")
    let nobody = try await ChildProcess.run("/usr/bin/redis-cli", ["-p", "\(redis.port)", "PING"])
    #expect(nobody.output.contains("NOAUTH"))
    let daemon = try await ChildProcess.run("/usr/bin/redis-cli", ["-u", redis.url(.daemon), "FLUSHALL"])
    #expect(daemon.output.contains("NOPERM"))
    try await redis.stop()
  }

  @Test("An accepted mail stands in the Maildir before its sender hears 250")
  func mail() async throws {
    let mail = try await PrivateMail.start()
    let sent = try await ChildProcess.run(
      "/usr/bin/python3",
      [
        "-c",
        """
        import smtplib
        with smtplib.SMTP("127.0.0.1", \(mail.port)) as s:
            s.send_message(__import__("email").message_from_string("Subject: hi\\n\\nbody\\n"), "a@example.test", ["b@example.test"])
        """,
      ])
    #expect(sent.succeeded, "\(sent.errors)")
    let messages = try mail.messages()
    #expect(messages.count == 1)
    #expect(messages.first?.hasPrefix("Return-Path: <a@example.test>\nDelivered-To: b@example.test\n") == true)
    try await mail.stop()
  }
}
