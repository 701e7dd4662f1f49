import Market
import Redis
import Store
import TestSupport
import Testing

@Suite("Users of Redis are kept in step with the policy") struct RedisAccessLongTests {
  private func client(_ server: PrivateRedis, as user: String, _ password: String) throws -> RedisClient {
    var configuration = try RedisConfiguration(url: "redis://127.0.0.1:\(server.port)/0")
    configuration.user = user
    configuration.password = password
    configuration.connectTimeout = .seconds(1)
    return try RedisClient(configuration)
  }

  @Test(
    "Each of the staff gets a user that can do what staff may, strangers go, and what was changed by hand is put back")
  func inStep() async throws {
    let server = try await PrivateRedis.start()
    let keeperPassword = "keeper's password"
    let keeperUser = RedisPolicy.User(
      "keeper", digests: [LivePass.digest(of: keeperPassword)], rules: RedisPolicy.keeper)
    let admin = try RedisClient(try RedisConfiguration(url: server.url(.admin)))
    _ = try await admin.command(["ACL", "SETUSER", keeperUser.name] + keeperUser.words)
    let keeper = try client(server, as: "keeper", keeperPassword)
    let access = RedisAccess(keeper)

    let anna = LivePass(login: "ops_anna")
    let wanted = ["p-ops_anna": [LivePass.digest(of: anna.password)]]
    #expect(try await access.keep(wanted, onlyLooks: true).wrong == ["p-ops_anna"])
    #expect(try await access.keep(wanted).wrong == ["p-ops_anna"])
    #expect(try await access.keep(wanted, onlyLooks: true).isEmpty)
    let hers = try client(server, as: anna.user, anna.password)
    _ = try await hers.command("ZADD", "gkm:presence:order:GK-1", 1, "ops_anna 1 2")
    for forbidden in [
      ["SET", "gkm:seen:1", "x"], ["GET", "gkm:seen:1"], ["ACL", "LIST"], ["FLUSHALL"], ["CONFIG", "GET", "*"],
    ] {
      await #expect(throws: RedisError.self, "\(forbidden)") { try await hers.command(forbidden) }
    }
    // The static user of staff, where one is used, may exactly the same; the daemon's line is the policy's too.
    let lines = (try await admin.command("ACL", "LIST").elements ?? []).compactMap(\.text)
    func rules(_ user: String) -> [Substring] {
      lines.first { $0.hasPrefix("user \(user) ") }?.split(separator: " ").dropFirst(2)
        .filter { !$0.hasPrefix("#") && $0 != "on" && $0 != "sanitize-payload" } ?? []
    }
    #expect(!rules("staff").isEmpty && rules("staff") == rules("p-ops_anna"))
    _ = try await admin.command(
      ["ACL", "SETUSER", "policy-daemon"] + RedisPolicy.User("", digests: [], rules: RedisPolicy.daemon).words)
    let after = (try await admin.command("ACL", "LIST").elements ?? []).compactMap(\.text)
    let wantedDaemon = after.first { $0.hasPrefix("user policy-daemon ") }?.split(separator: " ").dropFirst(3)
    let liveDaemon = after.first { $0.hasPrefix("user daemon ") }?.split(separator: " ").dropFirst(3)
      .filter { !$0.hasPrefix("#") }
    #expect(wantedDaemon.map { $0.filter { !$0.hasPrefix("#") } } == liveDaemon)

    // By hand: more rights, another password, a user of nobody's.
    for change in [
      ["ACL", "SETUSER", "p-ops_anna", "+@all", "~*"], ["ACL", "SETUSER", "p-ops_anna", ">mine"],
      ["ACL", "SETUSER", "p-ops_anna", "nopass"], ["ACL", "SETUSER", "p-ops_anna", "off"],
      ["ACL", "SETUSER", "p-eve", "on", ">eve", "+@all", "~*"],
    ] {
      _ = try await admin.command(change)
      #expect(try await !access.keep(wanted, onlyLooks: true).isEmpty, "\(change)")
      #expect(try await !access.keep(wanted).isEmpty, "\(change)")
      #expect(try await access.keep(wanted, onlyLooks: true).isEmpty, "\(change)")
    }
    // Gone from the market, gone from Redis: the open connection first.
    #expect(try await access.keep([:]).surplus == ["p-ops_anna"])
    await #expect(throws: RedisError.self) { try await hers.command("ZRANGE", "gkm:presence:order:GK-1", 0, -1) }
    await #expect(throws: RedisError.self) { try await hers.command("PING") }
    #expect(try await access.keep([:], onlyLooks: true).isEmpty)
    // The keeper sees no data.
    await #expect(throws: RedisError.self) { try await keeper.command("GET", "gkm:seen:1") }
    for one in [hers, keeper, admin] { one.close() }
    try await server.stop()
  }
}
