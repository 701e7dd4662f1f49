import TestSupport
import Testing

@testable import Redis

@Suite("Commands")
struct RedisCommandTests {
  @Test("bring back every kind of reply, and any byte")
  func replies() async throws {
    let client = try RedisClient(await PrivateRedis.shared().configuration())
    let key = "kinds:\(UInt64.random(in: 0 ... .max))"
    let bytes = (0...255).map { UInt8($0) } + Array("\r\n$5\r\n".utf8)
    #expect(try await client.command("SET", key, bytes) == .status("OK"))
    #expect(try await client.command("GET", key) == .string(bytes))
    #expect(try await client.command("GET", key + ":none") == .null)
    #expect(try await client.command("SET", key, []) == .status("OK"))
    #expect(try await client.command("GET", key) == .string([]))
    #expect(try await client.command("INCRBY", key + ":n", 41) == .integer(41))
    let script = "return {1, {'two', {3}}, false, redis.status_reply('FOUR')}"
    let nested = RedisValue.array([
      .integer(1), .array([.string(Array("two".utf8)), .array([.integer(3)])]), .null, .status("FOUR"),
    ])
    #expect(try await client.command("EVAL", script, 0) == nested)
    _ = try await client.command("DEL", key, key + ":n")
    client.close()
  }

  @Test("that the server refuses throw its words; in a pipeline the refusal stands in its place")
  func refusals() async throws {
    let client = try RedisClient(await PrivateRedis.shared().configuration())
    let key = "refusals:\(UInt64.random(in: 0 ... .max))"
    _ = try await client.command("SET", key, "text", "EX", 60)
    let error = await failure { () throws(RedisError) in try await client.command("LPUSH", key, "x") }.error
    #expect(error?.kind == .server)
    #expect(error?.code == "WRONGTYPE")
    let values = try await client.pipeline([["LPUSH", key, "x"], ["GET", key]])
    #expect(values[0].isError)
    #expect(values[1].text == "text")
    let empty = await failure { () throws(RedisError) in try await client.command([]) }.error
    #expect(empty?.kind == .invalid)
  }

  @Test("pipelined by the hundred thousand come back in order")
  func pipeline() async throws {
    let client = try RedisClient(await PrivateRedis.shared().configuration())
    let filler = String(repeating: "x", count: 100)
    let commands = (0..<100_000).map { ["ECHO", "\($0) \(filler)"] as [any RedisArgument] }
    let values = try await client.pipeline(commands, timeout: .seconds(30))
    #expect(values.count == commands.count)
    #expect(values.indices.allSatisfy { values[$0].text == "\($0) \(filler)" })
  }

  @Test("larger than any socket buffer pass whole in both directions")
  func large() async throws {
    let client = try RedisClient(await PrivateRedis.shared().configuration())
    let bytes = (0..<(6 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let value = try await client.command(["ECHO", bytes], timeout: .seconds(30))
    #expect(value == .string(bytes))
  }

  @Test("of a thousand tasks at once get each its own answer, in far fewer reads than commands")
  func coalescing() async throws {
    let redis = try await PrivateRedis.start()
    let client = try RedisClient(redis.configuration())
    func reads() async throws -> Int {
      let info = try await client.command("INFO", "stats").text ?? ""
      let line = info.split(separator: "\r\n").first { $0.hasPrefix("total_reads_processed:") } ?? ""
      return Int(line.split(separator: ":").last ?? "") ?? 0
    }
    let before = try await reads()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<5000 {
        group.addTask { try await client.command("ECHO", number, timeout: .seconds(10)).int == Int64(number) }
      }
      for try await matches in group { #expect(matches) }
    }
    #expect(try await reads() - before < 4000)
    try await redis.stop()
  }

  @Test("go over a Unix socket, into the chosen database, under the chosen name")
  func unixSocket() async throws {
    let redis = try await PrivateRedis.shared()
    let password = try redis.password(.admin)
    let client = try RedisClient(
      RedisConfiguration(url: "unix://\(redis.socket)?user=admin&password=\(password)&db=5&name=tester"))
    #expect(try await client.command("CLIENT", "GETNAME").text == "tester")
    #expect(try await client.command("CLIENT", "INFO").text?.contains(" db=5 ") == true)
  }
}

extension RedisValue {
  fileprivate var isError: Bool { if case .error = self { true } else { false } }
}

@Suite("Login")
struct RedisLoginTests {
  @Test("with a wrong password fails as such, for every caller, without repeating the password")
  func wrongPassword() async throws {
    var configuration = try await PrivateRedis.shared().configuration()
    configuration.password = "not-the-password"
    let client = try RedisClient(configuration)
    for _ in 0..<2 {
      let error = await failure { () throws(RedisError) in try await client.command("PING") }.error
      #expect(error?.kind == .login)
      #expect(error?.code == "WRONGPASS")
      #expect(error?.mayHaveRun == false)
      #expect(error?.description.contains("not-the-password") == false)
    }
  }

  @Test("that is missing is told from a command that is forbidden")
  func denied() async throws {
    let redis = try await PrivateRedis.shared()
    let nobody = try RedisClient(RedisConfiguration(url: "redis://127.0.0.1:\(redis.port)"))
    let anonymous = await failure { () throws(RedisError) in try await nobody.command("GET", "gkm:x") }.error
    #expect(anonymous?.kind == .login)
    let staff = try RedisClient(redis.configuration(.staff))
    let denied = await failure { () throws(RedisError) in try await staff.command("SET", "gkm:worker:1", "x") }.error
    #expect(denied?.kind == .permission)
    #expect(try await staff.command("GET", "gkm:worker:none") == .null)
  }

  @Test("whose name for the connection is refused still succeeds")
  func nameRefused() async throws {
    let redis = try await PrivateRedis.start()
    try await redis.command("ACL", "SETUSER", "narrow", "on", ">pw", "~*", "+get", "+ping")
    let client = try RedisClient(RedisConfiguration(url: "redis://narrow:pw@127.0.0.1:\(redis.port)?name=x"))
    #expect(try await client.command("GET", "none") == .null)
    try await redis.stop()
  }
}
