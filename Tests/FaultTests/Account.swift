import Foundation
import Market
import Store
import TestSupport
import Testing

/// What must be true after every run: the harness' own count of what was sent and what arrived, and `gkmd verify`.
extension Rig {
  /// - Parameter orders: those that Stripe told of, and that must have arrived.
  func account(_ orders: [OpenedOrder], sourceLocation: SourceLocation = #_sourceLocation) async throws {
    for order in orders where stripe.acknowledged[StripeSide.event(order)] == nil {
      Issue.record("order \(order.id) was never acknowledged", sourceLocation: sourceLocation)
    }
    try await countRows(orders, sourceLocation)
    try await countMails(sourceLocation)
    try await verify(sourceLocation)
  }

  /// Nothing that was acknowledged is missing: it is in the database, whatever has become of it since.
  func nothingAcknowledgedIsLost(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    // First: more come in while the database answers.
    let acknowledged = Array(stripe.acknowledged.keys)
    let known = Set(try await sql("SELECT event_id FROM gkm.stripe_event").split(separator: "\n").map(String.init))
    let lost = acknowledged.filter { !known.contains($0) }.sorted()
    #expect(lost.isEmpty, "acknowledged and lost: \(lost.prefix(10))", sourceLocation: sourceLocation)
  }

  private func countRows(_ orders: [OpenedOrder], _ place: SourceLocation) async throws {
    let ids = orders.map { "\($0.id)" }.joined(separator: ",")
    let units = try await number("SELECT sum(units_total) FROM gkm.orders WHERE id IN (\(ids))")
    // Every unit has one key, and no key two units.
    #expect(
      try await sql(
        """
        SELECT count(*), count(DISTINCT order_unit_id), count(DISTINCT stock_unit_id) FROM gkm.assignment
        WHERE order_id IN (\(ids))
        """) == "\(units)|\(units)|\(units)", sourceLocation: place)
    #expect(
      try await sql(
        """
        SELECT count(*), count(DISTINCT message_id) FROM gkm.delivery WHERE order_id IN (\(ids)) AND state = 'confirmed'
        """) == "\(units)|\(units)", sourceLocation: place)
    let left = "kind IN ('apply', 'deliver', 'restock', 'refund')"
    #expect(try await sql("SELECT kind, subject FROM gkm.job WHERE \(left)") == "", sourceLocation: place)
    #expect(try await sql("SELECT kind, problem FROM gkm.job_dead WHERE \(left)") == "", sourceLocation: place)
    #expect(try await bench.imbalance() == "", sourceLocation: place)
  }

  /// Each unit's mail came, under its one Message-ID and with its one key; a copy more only for each attempt that is
  /// recorded as unknown.
  private func countMails(_ place: SourceLocation) async throws {
    let rows = try await sql(
      """
      SELECT d.message_id, d.state, count(t.number) FILTER (WHERE t.outcome = 'unknown')
      FROM gkm.delivery d LEFT JOIN gkm.delivery_attempt t ON t.delivery_id = d.id GROUP BY d.id
      """)
    var doubts: [String: Int] = [:]
    var known: Set<String> = []
    for row in rows.split(separator: "\n") {
      let parts = row.split(separator: "|").map(String.init)
      guard parts.count == 3 else { continue }
      known.insert(parts[0])
      if parts[1] == "confirmed" { doubts[parts[0]] = Int(parts[2]) }
    }
    var copies: [String: Int] = [:]
    var keys: [String: Set<String>] = [:]
    var strangers: Set<String> = []
    for mail in try mail.messages() {
      guard let (id, found) = Self.read(mail) else { continue }
      if !found.isEmpty, !known.contains(id) { strangers.insert(id) }
      guard doubts[id] != nil else { continue }
      copies[id, default: 0] += 1
      keys[id, default: []].formUnion(found)
    }
    #expect(
      strangers.isEmpty, "keys went out under Message-IDs of no delivery: \(strangers.sorted().prefix(5))",
      sourceLocation: place)
    let missing = doubts.keys.filter { copies[$0] == nil }
    #expect(missing.isEmpty, "confirmed and never arrived: \(missing.prefix(5))", sourceLocation: place)
    let tooMany = copies.filter { $0.value > 1 + doubts[$0.key, default: 0] }
    #expect(tooMany.isEmpty, "more copies than doubts: \(tooMany.prefix(5))", sourceLocation: place)
    let mixed = keys.filter { $0.value.count != 1 }
    #expect(mixed.isEmpty, "not one key to a Message-ID: \(mixed.prefix(5))", sourceLocation: place)
    let all = keys.values.flatMap(\.self)
    #expect(Set(all).count == all.count, "a key went out under two Message-IDs", sourceLocation: place)
  }

  /// A mail's Message-ID and the keys in it. Thousands are read: no regular expression.
  private static func read(_ mail: String) -> (id: String, keys: Set<String>)? {
    var id: String?
    var keys: Set<String> = []
    for line in mail.utf8.split(separator: 0x0A) {
      if id == nil, line.starts(with: "Message-ID: ".utf8) { id = String(line.dropFirst(12)) }
      var rest = line[...]
      while let dash = rest.firstIndex(of: UInt8(ascii: "K")) {
        rest = rest[dash...]
        let word = rest.prefix {
          $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
        }
        if word.starts(with: "KEY-".utf8) { keys.insert(String(decoding: word, as: UTF8.self)) }
        rest = rest.dropFirst(max(1, word.count))
      }
    }
    return id.flatMap { id in id.isEmpty ? nil : (id, keys) }
  }

  /// The real program, on the real database.
  func verify(_ place: SourceLocation = #_sourceLocation) async throws {
    let database = bench.market.database
    let result = try await ChildProcess.run(
      try TestRun.program("gkmd"), ["verify", "--grace", "600"],
      environment: [
        "PGHOST": database.server.socketFolder, "PGPORT": "\(database.server.port)", "PGUSER": "gkm_daemon",
        "PGPASSWORD": MarketDatabase.programPassword, "PGDATABASE": database.name, "GKM_MASTER_KEY": Self.masterKey,
      ], within: .seconds(180))
    let broken = result.output.split(separator: "\n").filter { !$0.hasPrefix("ok") && !$0.hasPrefix("skip") }
    #expect(
      result.succeeded, "gkmd verify: \(broken.joined(separator: "\n")) \(result.errors)", sourceLocation: place)
  }
}
