import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Imports that come sealed") struct StockIntakeTests {
  @Test("Each line has its verdict, and what is taken is in the stock, sealed for its row")
  func verdicts() async throws {
    try await StockDepot.with { depot in
      _ = try await depot.send("THEIRS-1\nTHEIRS-2", as: depot.two, into: 2)
      _ = try await depot.send("MINE-1", as: depot.one)
      #expect(try await depot.hand.work() == [.imported(2), .imported(1)])
      let long = String(repeating: "X", count: 1_001)
      let text = "NEW-1\nNEW-2\nnew 1\nmine1\nTHEIRS1\n---\n\(long)\nNEW-3\nNEW-2\na\u{202E}b\nNEW-4\nNEW-5"
      let id = try await depot.send(text, as: depot.one)
      #expect(try await depot.hand.work() == [.imported(5)])
      #expect(
        try await depot.verdicts(id, as: depot.one) == [
          "1-2 imported", "3-3 repeated", "4-4 yours", "5-5 review", "6-6 malformed", "7-7 too_long", "8-8 imported",
          "9-9 repeated", "10-10 malformed", "11-12 imported",
        ])
      let standing = try await depot.standing(id, as: depot.one)
      #expect(standing.state == .imported)
      #expect(standing.accepted == 5 && standing.refused == 7 && standing.rows == 12)
      #expect(try await depot.sql("SELECT available, version FROM gkm.listing_stock WHERE listing_id = 1") == "6|3")
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_import_chunk") == "0")
      let events = try await depot.sql(
        """
        SELECT string_agg(action || ' ' || actor, ', ' ORDER BY id) FROM gkm.audit_event
        WHERE subject_kind = 'stock_import' AND subject_id = '\(id)'
        """)
      let vendor = try await depot.sql("SELECT imported_by FROM gkm.stock_import WHERE id = \(id)")
      #expect(
        events == "stock.import.begun \(vendor), stock.import.queued \(vendor), stock.import.started gkm_daemon, "
          + "stock.imported gkm_daemon")
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("A dry run tells the same, and changes nothing")
  func dryRun() async throws {
    try await StockDepot.with { depot in
      _ = try await depot.send("THEIRS-1", as: depot.two, into: 2)
      _ = try await depot.send("MINE-1", as: depot.one)
      try await depot.hand.work()
      let before = try await depot.sql("SELECT count(*), max(id) FROM gkm.stock_unit")
      let id = try await depot.send(
        "NEW-1\nNEW-2\nNEW-1\nNEW-3\nNEW-2\nMINE-1\nTHEIRS-1\n--", as: depot.one, isDryRun: true)
      #expect(try await depot.hand.work() == [.checked(3)])
      #expect(
        try await depot.verdicts(id, as: depot.one) == [
          "1-2 would_import", "3-3 repeated", "4-4 would_import", "5-5 repeated", "6-6 yours", "7-7 review",
          "8-8 malformed",
        ])
      #expect(try await depot.standing(id, as: depot.one).state == .checked)
      #expect(try await depot.sql("SELECT count(*), max(id) FROM gkm.stock_unit") == before)
      #expect(try await depot.sql("SELECT available FROM gkm.listing_stock WHERE listing_id = 1") == "1")
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("All of it or nothing: a chunk that is not what was sealed ends the import")
  func tampered() async throws {
    try await StockDepot.with { depot in
      let id = try await depot.send("A-1\nA-2\nA-3\nA-4\nA-5", as: depot.one, rowsInChunk: 2)
      try await depot.sql(
        """
        UPDATE gkm.stock_import_chunk SET sealed = set_byte(sealed, 60, get_byte(sealed, 60) # 1)
        WHERE import_id = \(id) AND position = 2
        """)
      #expect(try await depot.hand.work() == [])
      let standing = try await depot.standing(id, as: depot.one)
      #expect(standing.state == .failed && standing.accepted == 0)
      #expect(standing.problem?.contains("sealed") == true)
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_unit") == "0")
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_import_chunk") == "0")
      #expect(try await depot.sql("SELECT count(*) FROM gkm.job") == "0")
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("Chunks of two files never make one import, nor chunks that change their places")
  func mixed() async throws {
    try await StockDepot.with { depot in
      let id = try await depot.one.write {
        try StockActions.begin($0, listing: ListingID(1), source: "a", isDryRun: false, reason: nil)
      }
      let first = try StockDepot.chunks("A-1\nA-2\nA-3", 1)
      let second = try StockDepot.chunks("B-1\nB-2\nB-3", 1)
      try await depot.put([first[0], second[1], first[2]], id, as: depot.one)
      try await depot.one.write { try StockActions.end($0, id, chunks: 3, rows: 3) }
      try await depot.hand.work()
      #expect(try await depot.standing(id, as: depot.one).problem?.contains("not of one file") == true)
      let moved = try await depot.send("C-1\nC-2", as: depot.one, rowsInChunk: 1)
      try await depot.sql(
        "UPDATE gkm.stock_import_chunk SET position = CASE position WHEN 0 THEN 11 ELSE 10 END WHERE import_id = \(moved)"
      )
      try await depot.sql("UPDATE gkm.stock_import_chunk SET position = position - 10 WHERE import_id = \(moved)")
      try await depot.hand.work()
      #expect(try await depot.standing(moved, as: depot.one).state == .failed)
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_unit") == "0")
    }
  }

  @Test("An import that was broken off halfway begins anew, and counts once")
  func again() async throws {
    struct Crash: Error {}
    try await StockDepot.with { depot in
      let id = try await depot.send("A-1\nA-2\nA-3\nA-4\nA-5", as: depot.one, rowsInChunk: 2)
      let daemon = try await PostgresConnection.connect(depot.market.daemon)
      let lease = Lease(for: .seconds(60))
      let vault = depot.hand.vault
      await #expect(throws: Crash.self) {
        try await daemon.write { session in
          let job = try JobQueue.claim(session, .importStock, limit: 1, lease: lease)[0]
          _ = try StockIntake(vault, job, lease: lease) { _ in }.run(session)
          throw Crash()
        }
      }
      await daemon.close()
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_unit") == "0")
      #expect(try await depot.hand.work() == [.imported(5)])
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_unit") == "5")
      #expect(try await depot.standing(id, as: depot.one).accepted == 5)
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("Nobody but who began it sends rows, nobody sees another vendor's, and support has no part in it")
  func roles() async throws {
    try await StockDepot.with { depot in
      let id = try await depot.one.write {
        try StockActions.begin($0, listing: ListingID(1), source: "a", isDryRun: false, reason: nil)
      }
      let chunks = try StockDepot.chunks("A-1\nA-2", 1)
      for (who, kind) in [
        (depot.two, ActionRefused.Kind.notFound), (depot.ops, .notAllowed), (depot.support, .notAllowed),
      ] {
        await refused(kind) { try await depot.put(chunks, id, as: who) }
        await refused(kind) { try await who.write { try StockActions.end($0, id, chunks: 1, rows: 1) } }
      }
      for who in [depot.two, depot.support] {
        await #expect(throws: ActionRefused.self) { _ = try await depot.standing(id, as: who) }
        await #expect(throws: ActionRefused.self) { _ = try await depot.verdicts(id, as: who) }
        await #expect(throws: ActionRefused.self) {
          try await who.write { try StockActions.cancel($0, id, reason: "not mine at all") }
        }
      }
      await refused(.notFound) { _ = try await depot.send("A", as: depot.two, into: 1) }
      await refused(.notAllowed) { _ = try await depot.send("A", as: depot.support, into: 1, reason: "for them") }
      await refused(.badRequest) { _ = try await depot.send("A", as: depot.ops, into: 1) }
      _ = try await depot.send("A", as: depot.ops, into: 1, reason: "the vendor asked by telephone")
      #expect(try await depot.standing(id, as: depot.ops).state == .uploading)
      for who in [depot.one, depot.two, depot.ops, depot.support] {
        for sql in [
          "SELECT sealed FROM gkm.stock_import_chunk", "SELECT sealed FROM gkm.key_envelope",
          "SELECT * FROM gkm.stock_check", "INSERT INTO gkm.stock_import_chunk VALUES (1, 0, 1, '')",
          "UPDATE gkm.exchange_key SET public_key = public_key", "UPDATE gkm.stock_import SET state = 'imported'",
        ] {
          await #expect(throws: PostgresError.self, "\(sql)") { try await who.run { try $0.script(sql) } }
        }
      }
    }
  }

  @Test("Chunks come in their order and once, and what was cancelled takes none")
  func order() async throws {
    try await StockDepot.with { depot in
      let id = try await depot.one.write {
        try StockActions.begin($0, listing: ListingID(1), source: "a", isDryRun: false, reason: nil)
      }
      let sealed = [UInt8](repeating: 1, count: 64)
      await refused(.badRequest) {
        try await depot.one.write { try StockActions.put($0, id, position: 1, rows: 1, sealed: sealed) }
      }
      try await depot.one.write { try StockActions.put($0, id, position: 0, rows: 1, sealed: sealed) }
      await refused(.badRequest) {
        try await depot.one.write { try StockActions.put($0, id, position: 0, rows: 1, sealed: sealed) }
      }
      await refused(.badRequest) {
        try await depot.one.write { try StockActions.put($0, id, position: 1, rows: 0, sealed: sealed) }
      }
      await refused(.badRequest) { try await depot.one.write { try StockActions.end($0, id, chunks: 2, rows: 2) } }
      try await depot.one.write { try StockActions.cancel($0, id, reason: "the wrong file") }
      await refused(.impossible) {
        try await depot.one.write { try StockActions.put($0, id, position: 1, rows: 1, sealed: sealed) }
      }
      #expect(try await depot.hand.work() == [.settled])
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_import_chunk") == "0")
      for _ in 0..<8 {
        _ = try await depot.one.write {
          try StockActions.begin($0, listing: ListingID(1), source: "a", isDryRun: false, reason: nil)
        }
      }
      await refused(.impossible) {
        _ = try await depot.one.write {
          try StockActions.begin($0, listing: ListingID(1), source: "a", isDryRun: false, reason: nil)
        }
      }
      #expect(try await depot.offenders() == [])
    }
  }

  @Test("What nobody goes on with for a day is given up")
  func abandoned() async throws {
    try await StockDepot.with { depot in
      let id = try await depot.one.write {
        try StockActions.begin($0, listing: ListingID(1), source: "a", isDryRun: false, reason: nil)
      }
      try await depot.put(try StockDepot.chunks("A-1", 1), id, as: depot.one)
      let daemon = try await PostgresConnection.connect(depot.market.daemon)
      #expect(try await daemon.write { try StockIntake.sweep($0) } == 0)
      try await depot.sql("UPDATE gkm.stock_import_progress SET updated_at = now() - interval '25 hours'")
      #expect(try await daemon.write { try StockIntake.sweep($0) } == 1)
      await daemon.close()
      #expect(try await depot.standing(id, as: depot.one).state == .cancelled)
      #expect(try await depot.sql("SELECT count(*) FROM gkm.stock_import_chunk") == "0")
    }
  }

  @Test("Keys are withdrawn, but never what a buyer holds")
  func withdraw() async throws {
    try await StockDepot.with { depot in
      let id = try await depot.send("A-1\nA-2\nA-3\nA-4\nA-5\nA-6", as: depot.one)
      try await depot.hand.work()
      try await depot.sql(
        """
        SET session_replication_role = replica;
        UPDATE gkm.listing_stock SET available = 4, reserved = 2 WHERE listing_id = 1
        """)
      await refused(.notFound) { try await depot.take(.count(1), as: depot.two) }
      await refused(.notAllowed) { try await depot.take(.count(1), as: depot.support) }
      await refused(.impossible) { try await depot.take(.count(5), as: depot.one) }
      await refused(.impossible) { try await depot.take(.ofImport(id), as: depot.one) }
      try await depot.take(.count(1), as: depot.one)
      let lowest = StockUnitID(Int64(try await depot.sql("SELECT min(id) FROM gkm.stock_unit")) ?? 0)
      try await depot.take(.units([lowest]), as: depot.ops)
      await refused(.impossible) { try await depot.take(.units([lowest]), as: depot.ops) }
      #expect(try await depot.sql("SELECT available, reserved FROM gkm.listing_stock WHERE listing_id = 1") == "2|2")
      #expect(
        try await depot.sql("SELECT string_agg(state, ',' ORDER BY id) FROM gkm.stock_unit")
          == "withdrawn,available,available,available,available,withdrawn")
      #expect(try await depot.sql("SELECT count(*) FROM gkm.audit_event WHERE action = 'stock.withdrawn'") == "4")
    }
  }

  private func refused(_ kind: ActionRefused.Kind, _ body: () async throws -> Void) async {
    do {
      try await body()
      Issue.record("it was not refused")
    } catch let error as ActionRefused {
      #expect(error.kind == kind, "\(error)")
    } catch {
      Issue.record("\(error)")
    }
  }
}

extension StockDepot {
  func take(_ wish: StockActions.Wish, as person: PostgresConnection) async throws {
    _ = try await person.write {
      try StockActions.withdraw($0, listing: ListingID(1), wish, reason: "they were given away")
    }
  }
}
