import Glibc
import Market
import Postgres
import Store
import Stripe
import TestSupport
import Testing

/// Secrets that a whole run uses, and everything that it leaves behind: none of them stands in any of it.
@Suite("Canaries", .serialized) struct CanaryLongTests {
  @Test("No secret is left behind in any spelling: logs, Redis, database, its log, processes, cores, homes, files")
  func nothingLeft() async throws {
    // A server that writes down every statement with its values: what passes through it is in its log, then.
    let database = try await PrivatePostgres.start(settings: ["fsync": "off", "log_statement": "all"])
    let redis = try await PrivateRedis.start()
    try await Workbench.with(keys: 0, on: database) { bench in
      var run = try await CanaryRun.start(bench, database, redis)
      try await run.live()
      try await run.gather()
      try await search(run)
      try await redis.stop()
    }
    try await database.stop()
  }

  private func search(_ run: CanaryRun) async throws {
    let controls = run.controls
    let words = (run.canaries + controls).flatMap { $0.spellings.map(\.words) }
    let found = try await CanarySearch.find(Array(Set(words)), in: run.leftBehind)
    for control in controls {
      for spelling in control.spellings {
        let files = found[spelling.words] ?? []
        for (what, part) in run.plantedIn {
          #expect(
            files.contains { $0.contains(part) }, "\(control.name), \(spelling.way), is found in \(what): \(files)")
        }
      }
    }
    for canary in run.canaries {
      for spelling in canary.spellings {
        let files = (found[spelling.words] ?? []).filter { file in !canary.home.contains { file.contains($0) } }
        #expect(files == [], "\(canary.name), \(spelling.way)")
      }
    }
    // What is searched is what was written.
    let logs = try await CanarySearch.find(["\"level\":", "api.person_add"], in: run.leftBehind)
    for file in [run.daemon.standardError, run.sealer.standardError] {
      #expect(logs["\"level\":"]?.contains(file) == true, "a program writes its log there: \(file)")
    }
    #expect(logs["api.person_add"]?.contains { $0.contains("/log") } == true, "the server writes down its statements")
  }

  @Test("A program that holds secrets leaves no core, whatever the limits; another does")
  func cores() async throws {
    let script = """
      import os, resource, signal, sys, tempfile, time
      folder = tempfile.mkdtemp()
      os.chdir(folder)
      resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
      for program in [["sleep", "60"], [sys.argv[1], "serve"], [sys.argv[1], "keys", "verify"],
                      [sys.argv[2], "reveal", "1", "--reason", "so it is"]]:
          null = os.open("/dev/null", os.O_RDWR)
          child = os.fork()
          if child == 0:
              for number in (0, 1, 2): os.dup2(null, number)
              os.execvp(program[0], program)
          time.sleep(1.5)
          os.kill(child, signal.SIGABRT)
          status = os.waitpid(child, 0)[1]
          print(os.path.basename(program[0]), os.WIFSIGNALED(status), os.WCOREDUMP(status))
      for name in os.listdir(folder): os.unlink(name)
      os.rmdir(folder)
      """
    // Both wait: the daemon for a database, the console for one too, at an address where nobody answers.
    let listening = try ChildProcess("/usr/bin/python3", ["-c", Self.silence])
    var port = ""
    for _ in 0..<100 where port.isEmpty {
      try await Task.sleep(for: .milliseconds(50))
      port = (try? listening.output())?.split(separator: "\n").first.map(String.init) ?? ""
    }
    let conninfo = "host=127.0.0.1 port=\(port) user=x dbname=x password=x"
    let result = try await ChildProcess.run(
      "/usr/bin/python3", ["-c", script, try TestRun.program("gkmd"), try TestRun.program("gkm")],
      environment: [
        "GKM_DATABASE_URL": conninfo, "REDIS_URL": "redis://127.0.0.1:9", "SMTP_URL": "smtp://127.0.0.1:9",
        "STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "GKM_MASTER_KEY": String(repeating: "07", count: 32), "GKM_LISTEN": "127.0.0.1:\(try FreePort.next())",
        "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())", "PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "x",
        "PGDATABASE": "x", "PGPASSWORD": "x", "SWIFT_BACKTRACE": "enable=no",
      ])
    try await listening.end()
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines == ["sleep True True", "gkmd True False", "gkmd True False", "gkm True False"], "\(result.errors)")
  }

  /// A server that takes connections and says nothing.
  private static let silence = """
    import socket, time
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    kept = []
    while True: kept.append(server.accept())
    """
}
