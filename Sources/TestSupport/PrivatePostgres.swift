package import Glibc

/// A PostgreSQL 15 of the tests' own: loopback and a Unix socket only, passwords on both, its data in a folder that is
/// removed with it. Starting and stopping is `.scripts/postgres`, the same as for the demo.
package struct PrivatePostgres: Sendable {
  /// How to reach the server.
  package enum Route: Sendable {
    case socket
    case loopback
  }

  /// Its folder.
  package let folder: String
  /// Its TCP port on 127.0.0.1; also part of its socket's name.
  package let port: Int
  /// The password of the superuser `postgres`.
  package let superuserPassword: String

  /// The folder of its Unix socket, as libpq's `host` takes it.
  package var socketFolder: String { "\(folder)/s" }

  /// The server that all tests share: the one that `make test` started (`GKM_TEST_PG` names its folder), else one that
  /// is started when the first test asks and stopped when the tests end. It has fsync off and 400 connections.
  package static func shared() async throws -> PrivatePostgres { try await SharedServers.instance.postgres() }

  /// Starts a server for one test alone: to kill it, to freeze it, to configure it. It is stopped with the run at the
  /// latest.
  ///
  /// - Parameter settings: added to its configuration; fsync is on unless said otherwise.
  package static func start(settings: [String: String] = [:]) async throws -> PrivatePostgres {
    let run = try TestRun.shared.get()
    let folder = run.path("pg")
    run.atEnd("postgres \(folder)")
    try await TestRun.script("postgres", ["create", folder] + settings.map { "\($0.key)=\($0.value)" })
    try await TestRun.script("postgres", ["start", folder])
    return try PrivatePostgres(folder: folder)
  }

  /// Starts a second server that follows `primary` and answers questions; `promote` makes it the first.
  package static func standby(of primary: PrivatePostgres) async throws -> PrivatePostgres {
    let run = try TestRun.shared.get()
    let folder = run.path("pg")
    run.atEnd("postgres \(folder)")
    try await TestRun.script("postgres", ["standby", folder, primary.folder])
    try await TestRun.script("postgres", ["start", folder])
    return try PrivatePostgres(folder: folder)
  }

  /// Ends the following: from now on it takes writes. It waits until that is so.
  package func promote() async throws { try await sql("SELECT pg_promote(true, 30);") }

  init(folder: String) throws(TestSupportError) {
    self.folder = folder
    let text = try TextFile.read("\(folder)/port").split(separator: "\n").first ?? ""
    guard let port = Int(text) else { throw TestSupportError("no port in \(folder)/port") }
    self.port = port
    superuserPassword = try TextFile.read("\(folder)/password")
  }

  /// A libpq keyword string.
  package func conninfo(
    user: String = "postgres", password: String? = nil, database: String = "postgres", over route: Route = .socket
  ) -> String {
    let host = route == .socket ? socketFolder : "127.0.0.1"
    let secret = password ?? (user == "postgres" ? superuserPassword : nil)
    return "host=\(host) port=\(port) user=\(user) dbname=\(database)" + (secret.map { " password=\($0)" } ?? "")
  }

  /// Runs SQL as the superuser through psql, and returns its rows unaligned: one per line, columns parted by `|`.
  @discardableResult
  package func sql(_ text: String, database: String = "postgres") async throws -> String {
    let result = try await ChildProcess.run(
      "/usr/bin/psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", conninfo(database: database)],
      input: text)
    guard result.succeeded else { throw TestSupportError("psql: \(result.errors)") }
    return result.output.split(separator: "\n").joined(separator: "\n")
  }

  /// Stops it, and waits: at once (`immediate`, recovery on the next start) or after rolling back what runs.
  package func stop(immediate: Bool = false) async throws {
    try await TestRun.script("postgres", ["stop", folder, immediate ? "immediate" : "fast"])
  }

  /// Starts it again on the same port after `stop` or `kill`; ready when this returns.
  package func start() async throws {
    try await TestRun.script("postgres", ["start", folder])
  }

  /// SIGKILL to the server and all its processes, as a power cut would leave the data. It is gone when this returns.
  package func kill() throws {
    let all = try processes()
    for pid in all { Glibc.kill(pid, SIGKILL) }
    ServerIdentity.awaitEnd(folder)
  }

  /// Freezes the server and all its processes: connections stay open and nothing answers.
  package func freeze() throws {
    for pid in try processes() { Glibc.kill(pid, SIGSTOP) }
  }

  /// Ends a freeze.
  package func thaw() throws {
    for pid in try processes().reversed() { Glibc.kill(pid, SIGCONT) }
  }

  /// The server's process first, then those of its sessions and helpers.
  package func processes() throws(TestSupportError) -> [pid_t] {
    let server = try ServerIdentity.read(folder)
    return [server] + ProcessTable.children(of: server)
  }
}

/// Who runs in a server's folder.
enum ServerIdentity {
  /// Returns when the process that FOLDER/pid names has ended, within a few seconds of its SIGKILL.
  static func awaitEnd(_ folder: String) {
    for _ in 0..<500 {
      guard (try? read(folder)) != nil else { return }
      usleep(10_000)
    }
  }

  /// The process that FOLDER/pid names, if it is still that process.
  static func read(_ folder: String) throws(TestSupportError) -> pid_t {
    let words = try TextFile.read("\(folder)/pid").split { $0 == " " || $0 == "\n" }
    guard words.count == 2, let pid = pid_t(words[0]), ProcessTable.birth(of: pid) == String(words[1]) else {
      throw TestSupportError("the server of \(folder) does not run")
    }
    return pid
  }
}

/// The servers that all tests of this process share, each started when first asked for.
actor SharedServers {
  static let instance = SharedServers()

  private var postgresStart: Task<PrivatePostgres, any Error>?
  private var redisStart: Task<PrivateRedis, any Error>?

  func postgres() async throws -> PrivatePostgres {
    if let postgresStart { return try await postgresStart.value }
    let start = Task {
      if let folder = Environment.value("GKM_TEST_PG") { return try PrivatePostgres(folder: folder) }
      return try await PrivatePostgres.start(settings: [
        "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "400",
      ])
    }
    postgresStart = start
    return try await start.value
  }

  func redis() async throws -> PrivateRedis {
    if let redisStart { return try await redisStart.value }
    let start = Task { try await PrivateRedis.start() }
    redisStart = start
    return try await start.value
  }
}
