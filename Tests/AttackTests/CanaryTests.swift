import Glibc
import Market
import Postgres
import Store
import Stripe
import TestSupport
import Testing

/// Secrets that a whole run uses, and everything that it leaves behind: none of them stands in any of it.
@Suite("Canaries", .serialized) struct CanaryLongTests {
  private static let key = "CANRY-\(random(5))-\(random(5))-QXQXQ"
  private static let smtpPassword = "canary-smtp-\(random(12))"
  private static let apiKey = "sk_test_canary\(random(16))"
  private static let webhookSecret = "whsec_canary\(random(16))"
  /// What is planted where it has to be found, so that the search is known to search.
  private static let control = "PLANTED-\(random(16))"

  private static func random(_ count: Int) -> String {
    String((0..<count).map { _ in "ABCDEFGHJKMNPQRSTUVWXYZ23456789".randomElement() ?? "X" })
  }

  /// Everything of one run, in folders of its own.
  private struct Place {
    let folder: String
    let credentials: String
    let home: String
    let database: PrivatePostgres
    let redis: PrivateRedis
    let bench: Workbench
  }

  @Test("No key, token, master key or password is left behind: logs, Redis, database, its log, processes, cores, homes")
  func nothingLeft() async throws {
    // A server that writes down every statement with its values: what passes through it is in its log, then.
    let database = try await PrivatePostgres.start(settings: ["fsync": "off", "log_statement": "all"])
    let redis = try await PrivateRedis.start()
    try await Workbench.with(keys: 0, on: database) { bench in
      let folder = try TestRun.shared.get().path("canary")
      let place = Place(
        folder: folder, credentials: "\(folder)-secrets", home: "\(folder)/home", database: database, redis: redis,
        bench: bench)
      for path in [folder, place.credentials, place.home] { try #require(mkdir(path, 0o700) == 0) }
      let daemon = try await start(place)
      let token = try await live(place, daemon)
      let secrets = Self.spellings(token: token, redis: try redis.password(.daemon))
      try await gather(place, daemon)
      try await search(place, daemon, secrets)
      try await redis.stop()
    }
    try await database.stop()
  }

  private func start(_ place: Place) async throws -> (process: ChildProcess, port: Int) {
    let (port, mail) = (try FreePort.next(), try await PrivateMail.start())
    for (name, value) in [
      ("master_key", String(repeating: "07", count: 32)), ("stripe_api_key", Self.apiKey),
      ("stripe_webhook_secret", Self.webhookSecret), ("redis_url", try place.redis.url(.daemon)),
      ("smtp_url", "smtp://gkm:\(Self.smtpPassword)@127.0.0.1:\(mail.port)?starttls=none"),
      ("database_password", MarketDatabase.programPassword),
    ] { try TextFile.write(value, to: "\(place.credentials)/\(name)") }
    // Cores are let, and land in the folder: what keeps them away is the program.
    let process = try ChildProcess(
      "/bin/bash",
      ["-c", "cd '\(place.folder)' && ulimit -c unlimited && exec '\(try TestRun.program("gkmd"))' serve"],
      environment: [
        "CREDENTIALS_DIRECTORY": place.credentials,
        "GKM_DATABASE_URL": place.bench.market.database.conninfo(user: "gkm_daemon"),
        "STRIPE_API_BASE": "http://127.0.0.1:9", "GKM_LISTEN": "127.0.0.1:\(port)",
        "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())", "GKM_PUBLIC_URL": "https://shop.example",
        "GKM_LOG_LEVEL": "trace", "SWIFT_BACKTRACE": nil,
      ])
    for attempt in 0..<600 {
      if try await ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", port)?.status == 200 { break }
      try #require(attempt < 599 && process.isRunning, "\(process.tail())")
      try await Task.sleep(for: .milliseconds(50))
    }
    return (process, port)
  }

  private func ask(_ request: String, _ port: Int) async throws -> RawAnswer? {
    guard let connection = try? RawConnection(port: port) else { return nil }
    try await connection.send(Array(request.utf8))
    try await connection.receive(within: .seconds(5)) { !RawAnswer.parse($0, isEnded: false).answers.isEmpty }
    return RawAnswer.parse(connection.received, isEnded: connection.isEnded).answers.first
  }

  /// A key comes in, is sold, mailed as far as the mail server lets it, looked at by its buyer, by operations, and looked
  /// for. Answers the order's token.
  private func live(_ place: Place, _ daemon: (process: ChildProcess, port: Int)) async throws -> String {
    let bench = place.bench
    let vendor = try await bench.market.person(.vendor, vendor: VendorID(1), named: "v1")
    let ops = try await bench.market.person(.ops)
    let file = "\(place.credentials)/keys.csv"
    try TextFile.write("key\n\(Self.key)\n", to: file)
    let environment: [String: String?] = [
      "HOME": place.home, "XDG_CONFIG_HOME": nil, "XDG_STATE_HOME": nil, "PGSERVICE": nil, "REDIS_URL": nil,
    ]
    let gkm = try TestRun.program("gkm")
    let imported = try await ChildProcess.run(
      gkm, ["stock", "import", file, "--listing", "1", "-d", vendor.conninfo], environment: environment)
    #expect(imported.succeeded, "\(imported.output)\(imported.errors)")

    let order = try #require(try await bench.open(1).first)
    try await bench.apply(Story(order: order).completed(), Story(order: order).succeeded())
    let token = bench.vault.token(order: order.id, generation: 1).text
    let shown = try await ask(
      "POST /o/\(token)/reveal HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", daemon.port)
    #expect(shown?.text.contains(Self.key) == true, "the buyer sees it: \(shown?.text.prefix(300) ?? "nothing")")
    _ = try await ask(
      "GET /v1/orders/\(order.number) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n", daemon.port)
    let signature = SignatureSigner(secret: Self.webhookSecret).header(
      body: Array(HTTPAttacks.event.utf8), timestamp: Int64(time(nil)))
    let told = try await ask(
      "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: \(signature)\r\n"
        + "Content-Length: \(HTTPAttacks.event.utf8.count)\r\n\r\n\(HTTPAttacks.event)", daemon.port)
    #expect(told?.status == 200)

    let unit = try await bench.sql("SELECT min(id) FROM gkm.stock_unit;")
    let terminal = try PseudoTerminal(
      gkm, ["reveal", unit, "--reason", "the customer sent a photograph", "--dbname", ops.conninfo],
      environment: environment)
    try await terminal.sees(Self.key, within: .seconds(20))
    terminal.type("\u{3}")
    _ = try await terminal.ended()
    let found = try await ChildProcess.run(
      gkm, ["find", "--key", "-", "--json", "-d", ops.conninfo], environment: environment, input: Self.key + "\n")
    #expect(found.output.contains(order.number), "\(found.output)\(found.errors)")
    let console = try PseudoTerminal(gkm, ["-d", ops.conninfo], environment: environment)
    try await console.sees("GK-", within: .seconds(20))
    console.type("q")
    _ = try await console.ended()

    // The mail server wants no password and is told none: what is left of the attempt is in the delivery.
    for _ in 0..<200 where try await bench.sql("SELECT count(*) FROM gkm.delivery_attempt;") == "0" {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await bench.sql("SELECT count(*) FROM gkm.delivery_attempt;") != "0", "a delivery was tried")
    return token
  }

  /// Writes down what is only in memory, and ends the daemon as a crash would.
  private func gather(_ place: Place, _ daemon: (process: ChildProcess, port: Int)) async throws {
    try await place.bench.sql("CREATE TABLE public.planted AS SELECT '\(Self.control)' AS word; CHECKPOINT;")
    try await place.redis.command("SET", "planted", Self.control)
    for name in ["cmdline", "environ", "status"] {
      try TextFile.write(
        try TextFile.read("/proc/\(daemon.process.pid)/\(name)").replacing("\0", with: "\n"),
        to: "\(place.folder)/proc-\(name)")
    }
    try await place.redis.command("CONFIG", "SET", "appendonly", "yes")
    try await place.redis.command("SAVE")
    let dump = try await ChildProcess.run(
      "pg_dump", ["--inserts", "-f", "\(place.folder)/dump.sql", place.bench.market.superuser.conninfo],
      within: .seconds(120))
    #expect(dump.succeeded, "\(dump.errors)")
    daemon.process.signal(SIGABRT)
    let ending = try await daemon.process.ended()
    #expect(ending == .killed(signal: SIGABRT))
    // Nor does the log show what the registers pointed to.
    let log = try daemon.process.output() + daemon.process.errors()
    #expect(!log.contains("rax 0x") && !log.contains("Registers:"))
    let list = try await ChildProcess.run("ls", ["-A", place.folder])
    #expect(!list.output.split(separator: "\n").contains { $0.hasPrefix("core") }, "\(list.output)")
  }

  private func search(
    _ place: Place, _ daemon: (process: ChildProcess, port: Int), _ secrets: [(name: String, words: String)]
  ) async throws {
    let files = [
      place.folder, "\(place.database.folder)/data", "\(place.database.folder)/log", "\(place.redis.folder)/log",
      "\(place.redis.folder)/data", daemon.process.standardOutput, daemon.process.standardError,
    ]
    func find(_ words: String) async throws -> [String] {
      let found = try await ChildProcess.run("grep", ["-raFl", "-e", words] + files, within: .seconds(120))
      return found.output.split(separator: "\n").map(String.init)
    }
    let planted = try await find(Self.control)
    for (what, part) in [
      ("the dump", "dump.sql"), ("the write-ahead log", "pg_wal"), ("the tables", "/base/"),
      ("Redis' dump", ".rdb"), ("the database's log", "/log"),
    ] { #expect(planted.contains { $0.contains(part) }, "what is planted is found in \(what): \(planted)") }
    #expect(planted.contains { $0.contains("appendonly") || $0.contains(".aof") }, "\(planted)")
    #expect(try await find("\"level\":").contains(daemon.process.standardError), "the daemon writes its log there")
    for secret in secrets {
      let found = try await find(secret.words)
      #expect(found == [], "\(secret.name)")
    }
  }

  /// Each secret in every way in which it could have been written.
  private static func spellings(token: String, redis: String) -> [(name: String, words: String)] {
    let bytes = Array(key.utf8)
    return [
      ("the key", key), ("the key without its dashes", key.replacing("-", with: "")),
      ("the key in hexadecimal", Hex.encode(bytes)), ("the key in lower case", key.lowercased()),
      ("the order's token", token), ("the master key", String(repeating: "07", count: 32)),
      ("the mail server's password", smtpPassword), ("Stripe's key", apiKey), ("the webhook's secret", webhookSecret),
      ("the daemon's password in Redis", redis),
    ]
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
