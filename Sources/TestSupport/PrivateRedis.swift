import Glibc

/// A Redis of the tests' own, with the users of production: `admin`, `daemon`, `staff`, and nobody else.
package struct PrivateRedis: Sendable {
  /// A user of its access list.
  package enum User: String, Sendable {
    case admin
    case daemon
    case staff
  }

  /// Its folder.
  package let folder: String
  /// Its TCP port on 127.0.0.1.
  package let port: Int

  /// Its Unix socket.
  package var socket: String { "\(folder)/redis.sock" }

  /// The server that tests share which need no Redis of their own. Its keys are everybody's: use unique names, and no
  /// FLUSHALL.
  package static func shared() async throws -> PrivateRedis { try await SharedServers.instance.redis() }

  /// Starts one for a single test: a few milliseconds.
  package static func start() async throws -> PrivateRedis {
    let run = try TestRun.shared.get()
    let folder = run.path("redis")
    run.atEnd("redis \(folder)")
    try await TestRun.script("redis", ["create", folder])
    try await TestRun.script("redis", ["start", folder])
    return try PrivateRedis(folder: folder)
  }

  private init(folder: String) throws(TestSupportError) {
    self.folder = folder
    let text = try TextFile.read("\(folder)/port").split(separator: "\n").first ?? ""
    guard let port = Int(text) else { throw TestSupportError("no port in \(folder)/port") }
    self.port = port
  }

  /// That user's password.
  package func password(_ user: User) throws(TestSupportError) -> String {
    try TextFile.read("\(folder)/\(user.rawValue).password")
  }

  /// The URL that user connects with.
  package func url(_ user: User) throws(TestSupportError) -> String {
    "redis://\(user.rawValue):\(try password(user))@127.0.0.1:\(port)/0"
  }

  /// Runs one command as the administrator through redis-cli, and returns what it prints.
  @discardableResult
  package func command(_ words: String...) async throws -> String {
    try await TestRun.script("redis", ["cli", folder] + words)
  }

  /// Stops it; what it held is gone.
  package func stop() async throws { try await TestRun.script("redis", ["stop", folder]) }

  /// Starts it again, empty, on the same port.
  package func start() async throws { try await TestRun.script("redis", ["start", folder]) }

  /// SIGKILL.
  package func kill() throws {
    Glibc.kill(try ServerIdentity.read(folder), SIGKILL)
    ServerIdentity.awaitEnd(folder)
  }

  /// Freezes it: connections stay open and nothing answers.
  package func freeze() throws { Glibc.kill(try ServerIdentity.read(folder), SIGSTOP) }

  /// Ends a freeze.
  package func thaw() throws { Glibc.kill(try ServerIdentity.read(folder), SIGCONT) }
}
