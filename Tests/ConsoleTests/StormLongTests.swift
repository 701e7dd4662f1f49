import Glibc
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Console

/// The market in a storm, seen through the real program in a real terminal: what is being looked at stays where it is,
/// and what is being typed is there when the storm is over.
@Suite("In a storm", .serialized) struct StormLongTests {
  private typealias Order = SeededMarket.Order

  /// A console that hears ticks of a Redis.
  private static func withLive(
    as role: Role = .ops, on server: PrivatePostgres? = nil, redis: PrivateRedis,
    _ body: @Sendable @escaping (SeededMarket, ConsoleSession) async throws -> Void
  ) async throws {
    try await SeededMarket.with(on: server) { seeded in
      let folder = try TemporaryFolder.make()
      defer { TemporaryFolder.remove(folder) }
      try TemporaryFolder.write("redis_url = \"\(try redis.url(.staff))\"\n", to: "\(folder)/gkm", named: "config.toml")
      let session = try await ConsoleSession.start(try await seeded.person(role), folder: folder)
      try await session.terminal.sees("live")
      try await body(seeded, session)
    }
  }

  /// A thousand changes in each second: orders come in and orders move on, each told by a tick.
  private static func changes(
    _ seeded: SeededMarket, _ redis: PrivateRedis, from start: Int = 0, for span: Duration
  ) async throws {
    let connection = try await PostgresConnection.connect(seeded.market.superuser)
    try await connection.run { try $0.script("SET session_replication_role = replica") }
    let end = ContinuousClock.now + span
    var round = 0
    while ContinuousClock.now < end {
      let next = ContinuousClock.now + .milliseconds(200)
      let first = start + round * 100
      try await connection.run { session in
        try session.script(
          """
          INSERT INTO gkm.orders (number, state, customer_email, amount, currency, token_hash, units_total)
            SELECT 'GK-' || lpad(n::text, 8, '0'), 'open', 'storm@example.com', n + 1, 'eur', sha256(n::text::bytea), 1
            FROM generate_series(\(first), \(first + 99)) n;
          UPDATE gkm.orders SET state = 'expired', version = version + 1
            WHERE number IN (SELECT 'GK-' || lpad(n::text, 8, '0') FROM generate_series(\(first - 100), \(first - 1)) n);
          """)
      }
      try await redis.command(
        "EVAL", "for i = 1, 200 do redis.call('PUBLISH', KEYS[1], '1') end", "1", LiveFeed.channel)
      round += 1
      try await Task.sleep(until: next, clock: .continuous)
    }
    await connection.close()
  }

  /// Bytes that came, and in how many bursts with a pause of at least 60 ms between them.
  private static func watch(
    _ terminal: PseudoTerminal, for span: Duration
  ) async throws -> (bytes: [UInt8], bursts: Int) {
    terminal.forgetBytes()
    let end = ContinuousClock.now + span
    var (seen, bursts) = (0, 0)
    var last = ContinuousClock.now - .seconds(1)
    while ContinuousClock.now < end {
      let count = terminal.bytes.count
      if count > seen {
        let now = ContinuousClock.now
        if now - last > .milliseconds(60) { bursts += 1 }
        (seen, last) = (count, now)
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    return (terminal.bytes, bursts)
  }

  private static func isFlickering(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    return ["\u{1B}[2J", "\u{1B}[J", "\u{1B}[3J", "\u{1B}[?1049"].contains { text.contains($0) }
  }

  @Test("A thousand changes a second move nothing under the cursor, do not flicker, and stay under the budget")
  func busy() async throws {
    let redis = try await PrivateRedis.start()
    try await Self.withLive(redis: redis) { seeded, session in
      let terminal = session.terminal
      terminal.type("jjj")
      _ = try await terminal.settled()
      let place = terminal.screen.text.split(separator: "\n", omittingEmptySubsequences: false)
      let row = try #require(place.firstIndex { $0.hasPrefix("▌") })
      let number = String(place[row].dropFirst().prefix(15))
      let seconds = 6
      let storm = Task { try await Self.changes(seeded, redis, for: .seconds(seconds + 1)) }
      let still = try await Self.watch(terminal, for: .seconds(seconds))
      let after = terminal.screen.text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(String(after[row].dropFirst().prefix(15)) == number, "\(terminal.screen.text)")
      #expect(still.bytes.count < 6_000 * seconds, "\(still.bytes.count) bytes")
      #expect(!Self.isFlickering(still.bytes))
      try await storm.value
      // The same at the top, where the list goes along with what is new: every row of it changes.
      terminal.type("g")
      _ = try await terminal.settled()
      let second = Task { try await Self.changes(seeded, redis, from: 1_000_000, for: .seconds(seconds + 1)) }
      let following = try await Self.watch(terminal, for: .seconds(seconds))
      try await second.value
      #expect(following.bytes.count < 6_000 * seconds, "\(following.bytes.count) bytes")
      #expect(following.bursts <= 2 * seconds + 1, "\(following.bursts) frames")
      #expect(!Self.isFlickering(following.bytes))
      #expect(terminal.screen.text.contains("GK-0100"))
      let rates = [still, following].map { $0.bytes.count / seconds }
      print("standing \(rates[0]), following \(rates[1]) bytes/s, \(following.bursts) frames in \(seconds) s")
      try await session.quit()
    }
    try await redis.stop()
  }

  @Test("PostgreSQL is restarted under an open form: the words stay, and the form is carried out afterwards")
  func restart() async throws {
    let server = try await PrivatePostgres.start(settings: ["fsync": "off"])
    let redis = try await PrivateRedis.start()
    try await Self.withLive(on: server, redis: redis) { seeded, session in
      let terminal = session.terminal
      terminal.type("3/state:failed\r")
      try await terminal.sees("1/1")
      terminal.type("t")
      try await terminal.sees("Reason")
      terminal.type("half of")
      try await terminal.sees("half of")
      try await server.stop(immediate: true)
      try await terminal.until("the loss is said", within: .seconds(30)) { $0.text.contains("Old data") }
      terminal.type(" a reason")
      try await terminal.sees("half of a reason")
      #expect(terminal.screen.text.contains("Retry delivery"))
      // Nothing is done meanwhile, and that is said.
      terminal.type("\t\t\r")
      try await terminal.sees("Not connected")
      try await server.start()
      try await terminal.until("it is connected again", within: .seconds(40)) { !$0.text.contains("Old data") }
      #expect(terminal.screen.text.contains("half of a reason"))
      terminal.type("\r")
      try await terminal.sees("is queued again")
      let reason = try await seeded.market.database.sql(
        """
        SELECT convert_from(body, 'UTF8') LIKE '%half of a reason%' FROM gkm.audit_event
        WHERE action = 'delivery.retry.requested';
        """)
      #expect(reason == "t")
      try await session.quit()
    }
    try await redis.stop()
    try await server.stop()
  }

  @Test("Redis goes and comes back under an open form: polling, then live, and the words stay")
  func redisOutage() async throws {
    let redis = try await PrivateRedis.start()
    try await Self.withLive(redis: redis) { seeded, session in
      let terminal = session.terminal
      try await session.filter(Order.delivered.number)
      terminal.type("n")
      try await terminal.sees("Only staff read it")
      terminal.type("the customer")
      try redis.kill()
      try await terminal.until("polling", within: .seconds(20)) { $0.text.contains("polling") }
      terminal.type(" rang")
      try await terminal.sees("the customer rang")
      // Without Redis the console still sees what others do, and works.
      terminal.type("\t\t\r")
      try await terminal.sees("Noted on")
      terminal.type("n")
      try await terminal.sees("Only staff read it")
      terminal.type("and again")
      try await redis.start()
      try await terminal.until("live", within: .seconds(30)) { $0.text.contains("live") }
      #expect(terminal.screen.text.contains("and again"))
      terminal.type("\t\t\r")
      try await terminal.sees("Noted on")
      // One note stands in the seeded story already.
      let noted = "SELECT count(*) FROM gkm.audit_event WHERE action = 'order.noted' AND at > '2025-01-01';"
      for _ in 0..<100 {
        if try await seeded.market.database.sql(noted) == "2" { break }
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(try await seeded.market.database.sql(noted) == "2")
      try await session.quit()
    }
    try await redis.stop()
  }

  @Test("Two hundred resizes leave the screen as it was, with the form and its words")
  func resizes() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.ops))
      let terminal = session.terminal
      try await session.filter(Order.delivered.number)
      terminal.type("h")
      try await terminal.sees("Only ops or an admin releases it")
      terminal.type("looks like fraud")
      _ = try await terminal.settled()
      let before = terminal.screen.text
      var random = SystemRandomNumberGenerator()
      for _ in 0..<200 {
        terminal.resize(rows: Int.random(in: 2...60, using: &random), columns: Int.random(in: 5...220, using: &random))
        if Bool.random() { usleep(2_000) }
      }
      // Words that are typed in the middle of it arrive too.
      terminal.type("!")
      terminal.resize(rows: 24, columns: 80)
      try await terminal.sees("looks like fraud!")
      _ = try await terminal.settled()
      terminal.type("\u{7F}")
      _ = try await terminal.settled()
      #expect(terminal.screen.text == before, "\(terminal.screen.text)")
      terminal.type("\t\t\r")
      try await terminal.sees("stop")
      try await session.quit()
    }
  }
}
