import Outbound
import Synchronization
import TestSupport
import Testing

/// A burst of paid orders through which the daemon is killed and started again, and what must be true afterwards.
struct Burst: Sendable {
  let orders: Int
  /// After how many delivered orders the daemon is killed, in rising order.
  let kills: [Int]
  let limit: Duration

  func run() async throws {
    try await RunningMarket.with { market in
      let listing = try await market.listing(keys: orders + 5)
      let sessions = try await checkouts(market, listing)
      let killed = Kills()
      async let paid: Void = eachOf(sessions) { index, session in
        while index >= payable(afterKills: killed.count) {
          try await Task.sleep(for: .milliseconds(10))
        }
        try await market.pay(session)
      }
      for delivered in kills {
        try await market.eventually(within: limit, "\(delivered) orders are delivered") {
          try await market.number("SELECT count(*) FROM gkm.orders WHERE state = 'delivered'") >= delivered
        }
        try await market.killDaemon()
        killed.add()
        let left = orders - (try await market.number("SELECT count(*) FROM gkm.orders WHERE state = 'delivered'"))
        #expect(left > 0, "the daemon was killed in the middle")
        try await market.startDaemon()
      }
      try await paid
      try await market.eventually(within: limit, "all \(orders) orders are delivered") {
        try await market.number("SELECT count(*) FROM gkm.orders WHERE state = 'delivered'") == orders
      }
      try await look(at: market)
      let verdict = try await market.gkmd(["verify"])
      #expect(verdict.contains("promises are kept"), "\(verdict)")
    }
  }

  private func checkouts(_ market: RunningMarket, _ listing: Int64) async throws -> [String] {
    try await withThrowingTaskGroup(of: [String].self) { group in
      for lane in 0..<lanes {
        group.addTask {
          var sessions: [String] = []
          for buyer in stride(from: lane, to: orders, by: lanes) {
            sessions.append(try await market.checkout(listing, buyer: buyer))
          }
          return sessions
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }

  private let lanes = 16

  /// How many may be paid by then: so many that the next kill finds some of them on their way, and never all, however late
  /// it comes.
  private func payable(afterKills count: Int) -> Int {
    guard count < kills.count else { return orders }
    return (kills[count] + (count + 1 < kills.count ? kills[count + 1] : orders)) / 2
  }

  private func eachOf(
    _ sessions: [String], _ act: @escaping @Sendable (Int, String) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<lanes {
        group.addTask {
          for index in stride(from: lane, to: sessions.count, by: lanes) { try await act(index, sessions[index]) }
        }
      }
      try await group.waitForAll()
    }
  }

  /// One payment, one key, one Message-ID for each order; a second copy of a mail only where an attempt is recorded as
  /// unknown.
  private func look(at market: RunningMarket) async throws {
    #expect(try await market.number("SELECT count(*) FROM gkm.orders") == orders)
    #expect(try await market.number("SELECT count(DISTINCT order_id) FROM gkm.payment_intent") == orders)
    #expect(try await market.number("SELECT count(*) FROM gkm.payment_intent") == orders)
    #expect(try await market.number("SELECT count(*) FROM gkm.assignment") == orders)
    #expect(try await market.number("SELECT count(*) FROM gkm.delivery WHERE state = 'confirmed'") == orders)

    // Message-ID and how many attempts may have sent a copy beside the one that was confirmed.
    let rows = try await market.database.database.sql(
      """
      SELECT d.message_id, count(a.number) FILTER (WHERE a.outcome = 'unknown')
        FROM gkm.delivery AS d JOIN gkm.delivery_attempt AS a ON a.delivery_id = d.id GROUP BY d.id;
      """)
    var doubts: [Substring: Int] = [:]
    for line in rows.split(separator: "\n") {
      let fields = line.split(separator: "|")
      if fields.count == 2 { doubts[fields[0]] = Int(fields[1]) }
    }
    #expect(doubts.count == orders, "one Message-ID each")

    var copies: [Substring: Int] = [:]
    var keys: [Substring: Set<Substring>] = [:]
    for message in try market.mail.messages() {
      let lines = message.split(separator: "\n")
      let id = try #require(lines.first { $0.hasPrefix("Message-ID: ") }).dropFirst(12)
      let key = try #require(message.firstMatch(of: /BURST-[0-9]+-[0-9]+/)).0
      copies[id, default: 0] += 1
      keys[id, default: []].insert(key)
    }
    #expect(Set(copies.keys) == Set(doubts.keys), "a mail for each order, and no other")
    for (id, count) in copies {
      #expect(count <= 1 + (doubts[id] ?? 0), "\(id) came \(count) times, with \(doubts[id] ?? 0) attempts unknown")
    }
    #expect(keys.values.allSatisfy { $0.count == 1 }, "the same key under the same Message-ID")
    #expect(Set(keys.values.flatMap { $0 }).count == orders, "no key in two orders")
  }
}

/// How often the daemon was killed so far.
private final class Kills: Sendable {
  private let number = Atomic(0)

  var count: Int { number.load(ordering: .relaxed) }
  func add() { number.add(1, ordering: .relaxed) }
}
