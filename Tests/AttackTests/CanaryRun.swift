import Crypto
import Glibc
import Postgres
import Redis
import Store
import Stripe
import TestSupport
import Testing

@testable import Market

/// A whole run with secrets of its own, in folders of its own: a daemon and a sealer as they are run, and people who
/// import, sell, look at keys, let people in, break the glass and take webhooks on.
struct CanaryRun: Sendable {
  let bench: Workbench
  let database: PrivatePostgres
  let redis: PrivateRedis
  let folder: String
  let credentials: String
  let daemon: ChildProcess
  let sealer: ChildProcess
  let port: Int
  private(set) var canaries: [Canary]
  private(set) var controls: [Canary] = []
  /// A process that holds what is planted in its words and its environment.
  private var holder: ChildProcess?

  private static let key = "CANRY-\(random(5))-\(random(5))-QXQXQ"
  private static let smtpPassword = "canary-smtp-\(random(12))"
  private static let apiKey = "sk_test_canary\(random(16))"
  private static let webhookSecret = "whsec_canary\(random(16))"
  private static let typedPassword = "canary typed \(random(12))"

  private static func random(_ count: Int) -> String {
    String((0..<count).map { _ in "ABCDEFGHJKMNPQRSTUVWXYZ23456789".randomElement() ?? "X" })
  }

  private var home: String { "\(folder)/home" }
  /// What the programs are given for files of the moment.
  private var temporary: String { "\(folder)/tmp" }

  static func start(_ bench: Workbench, _ database: PrivatePostgres, _ redis: PrivateRedis) async throws -> CanaryRun {
    let folder = try TestRun.shared.get().path("canary")
    let credentials = "\(folder)-secrets"
    for path in [folder, credentials, "\(folder)/home", "\(folder)/tmp"] { try #require(mkdir(path, 0o700) == 0) }
    let (port, mail) = (try FreePort.next(), try await PrivateMail.start())
    for (name, value) in [
      ("master_key", String(repeating: "07", count: 32)), ("stripe_api_key", apiKey),
      ("stripe_webhook_secret", webhookSecret), ("redis_url", try redis.url(.daemon)),
      ("redis_access_url", try redis.url(.admin)),
      ("smtp_url", "smtp://gkm:\(smtpPassword)@127.0.0.1:\(mail.port)?starttls=none"),
      ("database_password", MarketDatabase.programPassword),
    ] { try TextFile.write(value, to: "\(credentials)/\(name)") }
    // Words as Redis takes them are looked for as they are, not packed.
    try await redis.command("CONFIG", "SET", "rdbcompression", "no")
    let common: [String: String?] = [
      "GKM_LOG_LEVEL": "trace", "SWIFT_BACKTRACE": nil, "TMPDIR": "\(folder)/tmp", "HOME": "\(folder)/home",
    ]
    // Cores are let, and land in the folder: what keeps them away is the program.
    let begin = "cd '\(folder)' && ulimit -c unlimited && exec '\(try TestRun.program("gkmd"))' \"$@\""
    let daemon = try ChildProcess(
      "/bin/bash", ["-c", begin, "gkmd", "serve"],
      environment: common.merging([
        "CREDENTIALS_DIRECTORY": credentials,
        "GKM_DATABASE_URL": bench.market.database.conninfo(user: "gkm_daemon"),
        "STRIPE_API_BASE": "http://127.0.0.1:9", "GKM_LISTEN": "127.0.0.1:\(port)",
        "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())", "GKM_PUBLIC_URL": "https://shop.example",
      ]) { $1 })
    let made = try await ChildProcess.run(
      try TestRun.program("gkmd"), ["seal", "keygen", "\(credentials)/seal_key", "--name", "shop.example/sealer"])
    try #require(made.succeeded, "\(made.errors)")
    let sealer = try ChildProcess(
      "/bin/bash", ["-c", begin, "gkmd", "seal", "run"],
      environment: common.merging([
        "GKM_DATABASE_URL": bench.market.sealer.conninfo, "GKM_SEAL_KEY_FILE": "\(credentials)/seal_key",
        "GKM_SEAL_STATE": "\(folder)/head", "GKM_SEAL_ORIGIN": "shop.example/audit", "GKM_SEAL_INTERVAL": "50ms",
        "GKM_SEAL_PUBLISH": folder, "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())",
      ]) { $1 })
    var run = CanaryRun(
      bench: bench, database: database, redis: redis, folder: folder, credentials: credentials, daemon: daemon,
      sealer: sealer, port: port, canaries: [])
    try run.addProgramsSecrets()
    for attempt in 0..<600 {
      if try await run.ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")?.status == 200 { break }
      try #require(attempt < 599 && daemon.isRunning, "\(daemon.tail())")
      try await Task.sleep(for: .milliseconds(50))
    }
    return run
  }

  /// What the programs hold, as it is kept and what follows from it.
  private mutating func addProgramsSecrets() throws {
    let vault = KeyVault(master: try MasterKey([UInt8](repeating: 7, count: 32)))
    func bytes(_ key: SymmetricKey) -> [UInt8] { key.withUnsafeBytes { Array($0) } }
    let seal = try TextFile.read("\(credentials)/seal_key").filter { !$0.isWhitespace }
    let spelled = try #require(seal.split(separator: "+", maxSplits: 4).last.map(String.init))
    // A byte for the kind of key, then the seed.
    let seed = try #require(
      Base64URL.decode(spelled.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: ""))?
        .dropFirst())
    canaries += [
      Canary("the key", Self.key), Canary("the key without its dashes", Self.key.replacing("-", with: "")),
      Canary("the key in lower case", Self.key.lowercased()),
      Canary("the master key", bytes: [UInt8](repeating: 7, count: 32)),
      Canary("the fingerprints' key", bytes: bytes(vault.fingerprintKey)),
      Canary("the tokens' key", bytes: bytes(vault.tokenKey)), Canary("the mails' key", bytes: bytes(vault.messageKey)),
      Canary("the webhooks' key", bytes: bytes(vault.webhookKey)),
      Canary("the exchange's private key", bytes: bytes(vault.exchangeSeed)),
      Canary("the seal's private key", bytes: Array(seed)), Canary("the seal's key file", seal),
      Canary("the mail server's password", Self.smtpPassword), Canary("Stripe's key", Self.apiKey),
      Canary("Stripe's webhook secret", Self.webhookSecret),
      Canary("the daemon's password in Redis", try redis.password(.daemon)),
      Canary("the admin's password in Redis", try redis.password(.admin)),
      Canary("a password typed in the console", Self.typedPassword),
    ]
  }

  func ask(_ request: String) async throws -> RawAnswer? {
    guard let connection = try? RawConnection(port: port) else { return nil }
    try await connection.send(Array(request.utf8))
    try await connection.receive(within: .seconds(5)) { !RawAnswer.parse($0, isEnded: false).answers.isEmpty }
    return RawAnswer.parse(connection.received, isEnded: connection.isEnded).answers.first
  }

  private var environment: [String: String?] {
    [
      "HOME": home, "TMPDIR": temporary, "XDG_CONFIG_HOME": nil, "XDG_STATE_HOME": nil, "PGSERVICE": nil,
      "REDIS_URL": nil, "PGPASSFILE": nil,
    ]
  }

  private func gkm(
    _ words: [String], as person: PostgresConfiguration, input: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let result = try await ChildProcess.run(
      try TestRun.program("gkm"), words + ["-d", person.conninfo], environment: environment, input: input)
    #expect(result.succeeded, "\(words.first ?? ""): \(result.output)\(result.errors)", sourceLocation: sourceLocation)
    return result.output
  }

  /// All that people do.
  mutating func live() async throws {
    let vendor = try await bench.market.person(.vendor, vendor: VendorID(1), named: "v1")
    let ops = try await bench.market.person(.ops)
    let admin = try await bench.market.person(.admin)
    try await sell(vendor, ops)
    try await people(admin, ops)
    let added = try await gkm(["webhook", "add", "https://hooks.example/x"], as: vendor)
    let secret = try #require(added.split(separator: "\n").last?.split(separator: " ").last.map(String.init))
    #expect(secret.hasPrefix("whsec_"), "\(added)")
    canaries.append(Canary("a vendor's webhook secret", String(secret.dropFirst("whsec_".count))))
    // What was written is sealed.
    for _ in 0..<200 where try await bench.sql("SELECT count(*) FROM gkm.audit_head;") == "0" {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await bench.sql("SELECT count(*) FROM gkm.audit_head;") != "0", "\(sealer.tail())")
  }

  /// A key comes in, is sold, mailed as far as the mail server lets it, looked at by its buyer, by operations, and looked
  /// for.
  private mutating func sell(_ vendor: PostgresConfiguration, _ ops: PostgresConfiguration) async throws {
    let file = "\(credentials)/keys.csv"
    try TextFile.write("key\n\(Self.key)\n", to: file)
    _ = try await gkm(["stock", "import", file, "--listing", "1"], as: vendor)
    let wrapped = try await bench.sql(
      "SELECT id, vendor_id, encode(wrapped, 'hex') FROM gkm.data_key ORDER BY id DESC LIMIT 1;"
    )
    .split(separator: "|").map(String.init)
    let dataKey = try bench.vault.unwrap(
      try #require(Hex.decode(wrapped[2])), id: DataKeyID(Int64(wrapped[0]) ?? 0),
      vendor: VendorID(Int64(wrapped[1]) ?? 0))
    canaries.append(Canary("the import's data key", bytes: dataKey.key.withUnsafeBytes { Array($0) }))

    let order = try #require(try await bench.open(1).first)
    try await bench.apply(Story(order: order).completed(), Story(order: order).succeeded())
    let token = bench.vault.token(order: order.id, generation: 1).text
    canaries.append(Canary("the order's token", token))
    let shown = try await ask("POST /o/\(token)/reveal HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    #expect(shown?.text.contains(Self.key) == true, "the buyer sees it: \(shown?.text.prefix(300) ?? "nothing")")
    _ = try await ask("GET /v1/orders/\(order.number) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n")
    let signature = SignatureSigner(secret: Self.webhookSecret).header(
      body: Array(HTTPAttacks.event.utf8), timestamp: Int64(time(nil)))
    let told = try await ask(
      "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: \(signature)\r\n"
        + "Content-Length: \(HTTPAttacks.event.utf8.count)\r\n\r\n\(HTTPAttacks.event)")
    #expect(told?.status == 200)

    let unit = try await bench.sql("SELECT min(id) FROM gkm.stock_unit;")
    let terminal = try PseudoTerminal(
      try TestRun.program("gkm"),
      ["reveal", unit, "--reason", "the customer sent a photograph", "--dbname", ops.conninfo],
      environment: environment)
    try await terminal.sees(Self.key, within: .seconds(20))
    terminal.type("\u{3}")
    _ = try await terminal.ended()
    let found = try await gkm(["find", "--key", "-", "--json"], as: ops, input: Self.key + "\n")
    #expect(found.contains(order.number), "\(found)")
    // The mail server wants no password and is told none: what is left of the attempt is in the delivery.
    for _ in 0..<200 where try await bench.sql("SELECT count(*) FROM gkm.delivery_attempt;") == "0" {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await bench.sql("SELECT count(*) FROM gkm.delivery_attempt;") != "0", "a delivery was tried")
  }

  /// Somebody is added with a password made by chance and signs in with it, another with one typed in the console; the
  /// glass is sealed and broken; a console's own password opens Redis.
  private mutating func people(_ admin: PostgresConfiguration, _ ops: PostgresConfiguration) async throws {
    let (suffix, place) = (bench.market.database.suffix, bench.market.database)
    let added = try await gkm(
      ["person", "add", "zoe_\(suffix)", "--name", "Zoë", "--role", "support", "--generate-password"], as: admin)
    let made = try #require(added.split(separator: "\n").last?.split(separator: " ").last.map(String.init))
    canaries.append(Canary("a password made by chance", made))
    let me = try await ChildProcess.run(
      try TestRun.program("gkm"), ["whoami", "-d", place.conninfo(user: "zoe_\(suffix)", over: .loopback)],
      environment: environment.merging(["PGPASSWORD": made]) { $1 })
    #expect(me.output.hasPrefix("zoe_"), "\(me.errors)")

    let console = try PseudoTerminal(
      try TestRun.program("gkm"), ["-d", admin.conninfo], environment: environment)
    try await console.sees("GK-", within: .seconds(20))
    console.type(":people\r")
    try await console.sees("LOGIN")
    console.type("amax_\(suffix)\tMax\t\t\t\t\t\u{1B}[C\t\(Self.typedPassword)\t\(Self.typedPassword)\t\t\r")
    try await console.sees("was added as support")
    try keepProcess(console.pid, "console")
    console.type("q")
    _ = try await console.ended()
    // What PostgreSQL keeps of passwords it keeps in its own catalogue, which its log of changes repeats; a statement
    // that is written down has it among its values. Nothing of ours has it.
    let verifiers = try await bench.sql(
      "SELECT rolpassword FROM pg_authid WHERE rolname IN ('zoe_\(suffix)', 'max_\(suffix)') ORDER BY rolname;")
    for verifier in verifiers.split(separator: "\n") {
      canaries.append(Canary("a verifier", String(verifier), home: ["/data/global/", "/data/pg_wal/", "/log"]))
    }
    #expect(verifiers.split(separator: "\n").count == 2)

    let sealed = try await gkm(["break-glass", "seal", "--reason", "for the night"], as: admin)
    let code = try #require(sealed.split(separator: "\n").first?.split(separator: " ").last.map(String.init))
    canaries += [
      Canary("the code in the envelope", code),
      Canary("the code as it is read", RandomWords.plain(code)),
    ]
    let night = try await bench.market.person(.support, named: "late")
    let used = try await gkm(
      ["break-glass", "use", "--code-file", "-", "--reason", "nobody answers"], as: night, input: code + "\n")
    #expect(used.contains("You are admin until"), "\(used)")

    // As a console of the staff opens Redis.
    let connection = try await PostgresConnection.connect(ops)
    let pass = LivePass(login: try await connection.read { try Viewer.current($0) }.login)
    _ = try await connection.write { try pass.register($0) }
    await connection.close()
    canaries.append(Canary("a console's password in Redis", pass.password))
    var live = try RedisConfiguration(url: "redis://127.0.0.1:\(redis.port)/0")
    live.user = pass.user
    live.password = pass.password
    let client = try RedisClient(live)
    var isIn = false
    for _ in 0..<200 where !isIn {
      isIn = (try? await client.command("PING")) != nil
      if !isIn { try await Task.sleep(for: .milliseconds(100)) }
    }
    #expect(isIn, "the daemon lets it into Redis")
    client.close()
  }

  /// What a process shows to others of itself.
  private func keepProcess(_ pid: pid_t, _ name: String) throws {
    for file in ["cmdline", "environ", "status", "limits", "coredump_filter"] {
      try TextFile.write(
        try TextFile.read("/proc/\(pid)/\(file)").replacing("\0", with: "\n"), to: "\(folder)/proc-\(name)-\(file)")
    }
  }

  /// Where what is planted has to be found, by a part of the path.
  var plantedIn: [(what: String, part: String)] {
    [
      ("the dump", "dump.sql"), ("the write-ahead log", "pg_wal"), ("the tables", "/base/"), ("Redis' dump", ".rdb"),
      ("Redis' log of changes", "appendonly"), ("the database's log", "/log"), ("a file of the moment", "/tmp/planted"),
      ("the daemon's log", daemon.standardError), ("a process' words", "proc-planted-cmdline"),
      ("a process' environment", "proc-planted-environ"),
    ]
  }

  /// Everything that is searched. What the secrets are given in lies elsewhere.
  var leftBehind: [String] {
    [
      folder, "\(database.folder)/data", "\(database.folder)/log", "\(redis.folder)/log", "\(redis.folder)/data",
      daemon.standardOutput, daemon.standardError, sealer.standardOutput, sealer.standardError,
    ]
  }

  /// A secret of each kind is put everywhere, in every spelling.
  private mutating func plant() async throws {
    controls = canaries.map(\.control)
    let words = controls.flatMap { $0.spellings.map(\.words) }
    let rows = words.map { "('\($0)')" }.joined(separator: ",")
    try await bench.sql("CREATE TABLE public.planted (word text); INSERT INTO public.planted VALUES \(rows);")
    try await redis.command("CONFIG", "SET", "appendonly", "yes")
    for (place, word) in words.enumerated() { try await redis.command("SET", "planted:\(place)", word) }
    try TextFile.write(words.joined(separator: "\n") + "\n", to: "\(temporary)/planted")
    let holder = try ChildProcess(
      "/bin/bash", ["-c", "while :; do sleep 1; done", "planted"] + words,
      environment: Dictionary(uniqueKeysWithValues: words.enumerated().map { ("PLANTED_\($0.offset)", $0.element) }))
    self.holder = holder
    // Whoever starts a process goes on a moment before it shows its words to others.
    let last = words.last ?? ""
    for _ in 0..<200 {
      let shown = try ["cmdline", "environ"].map { try TextFile.read("/proc/\(holder.pid)/\($0)") }
      if shown.allSatisfy({ $0.contains(last) }) { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    try keepProcess(holder.pid, "planted")
  }

  /// Writes down what is only in memory, and ends the daemon and the sealer as a crash would.
  mutating func gather() async throws {
    try await plant()
    try await bench.sql("CHECKPOINT;")
    for (process, name) in [(daemon, "gkmd"), (sealer, "sealer")] {
      try keepProcess(process.pid, name)
      let limits = try TextFile.read("/proc/\(process.pid)/limits")
      #expect(limits.firstMatch(of: #/Max core file size +0 +0 /#) != nil, "\(name): \(limits)")
    }
    try await redis.command("SAVE")
    let dump = try await ChildProcess.run(
      "pg_dump", ["--inserts", "-f", "\(folder)/dump.sql", bench.market.superuser.conninfo], within: .seconds(120))
    #expect(dump.succeeded, "\(dump.errors)")
    for process in [daemon, sealer] {
      process.signal(SIGABRT)
      let ending = try await process.ended()
      #expect(ending == .killed(signal: SIGABRT))
      // Nor does the log show what the registers pointed to.
      let log = try process.output() + process.errors()
      #expect(!log.contains("rax 0x") && !log.contains("Registers:"))
    }
    _ = try await holder?.end()
    // Behind what the daemon wrote by itself, so that its log is known to be searched.
    let words = try TextFile.read("\(temporary)/planted")
    try TextFile.write(try daemon.errors() + words, to: daemon.standardError)
    let list = try await ChildProcess.run("ls", ["-A", folder])
    #expect(!list.output.split(separator: "\n").contains { $0.hasPrefix("core") }, "\(list.output)")
  }
}
