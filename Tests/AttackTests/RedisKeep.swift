import TestSupport

/// A Redis with the users of production and something under each prefix: what attacks on Redis are made on.
struct RedisKeep: Sendable {
  private let redis: PrivateRedis

  static func with<T: Sendable>(_ body: @Sendable (RedisKeep) async throws -> T) async throws -> T {
    let keep = RedisKeep(redis: try await PrivateRedis.start())
    for words in [
      ["SET", "gkm:seen:1:evt_1", "1"], ["SET", "gkm:rate:api:203.0.113.1", "7"], ["SET", "other:key", "secret"],
      ["XADD", "gkm:wake", "1-1", "kind", "deliver"], ["SET", "gkm:worker:a", "1"],
      ["SET", "gkm:presence:order:1", "ops_anna"],
    ] {
      let answer = try await keep.ask(words, as: .admin)
      guard !answer.hasPrefix("-") else { throw TestSupportError("\(words): \(answer)") }
    }
    let value = try await body(keep)
    try await keep.redis.stop()
    return value
  }

  /// Everything that it holds, and who may what.
  func digest() async throws -> String {
    let everything = """
      local found = {}
      for _, key in ipairs(redis.call('KEYS', '*')) do
        found[#found + 1] = key .. ' ' .. redis.sha1hex(redis.call('DUMP', key))
      end
      table.sort(found)
      return table.concat(found, ' ')
      """
    var parts: [String] = []
    for words in [["EVAL", everything, "0"], ["ACL", "LIST"], ["CONFIG", "GET", "d*"], ["FUNCTION", "LIST"]] {
      parts.append(try await ask(words, as: .admin, whole: true))
    }
    return parts.joined(separator: "\n")
  }

  /// Makes an attack; `nil` where it was refused as it has to be.
  func withstands(_ attack: Attack) async throws -> String? {
    guard case .redis(let words, let says) = attack.way else { return "this is not what Redis is for" }
    let user: PrivateRedis.User? =
      switch attack.attacker {
      case .staff: .staff
      case .daemon: .daemon
      default: nil
      }
    let answer = try await ask(words, as: user)
    return answer.hasPrefix("-\(says)") ? nil : answer
  }

  /// One command; its answer's first line, or all of it.
  private func ask(_ words: [String], as user: PrivateRedis.User?, whole: Bool = false) async throws -> String {
    let connection = try RawConnection(port: redis.port)
    if let user {
      try await connection.send(Self.command(["AUTH", user.rawValue, try redis.password(user)]))
      try await connection.receive(within: .seconds(5)) { $0.contains(10) }
      guard connection.received.starts(with: Array("+OK".utf8)) else { throw TestSupportError("no \(user) in Redis") }
    }
    let before = connection.received.count
    try await connection.send(Self.command(words))
    try await connection.receive(within: .seconds(5)) { $0.count > before && $0.last == 10 }
    // The last bytes of a long answer may still be on their way.
    if whole { try await connection.receive(within: .milliseconds(20)) }
    let answer = String(decoding: connection.received[before...], as: UTF8.self)
    return whole ? answer : String(answer.prefix { $0 != "\r\n" && $0 != "\n" })
  }

  private static func command(_ words: [String]) -> [UInt8] {
    let parts = words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }
    return Array("*\(words.count)\r\n\(parts.joined())".utf8)
  }
}
