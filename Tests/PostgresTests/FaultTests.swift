import Glibc
import Postgres
import TestSupport
import Testing

@Suite("When the server or the network fails")
struct FaultTests {
  private func connect(
    _ server: PrivatePostgres, port: Int? = nil, _ change: (inout PostgresConfiguration) -> Void = { _ in }
  ) async throws -> PostgresConnection {
    var configuration = PostgresConfiguration(
      conninfo: "host=127.0.0.1 port=\(port ?? server.port) user=postgres dbname=postgres sslmode=disable",
      password: server.superuserPassword)
    change(&configuration)
    return try await PostgresConnection.connect(configuration)
  }

  @Test("A server killed in the middle of a call is a lost connection, retryable")
  func killed() async throws {
    let server = try await PrivatePostgres.start()
    let connection = try await connect(server)
    let call = Task { try await connection.write { try $0.execute("SELECT pg_sleep(20)") } }
    let autocommit = try await connect(server)
    let other = Task { try await autocommit.run { try $0.execute("SELECT pg_sleep(20)") } }
    let idle = try await connect(server)
    try await Task.sleep(for: .milliseconds(200))
    try server.kill()
    let error = try await failure { try await call.value }
    #expect(error.kind == .connectionLost && error.isRetryable && !error.isCommitUnknown)
    #expect(error.sql == "SELECT pg_sleep(20)")
    let unknown = try await failure { try await other.value }
    #expect(unknown.isConnectionLost && unknown.isCommitUnknown && !unknown.isRetryable)
    // A connection that nobody uses notices too.
    try await Task.sleep(for: .milliseconds(100))
    #expect(!connection.isUsable && !autocommit.isUsable && !idle.isUsable)
    let later = try await failure { try await idle.read { try $0.execute("SELECT 1") } }
    #expect(later.isConnectionLost)
    try await server.start()
    try await server.stop()
  }

  @Test("A session ended by an administrator says so")
  func terminated() async throws {
    let server = try await PrivatePostgres.shared()
    try await withConnection { connection in
      let call = Task { try await connection.write { try $0.execute("SELECT pg_sleep(20)") } }
      try await Task.sleep(for: .milliseconds(100))
      try await server.sql("SELECT pg_terminate_backend(\(connection.serverProcessID))")
      let error = try await failure { try await call.value }
      #expect(error.isConnectionLost && error.sqlState == "57P01" && error.isRetryable)
    }
  }

  @Test("A frozen server holds no call past its deadline")
  func frozen() async throws {
    let server = try await PrivatePostgres.start()
    let first = try await connect(server)
    let second = try await connect(server) { $0.statementTimeout = .milliseconds(300) }
    let third = try await connect(server)
    try server.freeze()
    let byDeadline = try await elapsed {
      let error = try await failure {
        try await first.write(timeout: .milliseconds(300)) { try $0.execute("SELECT 1") }
      }
      #expect(error.kind == .timeout && !error.isCommitUnknown)
    }
    #expect(byDeadline < .seconds(3), "\(byDeadline)")
    #expect(!first.isUsable)
    // Without a deadline of its own a call ends soon after statement_timeout would have ended it.
    let byStatement = try await elapsed {
      let error = try await failure { try await second.run { try $0.execute("SELECT 1") } }
      #expect(error.kind == .timeout && error.isCommitUnknown)
    }
    #expect(byStatement < .seconds(4), "\(byStatement)")
    let byCancellation = try await elapsed {
      let call = Task { try await third.write { try $0.execute("SELECT 1") } }
      try await Task.sleep(for: .milliseconds(100))
      call.cancel()
      let error = try await failure { try await call.value }
      #expect(error.kind == .cancelled)
    }
    #expect(byCancellation < .seconds(3), "\(byCancellation)")
    let connecting = try await elapsed {
      let error = try await failure { try await connect(server) { $0.connectTimeout = .milliseconds(300) } }
      #expect(error.kind == .connect && error.isRetryable)
    }
    #expect(connecting < .seconds(3), "\(connecting)")
    try server.thaw()
    let again = try await connect(server)
    expect(try await again.run { try $0.first("SELECT 1") { try $0.int(0) } }, is: 1)
    await again.close()
    try await server.stop()
  }

  @Test("A server frozen between statement and COMMIT leaves the outcome unknown")
  func frozenAtCommit() async throws {
    let server = try await PrivatePostgres.start()
    let connection = try await connect(server)
    let time = try await elapsed {
      let error = try await failure {
        try await connection.write(timeout: .milliseconds(400)) { tx in
          try tx.execute("SELECT 1")
          try server.freeze()
        }
      }
      #expect(error.kind == .timeout && error.isCommitUnknown && !error.isRetryable)
    }
    #expect(time < .seconds(3), "\(time)")
    try server.thaw()
    try await server.stop()
  }

  @Test(
    "A connection cut at COMMIT leaves the outcome unknown, whichever it was",
    arguments: [
      (FaultProxy.Fault.cutBefore("COMMIT\0"), 0), (.cutAfter("COMMIT\0"), 1), (.stall("COMMIT\0"), 0),
    ])
  func cutAtCommit(fault: FaultProxy.Fault, rows: Int) async throws {
    let server = try await PrivatePostgres.shared()
    try await withTable("id bigint") { table, direct in
      let proxy = try FaultProxy(to: server.port)
      defer { proxy.close() }
      let connection = try await connect(server, port: proxy.port)
      proxy.set(fault)
      let error = try await failure {
        try await connection.write(timeout: .seconds(1)) { try $0.execute("INSERT INTO \(sql: table) VALUES (1)") }
      }
      #expect(error.isCommitUnknown && !error.isRetryable)
      #expect(error.kind == (fault == .stall("COMMIT\0") ? .timeout : .connectionLost))
      #expect(!connection.isUsable)
      try await Task.sleep(for: .milliseconds(300))
      let found = try await direct.read { try $0.first("SELECT count(*) FROM \(sql: table)") { try $0.int(0) } }
      #expect(found == rows)
    }
  }

  @Test("A connection cut before COMMIT is lost and retryable")
  func cutBeforeCommit() async throws {
    let server = try await PrivatePostgres.shared()
    try await withTable("id bigint") { table, _ in
      let proxy = try FaultProxy(to: server.port)
      defer { proxy.close() }
      let connection = try await connect(server, port: proxy.port)
      proxy.set(.cutAfter("INSERT"))
      let error = try await failure {
        try await connection.write(timeout: .seconds(1)) { try $0.execute("INSERT INTO \(sql: table) VALUES (1)") }
      }
      #expect(error.kind == .connectionLost && !error.isCommitUnknown && error.isRetryable)
    }
  }

  @Test("Hosts are tried in turn, dead, frozen and reading ones among them")
  func severalHosts() async throws {
    let server = try await PrivatePostgres.start()
    let frozen = try await PrivatePostgres.start()
    try frozen.freeze()
    let dead = try FreePort.next()
    func conninfo(_ ports: [Int], _ attributes: String = "read-write") -> String {
      let hosts = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
      return "postgresql://postgres@\(hosts)/postgres?target_session_attrs=\(attributes)"
    }
    func port(_ conninfo: String) async throws -> Int? {
      var configuration = PostgresConfiguration(conninfo: conninfo, password: server.superuserPassword)
      configuration.connectTimeout = .seconds(2)
      let connection = try await PostgresConnection.connect(configuration)
      let port = try await connection.run { try $0.first("SELECT inet_server_port()") { try $0.int(0) } }
      await connection.close()
      return port
    }
    expect(try await port(conninfo([dead, server.port])), is: server.port)
    expect(try await port(conninfo([frozen.port, server.port])), is: server.port)
    let time = try await elapsed {
      let error = try await failure { try await port(conninfo([frozen.port, dead])) }
      #expect(error.kind == .connect && error.message.contains("\(frozen.port)") && error.message.contains("\(dead)"))
    }
    #expect(time < .seconds(5), "\(time)")
    try await server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    try await server.sql("SELECT pg_reload_conf()")
    try await Task.sleep(for: .milliseconds(200))
    let reading = try await failure { try await port(conninfo([server.port])) }
    #expect(reading.kind == .connect && reading.message.contains("read-only"))
    expect(try await port(conninfo([dead, server.port], "prefer-standby")), is: server.port)
    try frozen.thaw()
    try await frozen.stop()
    try await server.stop()
  }

  @Test("A refused login carries the server's SQLSTATE and is not retryable; too many connections is")
  func refusedLogin() async throws {
    let server = try await PrivatePostgres.shared()
    let wrong = try await failure { try await connect(server) { $0.password = "wrong" } }
    #expect(wrong.kind == .connect && wrong.sqlState == "28P01" && !wrong.isRetryable)
    #expect(wrong.message.contains("password authentication failed") && !wrong.message.contains("28P01"))
    let missing = try await failure { try await connect(server) { $0.conninfo += " dbname=nowhere" } }
    #expect(missing.sqlState == "3D000" && !missing.isRetryable)
    let role = "limited_\(UInt32.random(in: 0 ..< .max))"
    try await server.sql("CREATE ROLE \(role) LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
    let full = try await failure {
      try await connect(server) {
        $0.conninfo += " user=\(role)"
        $0.password = "x"
      }
    }
    #expect(full.sqlState == "53300" && full.isRetryable)
    try await server.sql("DROP ROLE \(role)")
  }

  @Test("A connection string that cannot be read is refused, without its password in the message")
  func badConnectionString() async throws {
    for text in [
      "postgresql://u:sesame@h/x?bogus=1", "postgres://u:sesame@[::1/x", "password=sesame nonsense=1", "a='",
    ] {
      let error = try await failure { try await PostgresConnection.connect(PostgresConfiguration(conninfo: text)) }
      #expect(error.kind == .usage && !error.isRetryable && !"\(error)".contains("sesame"), "\(error)")
    }
    let configuration = PostgresConfiguration(conninfo: "password=sesame", password: "sesame")
    #expect(!"\(configuration)".contains("sesame"))
    var dumped = ""
    dump(configuration, to: &dumped)
    #expect(!dumped.contains("sesame"))
  }

  @Test("A commit that no synchronous standby confirms is unknown")
  func withoutStandby() async throws {
    let server = try await PrivatePostgres.start(settings: [
      "synchronous_standby_names": "nobody", "synchronous_commit": "local",
    ])
    func connection() async throws -> PostgresConnection {
      try await connect(server) { $0.statementTimeout = .milliseconds(300) }
    }
    try await connection().run { try $0.execute("CREATE TABLE thing (id bigint)") }
    // The server waits for a standby for ever, and the client gives up.
    let error = try await failure {
      try await connection().write { tx in
        try tx.execute("SET LOCAL synchronous_commit = on")
        try tx.execute("INSERT INTO thing VALUES (1)")
      }
    }
    #expect(error.isCommitUnknown && error.kind == .timeout && !error.isRetryable)
    // A cancelled wait is a success to the server, with a warning: not to us.
    let warned = try await failure {
      try await connection().run { tx in
        try tx.execute("SET synchronous_commit = on")
        try tx.execute("INSERT INTO thing VALUES (2)")
      }
    }
    #expect(warned.isCommitUnknown && warned.kind == .server && !warned.isRetryable)
    expect(
      try await connection().read { try $0.first("SELECT count(*) FROM thing WHERE id = 2") { try $0.int(0) } }, is: 1)
    try await server.stop()
  }

  @Test("A closed connection refuses, and its thread ends")
  func closing() async throws {
    func threads() throws -> Int {
      try TextFile.read("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("Threads:") }
        .flatMap { Int($0.dropFirst(8).trimmingPrefix(while: \.isWhitespace)) } ?? 0
    }
    try await withConnection { connection in
      await connection.close()
      let error = try await failure { try await connection.run { try $0.execute("SELECT 1") } }
      #expect(error.kind == .closed)
    }
    // Other tests open and close connections at the same time; 200 threads of ours would show all the same.
    let before = try threads()
    for round in 0..<200 {
      let connection = try await PostgresConnection.connect(sharedConfiguration())
      if round % 2 == 0 { await connection.close() }
    }
    try await Task.sleep(for: .milliseconds(200))
    #expect(try threads() < before + 100)
  }
}
