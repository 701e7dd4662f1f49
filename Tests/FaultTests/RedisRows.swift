import Market
import TestSupport
import Testing

/// Rows: Redis down, flushed, slow, restored from an old dump; and daemons that share none.
enum RedisRows {
  /// A daemon by its parts and what it has instead of what all have.
  typealias Wanted = (parts: String, with: [String: String?])

  /// Stripe tells daemons of orders while `trouble` happens to Redis; all of them arrive, and in time.
  ///
  /// - Parameter wanted: two that do everything, if nothing is said.
  static func during(
    orders count: Int, perSecond: Double = 30,
    by wanted: [Wanted] = Array(repeating: ("intake,workers", [:]), count: 2),
    trouble: @Sendable @escaping (Rig) async throws -> Void
  ) async throws {
    try await Rig.open(keys: count * 2) { rig in
      let orders = try await rig.orders(count)
      var daemons: [Rig.Daemon] = []
      for one in wanted { daemons.append(try await rig.start(one.parts, with: one.with)) }
      let urls = zip(wanted, daemons).filter { $0.0.parts.contains("intake") }.map(\.1.webhook)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await rig.stripe.tell(orders, at: urls, perSecond: perSecond) }
        group.addTask { try await trouble(rig) }
        try await group.waitForAll()
      }
      try await rig.nothingAcknowledgedIsLost()
      try await rig.delivered(orders)
      // Redis is a convenience: nobody waits for it.
      #expect(try await rig.slowest() < 30)
      #expect(rig.stripe.refused.isEmpty, "\(rig.stripe.refused)")
      // Stripe sends some again, as it does: whatever Redis remembers of them, they count no more.
      for order in orders.prefix(20) + orders.suffix(20) {
        #expect(await rig.stripe.send(StripeSide.body(order), to: urls[0]) == 200)
      }
      for daemon in daemons { #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())") }
      try await rig.account(orders)
    }
  }
}

@Suite("When Redis fails", .serialized) struct RedisRowsLongTests {
  @Test("It is down, and comes back empty")
  func down() async throws {
    try await RedisRows.during(orders: 200) { rig in
      try await Task.sleep(for: .seconds(2))
      try rig.redis.kill()
      try await Task.sleep(for: .seconds(3))
      try await rig.redis.start()
    }
  }

  @Test("It forgets everything, again and again")
  func flushed() async throws {
    try await RedisRows.during(orders: 150) { rig in
      for _ in 0..<5 {
        try await Task.sleep(for: .seconds(1))
        try await rig.redis.command("FLUSHALL")
      }
    }
  }

  @Test(
    "It answers five seconds late, loses packets, or comes in single bytes",
    arguments: [
      FaultProxy.Fault.delay(.seconds(5), .toClient), .blackHole, .slice, .halfOpen,
    ])
  func slow(_ fault: FaultProxy.Fault) async throws {
    try await RedisRows.during(orders: 150) { rig in
      try await Task.sleep(for: .seconds(1))
      rig.toRedis.set(fault)
      try await Task.sleep(for: .seconds(4))
      rig.toRedis.set(.none)
    }
  }

  @Test("It is restored from an old dump")
  func oldDump() async throws {
    try await RedisRows.during(orders: 200) { rig in
      try await rig.eventually("some are seen") { rig.stripe.acknowledged.count > 40 }
      try await rig.redis.command("SAVE")
      try await rig.eventually("more are seen") { rig.stripe.acknowledged.count > 120 }
      try rig.redis.kill()
      try await rig.redis.start()
      #expect(try await rig.redis.command("DBSIZE") != "0")
    }
  }

  @Test("It is restored from the time before the database was: what it remembers of a lost future counts no more")
  func databaseRestored() async throws {
    try await Rig.open(keys: 40) { rig in
      let orders = try await rig.orders(10)
      let first = try await rig.start("intake")
      // Seen and remembered by Redis; then the database is one that never heard of it.
      try await rig.stripe.tell(orders, at: [first.webhook])
      try await rig.eventually("Redis remembers them") {
        try await rig.redis.command("KEYS", "gkm:seen:*").split(separator: "\n").count == orders.count
      }
      try await first.process.end()
      try await rig.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        DELETE FROM gkm.job; DELETE FROM gkm.stripe_event_body; DELETE FROM gkm.stripe_event; COMMIT;
        """)
      let database = rig.bench.market.database
      let restored = try await ChildProcess.run(
        try TestRun.program("gkmd"), ["after-restore"],
        environment: [
          "PGHOST": database.server.socketFolder, "PGPORT": "\(database.server.port)", "PGUSER": "postgres",
          "PGPASSWORD": database.server.superuserPassword, "PGDATABASE": database.name,
        ])
      #expect(restored.succeeded, "\(restored.errors)")
      let second = try await rig.start()
      try await rig.stripe.tell(orders, at: [second.webhook])
      try await rig.delivered(orders)
      try await second.process.end()
      try await rig.account(orders)
    }
  }
}

/// One takes events in, another works on them, and no Redis carries word from one to the other.
@Suite("Daemons without a common Redis", .serialized) struct DisjointRedisLongTests {
  @Test("each has one of its own")
  func ownRedis() async throws {
    let other = try await PrivateRedis.start()
    let worker = ["REDIS_URL": Optional(try other.url(.daemon))]
    try await RedisRows.during(orders: 200, by: [("intake", [:]), ("workers", worker)]) { _ in }
    try await other.stop()
  }

  @Test("one has none at all")
  func none() async throws {
    let nowhere = ["REDIS_URL": Optional("redis://daemon:none@127.0.0.1:\(try FreePort.next())/0")]
    try await RedisRows.during(orders: 200, by: [("intake", nowhere), ("workers", [:])]) { _ in }
  }
}

extension Rig {
  /// The longest time that an order took from the storing of its event to the last of its mails, in seconds.
  func slowest() async throws -> Double {
    let text = try await sql(
      """
      SELECT max(extract(epoch FROM o.delivered_at - e.received_at)) FROM gkm.orders o
      JOIN gkm.stripe_event e ON e.order_id = o.id
      """)
    return Double(text) ?? .infinity
  }

  func moved(to server: PrivatePostgres) -> Rig {
    Rig(
      bench: bench.moved(to: server), postgres: server, redis: redis, mail: mail, toPostgres: toPostgres,
      toRedis: toRedis, toMail: toMail, stripe: stripe, http: http, settings: settings)
  }
}
