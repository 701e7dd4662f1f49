import TestSupport
import Testing

@testable import Redis

@Suite("When Redis fails")
struct RedisFaultTests {
  @Test("killed in the middle of a call, the caller learns that it may have run, and the client finds it again")
  func killed() async throws {
    let redis = try await PrivateRedis.start()
    let client = try RedisClient(redis.configuration())
    _ = try await client.command("PING")
    async let blocked = failure { () throws(RedisError) in
      try await client.command("BLPOP", "none", 0, timeout: .seconds(30))
    }
    #expect(try await eventually { try await redis.command("CLIENT", "LIST").contains("cmd=blpop") })
    try redis.kill()
    let lost = await blocked
    #expect(lost.error?.kind == .disconnected)
    #expect(lost.error?.mayHaveRun == true)
    let refused = await failure { () throws(RedisError) in try await client.command("PING") }
    #expect(refused.error?.mayHaveRun == false)
    #expect(refused.time < .seconds(5))
    try await redis.start()
    #expect(await eventually { (try? await client.command("PING")) == .status("PONG") })
    #expect(client.isCircuitClosed)
    try await redis.stop()
  }

  @Test("frozen, costs a caller its budget a few times, then nothing, until it answers again")
  func frozen() async throws {
    let redis = try await PrivateRedis.start()
    var configuration = try redis.configuration()
    configuration.breakerPause = .milliseconds(300)
    configuration.stallTimeout = .seconds(30)
    let client = try RedisClient(configuration)
    _ = try await client.command("PING")
    try redis.freeze()
    for _ in 0..<configuration.breakerFailures {
      let call = await failure { () throws(RedisError) in
        try await client.command("GET", "x", timeout: .milliseconds(25))
      }
      #expect(call.error?.kind == .timeout)
      #expect(call.time >= .milliseconds(20))
      #expect(call.time < .seconds(5))
    }
    #expect(!client.isCircuitClosed)
    let calls = Shared<[Duration]>([])
    for _ in 0..<100 {
      let call = await failure { () throws(RedisError) in try await client.command("GET", "x") }
      #expect(call.error?.kind == .circuitOpen)
      calls.change { $0.append(call.time) }
    }
    // The median, because other tests share the processors.
    #expect(calls.value.sorted()[50] < .milliseconds(5))
    try redis.thaw()
    #expect(await eventually { (try? await client.command("PING")) == .status("PONG") })
    try await redis.stop()
  }

  @Test("frozen for long, is given up and found again on a new connection")
  func stalled() async throws {
    let redis = try await PrivateRedis.start()
    var configuration = try redis.configuration()
    configuration.stallTimeout = .milliseconds(200)
    configuration.breakerFailures = .max
    let connection = try RedisConnection(configuration)
    let first = try await connection.command("CLIENT", "ID")
    try redis.freeze()
    _ = await failure { () throws(RedisError) in try await connection.command("PING", timeout: .milliseconds(20)) }
    try await Task.sleep(for: .milliseconds(400))
    try redis.thaw()
    #expect(
      await eventually { (try? await connection.command("CLIENT", "ID")).map { $0 != first } ?? false })
    try await redis.stop()
  }

  @Test("slow, its late answers are never taken for those of later questions")
  func lateAnswers() async throws {
    let redis = try await PrivateRedis.start()
    var configuration = try redis.configuration()
    configuration.stallTimeout = .seconds(30)
    let connection = try RedisConnection(configuration)
    _ = try await connection.command("PING")
    try redis.freeze()
    for number in 0..<20 {
      let call = await failure { () throws(RedisError) in
        try await connection.command("ECHO", "late \(number)", timeout: .milliseconds(5))
      }
      #expect(call.error?.kind == .timeout)
      #expect(call.error?.mayHaveRun == true)
    }
    try redis.thaw()
    #expect(try await connection.command("ECHO", "now").text == "now")
    try await redis.stop()
  }

  @Test("absent from the start, calls fail within their budget and work once it is there")
  func absent() async throws {
    let redis = try await PrivateRedis.start()
    try await redis.stop()
    let client = try RedisClient(redis.configuration())
    let call = await failure { () throws(RedisError) in try await client.command("PING", timeout: .milliseconds(25)) }
    #expect(call.error?.kind == .connect)
    #expect(call.time < .seconds(5))
    try await redis.start()
    #expect(await eventually { (try? await client.command("PING")) == .status("PONG") })
    try await redis.stop()
  }

  @Test("replaced by something that speaks another protocol, says so")
  func garbage() async throws {
    let script = """
      import socket
      server = socket.create_server(("127.0.0.1", 0))
      print(server.getsockname()[1], flush=True)
      while True:
        peer, _ = server.accept()
        peer.recv(100)
        peer.sendall(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")
        peer.close()
      """
    let server = try ChildProcess("/usr/bin/python3", ["-c", script])
    #expect(try await eventually { try server.output().hasSuffix("\n") })
    let port = try UInt16(server.output().dropLast()) ?? 0
    let connection = try RedisConnection(RedisConfiguration(address: .tcp(host: "127.0.0.1", port: port)))
    let understood = await eventually {
      await failure { () throws(RedisError) in try await connection.command("PING") }.error?.kind == .protocolViolation
    }
    #expect(understood)
    try await server.end()
  }

  @Test("A host that has no address is a failure to connect")
  func unresolvable() async throws {
    let client = try RedisClient(RedisConfiguration(url: "redis://does-not-exist.invalid"))
    let call = await failure { () throws(RedisError) in try await client.command("PING", timeout: .seconds(5)) }
    #expect(call.error?.kind == .connect || call.error?.kind == .timeout)
    #expect(call.error?.mayHaveRun != true || call.error?.kind == .timeout)
  }
}

@Suite("A caller's own ending")
struct RedisEndingTests {
  @Test("Cancelling the task ends its call at once, and the connection stays usable")
  func cancelled() async throws {
    let client = try RedisClient(await PrivateRedis.shared().configuration())
    _ = try await client.command("PING")
    let task = Task {
      await failure { () throws(RedisError) in try await client.command("ECHO", "x", timeout: .seconds(30)) }
    }
    task.cancel()
    let result = await task.value
    #expect(result.error == nil || result.error?.kind == .cancelled)
    let waiting = Task {
      await failure { () throws(RedisError) in
        try await client.command("BLPOP", "never:\(UInt64.random(in: 0 ... .max))", 1, timeout: .seconds(30))
      }
    }
    try await Task.sleep(for: .milliseconds(50))
    waiting.cancel()
    let cancelled = await waiting.value
    #expect(cancelled.error?.kind == .cancelled)
    #expect(cancelled.time < .seconds(5))
    #expect(try await client.command("PING", timeout: .seconds(5)) == .status("PONG"))
  }

  @Test("Closing fails what is under way and everything after")
  func closed() async throws {
    let client = try RedisClient(await PrivateRedis.shared().configuration())
    _ = try await client.command("PING")
    let waiting = Task {
      await failure { () throws(RedisError) in try await client.command("BLPOP", "never", 5, timeout: .seconds(30)) }
    }
    try await Task.sleep(for: .milliseconds(50))
    client.close()
    client.close()
    #expect(await waiting.value.error?.kind == .closed)
    let after = await failure { () throws(RedisError) in try await client.command("PING") }.error
    #expect(after?.kind == .closed)
  }

  @Test("Beyond the limit of waiting calls, further ones are refused at once")
  func busy() async throws {
    var configuration = try await PrivateRedis.shared().configuration()
    configuration.maximumPending = 3
    configuration.commandTimeout = .seconds(60)
    let connection = try RedisConnection(configuration)
    _ = try await connection.command("PING")
    let blocked = (0..<3).map { _ in
      Task { await failure { () throws(RedisError) in try await connection.command("BLPOP", "nil", 60) } }
    }
    #expect(await eventually { connection.pending == 3 })
    let refused = await failure { () throws(RedisError) in try await connection.command("PING") }
    #expect(refused.error?.kind == .busy)
    #expect(refused.time < .seconds(1))
    connection.close()
    for task in blocked { _ = await task.value }
  }
}
