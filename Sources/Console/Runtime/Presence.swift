package import Market
import Redis
import Terminal

/// Somebody else who has the same order open.
package struct Colleague: Equatable, Sendable {
  package let login: String
  package let since: Instant

  package init(login: String, since: Instant) {
    self.login = login
    self.since = since
  }
}

/// Tells colleagues through Redis which order this console has open, and hears who else has it. Nothing hangs on it:
/// without Redis nobody is shown, and nothing waits for it.
actor Presence {
  /// How often it is said again that the order is still open, and who else has it is asked.
  private static let beat = Duration.seconds(10)
  /// Who was silent for so long has gone, or lost their connection.
  private static let silence: Int64 = 35
  private static let patience = Duration.seconds(1)

  private var client: RedisClient?
  private let post: @Sendable (Event) -> Void
  private var open: (order: String, member: String)?
  private var beating: Task<Void, Never>?
  private var newest = 0

  init(post: @escaping @Sendable (Event) -> Void) { self.post = post }

  /// The Redis that this person may use from now on; `nil`: none.
  func open(_ configuration: RedisConfiguration?) {
    client?.close()
    client = configuration.flatMap { try? RedisClient($0) }
  }

  /// The order that is open from now on; none, once it was left. `serial` counts up: what comes late is not heeded.
  func show(_ order: String?, as login: String, at now: Instant, serial: Int) {
    guard serial > newest else { return }
    newest = serial
    beating?.cancel()
    if let left = open { Task { await leave(left) } }
    open = nil
    guard let order else { return }
    // Two consoles of one person are told apart, and neither is shown to the other.
    let member = "\(login) \(now.unixSeconds) \(UInt32.random(in: 0...UInt32.max))"
    open = (order, member)
    beating = Task { [weak self] in
      while !Task.isCancelled {
        await self?.say(order, member, login)
        try? await Task.sleep(for: Self.beat)
      }
    }
  }

  /// Leaves, and lets Redis go.
  func stop() async {
    beating?.cancel()
    if let open { await leave(open) }
    client?.close()
  }

  private func say(_ order: String, _ member: String, _ login: String) async {
    let now = SystemClock.now.unixSeconds
    let key = Self.key(order)
    let replies = try? await client?.pipeline(
      [
        ["ZADD", key, now, member], ["EXPIRE", key, Self.silence * 2],
        ["ZRANGEBYSCORE", key, now - Self.silence, "+inf"],
      ], timeout: Self.patience)
    guard open?.member == member else { return }
    let members = replies?.last?.elements?.compactMap(\.text) ?? []
    post(.present(order: order, Self.colleagues(members, besides: login)))
  }

  private func leave(_ open: (order: String, member: String)) async {
    _ = try? await client?.command("ZREM", Self.key(open.order), open.member, timeout: Self.patience)
  }

  private static func key(_ order: String) -> String { "gkm:presence:order:\(order)" }

  /// Each once, by whom was there first. What cannot be read is nobody.
  static func colleagues(_ members: [String], besides login: String) -> [Colleague] {
    var first: [String: Int64] = [:]
    for member in members {
      let words = member.split(separator: " ")
      guard words.count == 3, let since = Int64(words[1]), words[0] != login, words[0].utf8.count <= 63 else {
        continue
      }
      first[String(words[0])] = min(first[String(words[0])] ?? since, since)
    }
    return first.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(5).map {
      Colleague(login: Sanitizer.clean($0.key), since: Instant(unixSeconds: $0.value))
    }
  }
}
