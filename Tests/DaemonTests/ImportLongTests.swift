import Foundation
import Glibc
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// `gkm stock import` and `gkmd serve --only workers`, as the processes they are.
@Suite("Imports, killed and large", .serialized) struct ImportLongTests {
  private static let canary = "CANARY-77777-QQQQQ"

  private func start(_ shop: Shop) throws -> ChildProcess {
    try ChildProcess(
      try TestRun.program("gkmd"), ["serve", "--only", "workers"],
      environment: [
        "GKM_DATABASE_URL": shop.market.daemon.conninfo, "REDIS_URL": try shop.redis.url(.daemon),
        "SMTP_URL": "smtp://127.0.0.1:9", "STRIPE_API_BASE": shop.stripeURL, "STRIPE_API_KEY": Shop.apiKey,
        "STRIPE_WEBHOOK_SECRET": Shop.secret, "GKM_MASTER_KEY": Shop.processKey, "GKM_LOG_LEVEL": "debug",
        "GKM_LISTEN": "127.0.0.1:\(try FreePort.next())", "GKM_METRICS_LISTEN": "127.0.0.1:\(try FreePort.next())",
      ])
  }

  private func listed(_ shop: Shop) async throws -> PostgresConfiguration {
    try await shop.sql(
      """
      SET session_replication_role = replica;
      INSERT INTO gkm.vendor (handle, name, contact_email) VALUES ('vend', 'Vend', 'v@example.com');
      INSERT INTO gkm.product (title, platform) VALUES ('Stellar Drift', 'Steam');
      INSERT INTO gkm.listing (vendor_id, product_id, price, currency) VALUES (1, 1, 1999, 'eur');
      INSERT INTO gkm.listing_stock (listing_id, vendor_id) VALUES (1, 1)
      """)
    let person = try await shop.market.person(.vendor, vendor: VendorID(1), named: "vend")
    try await shop.eventually(within: .seconds(60)) { try await shop.count("exchange_key") == 1 }
    return person
  }

  /// A folder of the test's own with a file of so many keys.
  private func folder(keys: Int) throws -> String {
    let folder = "\(FileManager.default.temporaryDirectory.path)/gkm-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try TextFile.write("note,key\n,\(Self.canary)\n", to: "\(folder)/keys.csv")
    let file = try #require(FileHandle(forWritingAtPath: "\(folder)/keys.csv"))
    try file.seekToEnd()
    for start in stride(from: 1, to: keys, by: 10_000) {
      let lines = (start..<min(start + 10_000, keys)).map { "x,K\(String($0 &* 7_919, radix: 36))-AAAAA-\($0)\n" }
      try file.write(contentsOf: Data(lines.joined().utf8))
    }
    try file.close()
    return folder
  }

  private func importing(
    _ folder: String, _ person: PostgresConfiguration, more: [String] = []
  ) throws -> ChildProcess {
    try ChildProcess(
      try TestRun.program("gkm"),
      ["stock", "import", "\(folder)/keys.csv", "--listing", "1", "--json", "-d", person.conninfo] + more,
      environment: ["HOME": folder, "XDG_CONFIG_HOME": nil])
  }

  /// What a process had in memory at most, in kB.
  private func peak(_ process: ChildProcess) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }

  @Test("A daemon killed in the middle leaves nothing, and the next one brings all of it in, once")
  func killed() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      var process = try start(shop)
      let person = try await listed(shop)
      let folder = try folder(keys: 40_000)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let sending = try importing(folder, person, more: ["--no-wait"])
      #expect(try await sending.ended(within: .seconds(120)) == .exited(0), "\(sending.tail())")
      for _ in 0..<3 {
        try await shop.eventually(within: .seconds(60)) {
          try await shop.sql("SELECT rows_done > 0 FROM gkm.stock_import_progress") == "t"
        }
        try await process.end(SIGKILL)
        #expect(try await shop.count("stock_unit") == 0)
        #expect(try await shop.sql("SELECT state FROM gkm.stock_import") == "queued")
        // As if the lease had run out.
        try await shop.sql("UPDATE gkm.stock_import_progress SET rows_done = 0")
        try await shop.sql("UPDATE gkm.job SET run_at = now() WHERE kind = 'import'")
        process = try start(shop)
      }
      try await shop.eventually(within: .seconds(180)) {
        try await shop.sql("SELECT state FROM gkm.stock_import") == "imported"
      }
      #expect(try await shop.count("stock_unit") == 40_000)
      #expect(try await shop.sql("SELECT available FROM gkm.listing_stock") == "40000")
      #expect(try await shop.count("stock_import_chunk") == 0)
      #expect(try await shop.count("data_key") == 1)
      try await nowhere(shop, process)
      try await process.end()
    }
  }

  /// The planted key is in no table, no log, nothing of Redis.
  private func nowhere(_ shop: Shop, _ process: ChildProcess) async throws {
    let canary = Self.canary
    let dump = try await ChildProcess.run(
      "pg_dump", ["-d", shop.market.superuser.conninfo, "--inserts", "--schema", "gkm"])
    #expect(dump.succeeded && dump.output.utf8.count > 1_000_000, "\(dump.errors)")
    for spelling in [canary, canary.replacing("-", with: ""), Hex.encode(Array(canary.utf8))] {
      #expect(!dump.output.contains(spelling))
      #expect(!(try process.output() + process.errors()).contains(spelling))
    }
    // Whatever kinds of values there are, as text.
    let everything = """
      local out = {}
      for _, k in ipairs(redis.call('KEYS', '*')) do
        local t = redis.call('TYPE', k).ok
        local v = t
        if t == 'string' then v = redis.call('GET', k)
        elseif t == 'stream' then v = cjson.encode(redis.call('XRANGE', k, '-', '+'))
        elseif t == 'hash' then v = cjson.encode(redis.call('HGETALL', k))
        elseif t == 'zset' then v = cjson.encode(redis.call('ZRANGE', k, 0, -1)) end
        out[#out + 1] = k .. '=' .. v
      end
      return table.concat(out, ' ')
      """
    let entries = try await shop.redis.command("EVAL", everything, "0")
    #expect(entries.contains("gkm:") && !entries.contains(canary), "\(entries.prefix(200))")
  }

  @Test("A million lines need no more memory than a few, on either side")
  func million() async throws {
    let rows = Int(ProcessInfo.processInfo.environment["GKM_TEST_ROWS"] ?? "") ?? 1_000_000
    try await Shop.open(parts: [.intake]) { shop in
      let process = try start(shop)
      let person = try await listed(shop)
      var small = (sender: 0, daemon: 0)
      for count in [rows / 20, rows] {
        try await shop.sql(
          """
          SET session_replication_role = replica;
          TRUNCATE gkm.stock_unit, gkm.stock_import_row CASCADE; UPDATE gkm.listing_stock SET available = 0
          """)
        let folder = try folder(keys: count)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sending = try importing(folder, person, more: ["--no-wait"])
        var sender = 0
        let begun = ContinuousClock.now
        while sending.isRunning {
          sender = max(sender, peak(sending))
          try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try await sending.ended() == .exited(0), "\(sending.tail())")
        let sent = ContinuousClock.now
        try await shop.eventually(within: .seconds(1_500)) {
          try await shop.sql("SELECT state FROM gkm.stock_import ORDER BY id DESC LIMIT 1") == "imported"
        }
        let done = ContinuousClock.now
        let daemon = peak(process)
        print(
          "\(count) lines: sent in \(sent - begun) with \(sender) kB, in the stock \(done - sent) later; \(daemon) kB")
        #expect(try await shop.count("stock_unit") == count)
        if small.sender == 0 { small = (sender, daemon) }
        let first = small
        #expect(sender < first.sender + 16_000, "gkm: \(first.sender) kB, then \(sender) kB")
        #expect(daemon < first.daemon + 32_000, "gkmd: \(first.daemon) kB, then \(daemon) kB")
      }
      try await process.end()
    }
  }
}
