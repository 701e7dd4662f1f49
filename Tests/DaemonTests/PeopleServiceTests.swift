import Logging
import Market
import Postgres
import Redis
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("The daemon looks after people's access") struct PeopleServiceTests {
  @Test("A console's own password opens Redis within seconds, and closes it within seconds of the person's end")
  func follows() async throws {
    let server = try await PrivateRedis.start()
    try await MarketDatabase.with { market in
      let admin = try await PostgresConnection.connect(try await market.person(.admin))
      let ops = try await PostgresConnection.connect(try await market.person(.ops))
      let login = try await ops.read { try Viewer.current($0) }.login
      let pool = PostgresPool(market.daemon, maximum: 2, waiters: 8, waitTimeout: .seconds(5))
      let service = PeopleService(
        pool: pool, access: RedisAccess(try RedisClient(try RedisConfiguration(url: server.url(.admin)))),
        interval: .milliseconds(100), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let running = Task { try await service.run() }
      defer { running.cancel() }

      let pass = LivePass(login: login)
      _ = try await ops.write { try pass.register($0) }
      var configuration = try RedisConfiguration(url: "redis://127.0.0.1:\(server.port)/0")
      configuration.user = pass.user
      configuration.password = pass.password
      let redis = try RedisClient(configuration)
      try await Self.soon { (try? await redis.command("PING")) != nil }
      for attempt in 0... {
        do {
          try await admin.write { try PeopleAdministration.disable($0, login: login, reason: "left the company") }
          break
        } catch let error as PostgresError where attempt < 20 && error.message.contains("concurrently") {
          continue
        }
      }
      try await Self.soon { (try? await redis.command("PING")) == nil }
      let users = try await server.command("ACL", "USERS")
      #expect(!users.contains(pass.user))
      await #expect(throws: PostgresError.self) { try await ops.read { try Viewer.current($0) } }
      // Let in again, they have what a new console of theirs registers, and not what one of before did.
      for attempt in 0... {
        do {
          try await admin.write {
            try PeopleAdministration.enable(
              $0, login: login, verifier: try SCRAMVerifier(password: "another password"), until: nil,
              reason: "they came back")
          }
          break
        } catch let error as PostgresError where attempt < 20 && error.message.contains("concurrently") {
          continue
        }
      }
      let back = try await PostgresConnection.connect(
        PostgresConfiguration(
          conninfo: market.database.conninfo(user: login, over: .loopback), password: "another password"))
      let fresh = LivePass(login: login)
      _ = try await back.write { try fresh.register($0) }
      configuration.password = fresh.password
      let again = try RedisClient(configuration)
      try await Self.soon { (try? await again.command("PING")) != nil }
      #expect((try? await redis.command("PING")) == nil)
      again.close()
      await back.close()
      // A vendor has nothing to register, and gets nothing.
      try await market.database.sql(
        "SET session_replication_role = replica; INSERT INTO gkm.vendor (handle, name, contact_email) VALUES ('v1', 'V', 'v@example.com');"
      )
      let vendor = try await PostgresConnection.connect(try await market.person(.vendor, vendor: VendorID(1)))
      await #expect(throws: ActionRefused.self) { try await vendor.write { _ = try pass.register($0) } }
      await vendor.close()
      redis.close()
      running.cancel()
      _ = try? await running.value
      await admin.close()
      await pool.close()
    }
    try await server.stop()
  }

  private static func soon(_ condition: @Sendable () async throws -> Bool) async throws {
    let limit = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < limit {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(30))
    }
    Issue.record("not within ten seconds")
  }
}
