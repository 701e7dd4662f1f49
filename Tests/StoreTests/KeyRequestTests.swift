import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Keys that people are shown, and look for") struct KeyRequestTests {
  private static let keys = (1...9).map { "CANARY-\($0)\($0)\($0)\($0)\($0)-ZZZZZ" }

  /// A depot with nine keys of vendor one, and a second one of the operations team.
  private func withKeys(_ body: @Sendable @escaping (StockDepot, PostgresConnection) async throws -> Void) async throws
  {
    try await StockDepot.with { depot in
      _ = try await depot.send(Self.keys.joined(separator: "\n"), as: depot.one)
      try await depot.hand.work()
      let second = try await PostgresConnection.connect(try await depot.market.person(.ops, named: "second"))
      try await body(depot, second)
      await second.close()
    }
  }

  private func unit(_ depot: StockDepot, _ place: Int) async throws -> StockUnitID {
    StockUnitID(Int64(try await depot.sql("SELECT id FROM gkm.stock_unit ORDER BY id OFFSET \(place) LIMIT 1")) ?? 0)
  }

  /// Asks, lets the daemon answer, fetches and opens.
  private func reveal(_ depot: StockDepot, _ unit: StockUnitID, as person: PostgresConnection) async throws -> String? {
    let key = AnswerKey()
    let publicKey = key.publicKey
    let asked = try await person.write {
      try KeyActions.reveal($0, unit, reason: "the customer sent a photograph", answerKey: publicKey)
    }
    guard case .queued(let request) = asked else { return nil }
    #expect(try await person.write { try KeyActions.fetch($0, request) } == nil)
    try await depot.hand.work()
    let sealed = try #require(try await person.write { try KeyActions.fetch($0, request) })
    let clear = try key.open(sealed, from: depot.hand.vault.exchangeKey(), for: .reveal(request, unit))
    return String(decoding: clear, as: UTF8.self)
  }

  @Test("Ops is shown a key once, sealed to the one who asked, and each step is told")
  func shown() async throws {
    try await withKeys { depot, second in
      let unit = try await unit(depot, 0)
      #expect(try await reveal(depot, unit, as: depot.ops) == Self.keys[0])
      let request = KeyRequestID(1)
      for who in [depot.ops, second] {
        await #expect(throws: ActionRefused.self) { _ = try await who.write { try KeyActions.fetch($0, request) } }
      }
      #expect(try await depot.sql("SELECT count(*) FROM gkm.key_envelope") == "0")
      #expect(try await depot.sql("SELECT state, public_key IS NULL FROM gkm.key_request") == "fetched|t")
      #expect(
        try await depot.sql(
          """
          SELECT string_agg(action, ', ' ORDER BY id) FROM gkm.audit_event WHERE subject_kind = 'key_request'
          """) == "key.reveal.requested, key.revealed, key.reveal.fetched")
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("Support and vendors are shown none, nor is anybody without a reason")
  func roles() async throws {
    try await withKeys { depot, _ in
      let unit = try await unit(depot, 0)
      for who in [depot.support, depot.one, depot.two] {
        await #expect(throws: ActionRefused.self) { _ = try await reveal(depot, unit, as: who) }
      }
      for who in [depot.one, depot.two] {
        await #expect(throws: ActionRefused.self) {
          _ = try await who.write { try KeyActions.find($0, sealed: [UInt8](repeating: 1, count: 64)) }
        }
      }
      await #expect(throws: ActionRefused.self) {
        _ = try await depot.ops.write { try KeyActions.reveal($0, unit, reason: " ", answerKey: AnswerKey().publicKey) }
      }
      await #expect(throws: ActionRefused.self) {
        _ = try await depot.ops.write { try KeyActions.reveal($0, unit, reason: "a reason", answerKey: [1, 2]) }
      }
    }
  }

  @Test("Past a few keys in an hour a second person has to agree, and past the limit nobody helps")
  func secondPerson() async throws {
    try await withKeys { depot, second in
      for place in 0..<5 {
        let unit = try await unit(depot, place)
        #expect(try await reveal(depot, unit, as: depot.ops) == Self.keys[place])
      }
      // The same one again, a moment later, needs nobody; and is told.
      let seen = try await unit(depot, 2)
      #expect(try await reveal(depot, seen, as: depot.ops) == Self.keys[2])
      #expect(try await depot.sql("SELECT is_renewal FROM gkm.key_request ORDER BY id DESC LIMIT 1") == "t")
      let unit = try await unit(depot, 5)
      #expect(try await reveal(depot, unit, as: depot.ops) == nil)
      #expect(try await reveal(depot, unit, as: depot.ops) == nil)
      let request = KeyRequestID(
        Int64(try await depot.sql("SELECT id FROM gkm.key_request WHERE state = 'awaiting_approval'")) ?? 0)
      for who in [depot.ops, depot.support, depot.one] {
        await #expect(throws: ActionRefused.self) {
          _ = try await who.write { try KeyActions.decide($0, request, approves: true, reason: "it is fine") }
        }
      }
      _ = try await second.write { try KeyActions.decide($0, request, approves: true, reason: "I know of it") }
      #expect(try await reveal(depot, unit, as: depot.ops) == Self.keys[5])
      // Its consent was for one key.
      let next = try await self.unit(depot, 6)
      #expect(try await reveal(depot, next, as: depot.ops) == nil)
      try await depot.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.setting (name, value) VALUES ('reveal.hourly_limit', '6')
        """)
      await #expect(throws: ActionRefused.self) { _ = try await reveal(depot, next, as: depot.ops) }
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("What nobody fetches within a minute is gone, and what comes too late is not answered")
  func expired() async throws {
    try await withKeys { depot, _ in
      let unit = try await unit(depot, 0)
      let publicKey = AnswerKey().publicKey
      for _ in 0..<2 {
        _ = try await depot.ops.write {
          try KeyActions.reveal($0, unit, reason: "and forgot about it", answerKey: publicKey)
        }
        if try await depot.sql("SELECT count(*) FROM gkm.key_envelope") == "0" { try await depot.hand.work() }
      }
      #expect(try await depot.sql("SELECT count(*) FROM gkm.key_envelope") == "1")
      try await depot.sql(
        """
        SET session_replication_role = replica;
        UPDATE gkm.key_envelope SET written_at = now() - interval '61 seconds';
        UPDATE gkm.key_request SET asked_at = now() - interval '61 seconds' WHERE state = 'queued'
        """)
      #expect(try await depot.offenders().contains { $0.hasPrefix("reveals.gone") })
      try await depot.hand.work()
      let daemon = try await PostgresConnection.connect(depot.market.daemon)
      _ = try await daemon.write { try KeyRequests.sweep($0) }
      await daemon.close()
      #expect(try await depot.sql("SELECT count(*) FROM gkm.key_envelope") == "0")
      #expect(try await depot.sql("SELECT string_agg(DISTINCT state, ',') FROM gkm.key_request") == "expired")
      await #expect(throws: ActionRefused.self) {
        _ = try await depot.ops.write { try KeyActions.fetch($0, KeyRequestID(1)) }
      }
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("A key leads to its orders, for support too, and only as often as is reasonable")
  func find() async throws {
    try await withKeys { depot, _ in
      let login = try await depot.support.read { try Viewer.current($0).login }
      let key = try depot.hand.vault.exchangeKey()
      func look(_ text: String, login: String) async throws -> KeyActions.Found? {
        let sealed = try key.seal(Array(text.utf8), for: .find(login: login))
        let request = try await depot.support.write { try KeyActions.find($0, sealed: sealed) }
        try await depot.hand.work()
        return try await depot.support.write { try KeyActions.found($0, request) }
      }
      let unit = try await unit(depot, 3)
      #expect(try await look("canary 44444 zzzzz", login: login) == KeyActions.Found(orders: [], unit: unit.rawValue))
      #expect(try await look("CANARY-00000-ZZZZZ", login: login) == KeyActions.Found(orders: [], unit: nil))
      try await depot.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.assignment (stock_unit_id, order_unit_id, order_id, vendor_id) VALUES (\(unit), 1, 77, 1)
        """)
      #expect(try await look(Self.keys[3], login: login)?.orders == [77])
      // What somebody else sealed is worth nothing to whoever copied it.
      await #expect(throws: ActionRefused.self) { _ = try await look(Self.keys[3], login: "somebody_else") }
      #expect(try await depot.sql("SELECT count(*) FROM gkm.key_envelope") == "0")
      try await depot.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.setting (name, value) VALUES ('reveal.find_limit', '4')
        """)
      await #expect(throws: ActionRefused.self) { _ = try await look(Self.keys[3], login: login) }
    }
  }

  @Test("The planted keys are nowhere in what the database holds")
  func canary() async throws {
    try await withKeys { depot, _ in
      _ = try await reveal(depot, try await unit(depot, 0), as: depot.ops)
      let dump = try await depot.sql(
        """
        SELECT string_agg(query_to_xml(format('SELECT t::text AS row FROM gkm.%I t', c.relname), true, false, '')::text, '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'gkm' AND c.relkind IN ('r', 'p')
        """)
      #expect(dump.contains("stock.imported"), "every table is in it")
      #expect(dump.utf8.count > 20_000)
      #expect(!dump.uppercased().contains("CANARY"))
      let bytes = try await depot.sql(
        "SELECT count(*) FROM gkm.audit_event WHERE position('CANARY'::bytea IN body) > 0")
      #expect(bytes == "0")
    }
  }
}
