import TestSupport
import Testing

@testable import Redis

@Suite("A subscription")
struct RedisSubscriptionTests {
  @Test("hears channels and patterns, and again after the server was killed")
  func hears() async throws {
    let redis = try await PrivateRedis.start()
    let subscription = try RedisSubscription(redis.configuration(), channels: ["a"], patterns: ["p.*"])
    var events = subscription.makeAsyncIterator()
    #expect(await events.next() == .subscribed)
    let client = try RedisClient(redis.configuration())
    _ = try await client.command("PUBLISH", "a", [0, 255, 13, 10])
    #expect(await events.next() == .message(channel: "a", payload: [0, 255, 13, 10]))
    _ = try await client.command("PUBLISH", "p.x", "hello")
    #expect(await events.next() == .message(channel: "p.x", payload: Array("hello".utf8)))
    try redis.kill()
    guard case .disconnected = await events.next() else {
      Issue.record("no word of the loss")
      return
    }
    try await redis.start()
    #expect(await events.next() == .subscribed)
    #expect(await eventually { (try? await client.command("PUBLISH", "a", "again")) != nil })
    #expect(await events.next() == .message(channel: "a", payload: Array("again".utf8)))
    subscription.close()
    while let event = await events.next() { #expect(event != .subscribed) }
    try await redis.stop()
  }

  @Test("notices a frozen server")
  func frozen() async throws {
    let redis = try await PrivateRedis.start()
    let subscription = try RedisSubscription(redis.configuration(), channels: ["a"], keepAlive: .milliseconds(100))
    var events = subscription.makeAsyncIterator()
    #expect(await events.next() == .subscribed)
    try redis.freeze()
    guard case .disconnected = await events.next() else {
      Issue.record("no word of the loss")
      return
    }
    try redis.thaw()
    #expect(await events.next() == .subscribed)
    try await redis.stop()
  }

  @Test("to a channel that the access list forbids says so")
  func denied() async throws {
    let subscription = try RedisSubscription(
      await PrivateRedis.shared().configuration(.staff), channels: ["gkm:secret"])
    var events = subscription.makeAsyncIterator()
    guard case .disconnected(let error) = await events.next() else {
      Issue.record("no word of the refusal")
      return
    }
    #expect(error.kind == .permission)
  }

  @Test("keeps the newest events for a slow consumer, and counts the lost ones")
  func slow() async throws {
    let redis = try await PrivateRedis.start()
    let subscription = try RedisSubscription(redis.configuration(), channels: ["a"], buffer: 10)
    let client = try RedisClient(redis.configuration())
    #expect(await eventually { (try? await client.command("PUBLISH", "a", "0")) == .integer(1) })
    _ = try await client.pipeline((1...100).map { ["PUBLISH", "a", $0] })
    #expect(await eventually { subscription.dropped >= 91 })
    subscription.close()
    var last: RedisSubscription.Event?
    for await event in subscription { last = event }
    #expect(last == .message(channel: "a", payload: Array("100".utf8)))
    try await redis.stop()
  }
}

@Suite("A stream reader")
struct RedisStreamReaderTests {
  @Test("starts at the stream's end and goes on through a restart of the server")
  func follows() async throws {
    let redis = try await PrivateRedis.start()
    let client = try RedisClient(redis.configuration())
    _ = try await client.command("XADD", "s", "*", "n", "before")
    let reader = try RedisStreamReader(redis.configuration(), stream: "s", from: .now, block: .milliseconds(200))
    let seen = Shared<[String]>([])
    let reading = Task {
      for await batch in reader {
        for entry in batch { seen.change { $0.append(String(decoding: entry["n"] ?? [], as: UTF8.self)) } }
      }
    }
    // Until the reader has found the end, entries may still be "before".
    #expect(
      try await eventually { try await redis.command("CLIENT", "LIST").contains("cmd=xread ") })
    for number in 0..<10 { _ = try await client.command("XADD", "s", "*", "n", number, "b", [0, 255]) }
    #expect(await eventually { seen.value == (0..<10).map { "\($0)" } })
    try redis.kill()
    try await redis.start()
    #expect(await eventually { (try? await client.command("XADD", "s", "*", "n", "after")) != nil })
    #expect(await eventually { seen.value.last == "after" })
    reader.close()
    await reading.value
    try await redis.stop()
  }

  @Test("of a group takes up what it was given and did not acknowledge, and makes a lost group again")
  func group() async throws {
    let redis = try await PrivateRedis.start()
    let client = try RedisClient(redis.configuration())
    func reader() throws -> RedisStreamReader {
      try RedisStreamReader(
        redis.configuration(), stream: "s", from: .group("g", consumer: "c"), block: .milliseconds(200))
    }
    let first = try reader()
    var batches = first.makeAsyncIterator()
    async let batch = batches.next()
    #expect(await eventually { (try? await client.command("XINFO", "GROUPS", "s"))?.elements?.count == 1 })
    for number in 0..<3 { _ = try await client.command("XADD", "s", "*", "n", number) }
    var entries = await batch ?? []
    while entries.count < 3 { entries += await batches.next() ?? [] }
    #expect(entries.map { $0["n"] } == ["0", "1", "2"].map { Array($0.utf8) })
    try await first.acknowledge([entries[0].id], through: client)
    first.close()

    let second = try reader()
    batches = second.makeAsyncIterator()
    #expect(await batches.next()?.map(\.id) == entries.dropFirst().map(\.id))
    try await second.acknowledge(entries.map(\.id), through: client)
    _ = try await client.command("FLUSHALL")
    let third = Task { [batches] in
      var batches = batches
      return await batches.next()
    }
    #expect(await eventually { (try? await client.command("XINFO", "GROUPS", "s"))?.elements?.count == 1 })
    _ = try await client.command("XADD", "s", "*", "n", "new")
    #expect(await third.value?.first?["n"] == Array("new".utf8))
    second.close()
    try await redis.stop()
  }

  @Test("ends when its task is cancelled")
  func cancelled() async throws {
    let reader = try RedisStreamReader(
      await PrivateRedis.shared().configuration(), stream: "none:\(UInt64.random(in: 0 ... .max))", from: .now)
    let reading = Task {
      for await _ in reader {}
      return true
    }
    try await Task.sleep(for: .milliseconds(100))
    reading.cancel()
    #expect(await reading.value)
  }
}
