import Foundation
import Glibc
import Hummingbird
import Market
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

@testable import Daemon

/// `gkmd seal` as a process of its own.
@Suite("gkmd seal") struct SealProcessTests {
  /// A folder with a key, and how the sealer is started with it.
  struct Bench: Sendable {
    let sealed: SealedMarket
    let folder: String
    let key: NoteVerifier

    var stateFile: String { "\(folder)/head" }

    static func with(_ body: @Sendable (Bench) async throws -> Void) async throws {
      try await SealedMarket.with { sealed in
        let folder = try TestRun.shared.get().path("seal")
        try FileManager.default.createDirectory(atPath: "\(folder)/out", withIntermediateDirectories: true)
        let made = try await ChildProcess.run(
          try TestRun.program("gkmd"), ["seal", "keygen", "\(folder)/key", "--name", "shop.example/sealer"])
        #expect(made.succeeded, "\(made.errors)")
        let key = try NoteVerifier(String(made.output.dropLast()))
        #expect(try TextFile.read("\(folder)/key.pub") == made.output)
        try await body(Bench(sealed: sealed, folder: folder, key: key))
      }
    }

    func start(_ arguments: [String] = [], environment: [String: String?] = [:]) throws -> ChildProcess {
      try ChildProcess(
        try TestRun.program("gkmd"), ["seal", "run"] + arguments,
        environment: [
          "GKM_DATABASE_URL": sealed.market.sealer.conninfo, "GKM_SEAL_KEY_FILE": "\(folder)/key",
          "GKM_SEAL_STATE": stateFile, "GKM_SEAL_ORIGIN": SealedMarket.origin, "GKM_SEAL_INTERVAL": "20ms",
          "GKM_SEAL_PUBLISH": "\(folder)/out", "GKM_SEAL_PUBLISH_INTERVAL": "0s",
          "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())",
        ].merging(environment) { $1 })
    }

    /// Waits until so many events are sealed and the last head is kept outside.
    func sealed(_ count: Int, by process: ChildProcess) async throws {
      try await sealed.eventually {
        guard process.isRunning else { throw TestSupportError("the sealer ended: \(process.tail())") }
        return try SealState(path: stateFile).read()?.size == count
      }
    }

    func check() async throws -> LogCheck.Report {
      var check = LogCheck()
      check.keys = [key]
      check.outside = try SignedHead.list(try TextFile.read("\(folder)/out/heads"))
      let auditor = try await PostgresConnection.connect(sealed.market.superuser)
      let report = try await check.run(auditor)
      await auditor.close()
      return report
    }
  }

  @Test("seals what is written, keeps its head, sends heads away, and ends cleanly")
  func seals() async throws {
    try await Bench.with { bench in
      try await bench.sealed.write(30)
      let process = try bench.start()
      try await bench.sealed(30, by: process)
      try await bench.sealed.write(12)
      try await bench.sealed(42, by: process)
      try await bench.sealed.eventually { try await bench.published() == 42 }
      #expect(try await process.end() == .exited(0), "\(process.tail())")
      let kept = try #require(try SealState(path: bench.stateFile).read())
      #expect(kept.note.signer(among: [bench.key]) == bench.key && kept.checkpoint.origin == SealedMarket.origin)
      for secret in ["key", "head"] {
        let mode = try FileManager.default.attributesOfItem(atPath: "\(bench.folder)/\(secret)")[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600, "\(secret)")
      }
      let report = try await bench.check()
      #expect(report.findings == [] && report.leaves == 0..<42)
      #expect(!(try process.errors()).contains("PRIVATE"))
    }
  }

  @Test("two at once: one works; killed at any moment, the other goes on and the log is whole")
  func twoSealers() async throws {
    try await Bench.with { bench in
      try await bench.sealed.write(5)
      var working = try bench.start()
      try await bench.sealed(5, by: working)
      var total = 5
      for _ in 0..<4 {
        let waiting = try bench.start()
        try await bench.sealed.eventually { try waiting.errors().contains("another sealer is at work") }
        for _ in 0..<6 {
          try await bench.sealed.write(3)
          total += 3
        }
        try await working.end(SIGKILL)
        working = waiting
        try await bench.sealed(total, by: working)
      }
      #expect(try await working.end() == .exited(0))
      let report = try await bench.check()
      #expect(report.findings == [] && report.leaves == 0..<total)
    }
  }

  @Test("killed between the commit of the very first head and keeping it, it goes on")
  func firstHead() async throws {
    try await Bench.with { bench in
      let first = try bench.start()
      try await bench.sealed(0, by: first)
      try await first.end(SIGKILL)
      try await bench.sealed.write(3)
      // What a sealer commits that is killed right then.
      var same = bench.sealed
      same.signer = try NoteSigner(try TextFile.read("\(bench.folder)/key"))
      try await same.sealAll()
      try await bench.sealed.write(2)
      let second = try bench.start()
      try await bench.sealed(5, by: second)
      #expect(try await second.end() == .exited(0))
      #expect(try await bench.check().findings == [])
    }
  }

  @Test("a log cut short is not signed: it says so, exits with 76, and goes on once an admin gave the head up")
  func cutShort() async throws {
    try await Bench.with { bench in
      try await bench.sealed.write(10)
      var process = try bench.start()
      try await bench.sealed(10, by: process)
      // What a backup from here brings back.
      try await process.end()
      process = try bench.start()
      try await bench.sealed.write(5)
      try await bench.sealed(15, by: process)
      try await process.end()
      try await bench.sealed.tamper(
        """
        DELETE FROM gkm.audit_event e USING gkm.audit_leaf l WHERE l.event_id = e.id AND l.leaf_index >= 10;
        DELETE FROM gkm.audit_leaf WHERE leaf_index >= 10;
        DELETE FROM gkm.audit_head WHERE tree_size > 10;
        """)
      let refused = try bench.start()
      #expect(try await refused.ended() == .exited(76))
      let said = try refused.errors()
      let command = try #require(said.firstMatch(of: /--lost-head (15:[0-9a-f]{64})/))
      #expect(try SealState(path: bench.stateFile).read()?.size == 15)

      let admin = try await PostgresConnection.connect(try await bench.sealed.market.person(.admin))
      let parts = command.1.split(separator: ":")
      let root = try #require(Hex.decode(parts[1]).flatMap { MerkleHash($0) })
      try await admin.write {
        try SealResumption.resume($0, lostSize: 15, lostRoot: root, reason: "restored last night's backup")
      }
      await admin.close()
      process = try bench.start()
      // The person, the resumption: two events more.
      try await bench.sealed(12, by: process)
      try await process.end()
      let report = try await bench.check()
      #expect(report.findings.contains { $0.kind == .truncated })
      #expect(report.resumptions.map(\.lostSize) == [15])
    }
  }

  @Test("a log that was changed, another key, or no kept head: nothing is signed", arguments: ["tree", "key", "state"])
  func refuses(_ what: String) async throws {
    try await Bench.with { bench in
      try await bench.sealed.write(10)
      let process = try bench.start()
      try await bench.sealed(10, by: process)
      try await process.end()
      var environment: [String: String?] = [:]
      switch what {
      case "tree": try await bench.sealed.tamper("UPDATE gkm.audit_leaf SET hash = sha256('x') WHERE leaf_index = 3;")
      case "key":
        let other = try await ChildProcess.run(
          try TestRun.program("gkmd"), ["seal", "keygen", "\(bench.folder)/other", "--name", "shop.example/sealer"])
        #expect(other.succeeded)
        environment["GKM_SEAL_KEY_FILE"] = "\(bench.folder)/other"
      default: unlink(bench.stateFile)
      }
      try await bench.sealed.write(1)
      let refused = try bench.start(environment: environment)
      #expect(try await refused.ended() == .exited(76), "\(refused.tail())")
      #expect(try await bench.sealed.sql("SELECT max(tree_size) FROM gkm.audit_head;") == "10")
      guard what != "tree" else { return }
      let adopted = try bench.start(["--adopt"], environment: environment)
      try await bench.sealed(11, by: adopted)
      try await adopted.end()
    }
  }

  @Test("heads go by POST with the token, and by mail; a receiver that fails gets the head again")
  func remoteWays() async throws {
    let received = Mutex<[(String?, String)]>([])
    let router = Router()
    router.post("/heads") { request, _ in
      let body = String(buffer: try await request.body.collect(upTo: 1 << 20))
      let count = received.withLock { list in
        list.append((request.headers[.authorization], body))
        return list.count
      }
      return count == 1 ? HTTPResponse.Status.internalServerError : .noContent
    }
    let port = try FreePort.next()
    let server = Application(
      router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)))
    let serving = Task { try await server.runService(gracefulShutdownSignals: []) }
    defer { serving.cancel() }
    let mail = try await PrivateMail.start()
    try await Bench.with { bench in
      try TextFile.write("let-me-in\n", to: "\(bench.folder)/token")
      try TextFile.write(
        """
        [seal]
        publish_token_file = "\(bench.folder)/token"
        """, to: "\(bench.folder)/gkmd.toml")
      let process = try bench.start(
        ["-f", "\(bench.folder)/gkmd.toml"],
        environment: [
          "GKM_SEAL_PUBLISH_URL": "http://127.0.0.1:\(port)/heads", "GKM_SEAL_DIGEST_TO": "auditor@example.org",
          "SMTP_URL": mail.url,
        ])
      try await bench.sealed.write(4)
      try await bench.sealed(4, by: process)
      try await bench.sealed.eventually { received.withLock { $0.count } >= 2 }
      let message = try #require(try await mail.messages(atLeast: 1).first)
      try await process.end()
      let posts = received.withLock { $0 }
      #expect(posts.allSatisfy { $0.0 == "Bearer let-me-in" })
      let head = try SignedHead(parsing: try #require(posts.last).1)
      #expect(head.note.signer(among: [bench.key]) != nil)
      #expect(message.contains("Subject: Audit log: head of 4 events"))
      #expect(message.contains("Delivered-To: auditor@example.org"))
    }
    try await mail.stop()
  }

  @Test("without a key, or with one that is none, it says so before it connects")
  func noKey() async throws {
    for (file, wanted) in [("/nonexistent/key", "seal.key"), ("/etc/hostname", "signing key")] {
      let result = try await ChildProcess.run(
        try TestRun.program("gkmd"), ["seal"],
        environment: ["GKM_SEAL_KEY_FILE": file, "GKM_DATABASE_URL": "host=/nonexistent"])
      #expect(result.ending == .exited(78) && result.errors.contains(wanted), "\(result.errors)")
    }
  }
}

extension SealProcessTests.Bench {
  /// The size of the newest head in the folder outside.
  func published() async throws -> Int? {
    guard let text = try? TextFile.read("\(folder)/out/latest") else { return nil }
    return try SignedHead(parsing: text).size
  }
}
