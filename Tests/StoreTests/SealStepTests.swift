import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Sealing") struct SealStepTests {
  @Test("each committed event becomes a leaf, in order, under a signed head whose root is the simple tree's")
  func eventsBecomeLeaves() async throws {
    try await SealedMarket.with { sealed in
      var heads: [SignedHead] = []
      for count in [1, 5, 300] {
        try await sealed.write(count)
        heads.append(try await sealed.sealAll(limit: 100))
      }
      #expect(heads.map(\.size) == [1, 6, 306])
      let leaves = try await sealed.daemon.read { session in
        try session.rows(
          """
          SELECT l.leaf_index, l.hash, e.body FROM gkm.audit_leaf l JOIN gkm.audit_event e ON e.id = l.event_id
          ORDER BY l.leaf_index
          """
        ) { (index: try $0.int(0), hash: try $0.merkleHash(1), body: try $0.bytes(2)) }
      }
      #expect(leaves.map(\.index) == Array(0..<306))
      #expect(leaves.allSatisfy { $0.hash == MerkleHash.leaf($0.body) })
      for head in heads {
        #expect(head.root == MerkleTree.root(of: leaves[..<head.size].map(\.hash)))
        #expect(head.note.signer(among: [sealed.signer.verifier]) == sealed.signer.verifier)
        let stored = try await sealed.daemon.read { try StoredHead.of($0, size: head.size) }
        #expect(stored?.note == head.note.spelled)
        #expect(stored?.root == head.root)
      }
      #expect(try await sealed.sql("SELECT count(*) FROM gkm.audit_node;") == "1")
      #expect(try await sealed.seal() == nil)
    }
  }

  @Test("an event of a transaction that is still open keeps later ones waiting, and is not skipped")
  func nothingIsSkipped() async throws {
    try await SealedMarket.with { sealed in
      let gate = try await PostgresConnection.connect(sealed.market.daemon)
      try await gate.run { try $0.script("SELECT pg_advisory_lock(1)") }
      let slow = Task {
        let connection = try await PostgresConnection.connect(sealed.market.daemon)
        try await connection.write { session in
          try SealedMarket.write(session, 1)
          try session.script("SELECT pg_advisory_xact_lock(1)")
        }
        await connection.close()
      }
      try await sealed.eventually {
        try await sealed.sql(
          """
          SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
          """) != "0"
      }
      try await sealed.write(2)
      #expect(try await sealed.seal() == nil)
      let lag = try await sealed.daemon.read { try SealLag.read($0) }
      #expect(lag.treeSize == 0 && lag.oldestUnsealed != nil)
      await gate.close()
      try await slow.value
      try await sealed.eventually {
        _ = try await sealed.seal()
        return try await sealed.sql("SELECT count(*) FROM gkm.audit_leaf;") == "3"
      }
      let open = try await sealed.daemon.read { try SealLag.read($0) }
      #expect(open.treeSize == 3 && open.oldestUnsealed == nil && open.waiting == .zero)
    }
  }

  @Test("writers that commit in any order, slowly or not at all, leave nothing unsealed and nothing twice")
  func concurrentWriters() async throws {
    try await SealedMarket.with { sealed in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<6 {
          group.addTask {
            let connection = try await PostgresConnection.connect(sealed.market.daemon)
            for round in 0..<12 {
              let pause = (writer + round) % 4 == 0 ? 5 * writer : 0
              do {
                try await connection.write { session in
                  try SealedMarket.write(session, 1 + (writer + round) % 3)
                  try session.script("SELECT pg_sleep(\(pause) / 1000.0)")
                  if (writer * round) % 7 == 3 { throw CancellationError() }
                }
              } catch is CancellationError {}
            }
            await connection.close()
          }
        }
        group.addTask { for _ in 0..<15 { try await sealed.seal(limit: 7) } }
        try await group.waitForAll()
      }
      try await sealed.eventually {
        _ = try await sealed.seal(limit: 50)
        return try await sealed.sql(
          """
          SELECT count(*) FROM gkm.audit_event e FULL JOIN gkm.audit_leaf l ON l.event_id = e.id
          WHERE e.id IS NULL OR l.event_id IS NULL OR l.hash <> sha256('\\x00'::bytea || e.body);
          """) == "0"
      }
    }
  }

  @Test("a database that was dumped and restored into another cluster is sealed on, whatever its numbers say")
  func anotherCluster() async throws {
    try await SealedMarket.with { sealed in
      try await sealed.write(3)
      try await sealed.sealAll()
      // As if written where transactions had higher numbers; one of them unsealed.
      try await sealed.write(1)
      try await sealed.tamper(
        """
        UPDATE gkm.audit_event SET xact = (xact::text::bigint + 1000000000)::text::xid8;
        UPDATE gkm.audit_head SET cluster = 1, sealed_xact = (sealed_xact::text::bigint + 1000000000)::text::xid8;
        """)
      try await sealed.write(2)
      try await sealed.eventually {
        _ = try await sealed.seal(limit: 2)
        return try await sealed.sql("SELECT count(*), max(leaf_index) FROM gkm.audit_leaf;") == "6|5"
      }
    }
  }

  @Test(
    "nobody changes what is sealed, and only the sealer adds to it",
    arguments: [
      "UPDATE gkm.audit_leaf SET hash = hash", "DELETE FROM gkm.audit_leaf", "TRUNCATE gkm.audit_leaf",
      "UPDATE gkm.audit_head SET note = note", "DELETE FROM gkm.audit_head", "UPDATE gkm.audit_node SET hash = hash",
      "DELETE FROM gkm.audit_node",
    ]) func appendOnly(_ sql: String) async throws
  {
    try await SealedMarket.with { sealed in
      try await sealed.write(2)
      try await sealed.sealAll()
      let insert = """
        INSERT INTO gkm.audit_leaf (leaf_index, event_id, event_at, hash) VALUES (2, 99, now(), sha256('x'))
        """
      for role in [Role.support, .ops, .admin] {
        let person = try await PostgresConnection.connect(try await sealed.market.person(role))
        for statement in [sql, insert] {
          await #expect(throws: PostgresError.self) { try await person.run { try $0.script(statement) } }
        }
        await person.close()
      }
      for statement in [sql, insert] {
        await #expect(throws: PostgresError.self) { try await sealed.daemon.run { try $0.script(statement) } }
      }
      for statement in [
        sql, "SELECT customer_email FROM gkm.orders", "UPDATE gkm.audit_event SET body = body",
        "INSERT INTO gkm.audit_event (action, subject_kind, subject_id, body) VALUES ('a.b', 'order', '1', 'x')",
        insert.replacing("(2,", with: "(3,"),
      ] {
        await #expect(throws: PostgresError.self, "\(statement)") {
          try await sealed.sealer.run { try $0.script(statement) }
        }
      }
    }
  }

  @Test("a step refuses a tree that is not the one it made")
  func conflict() async throws {
    try await SealedMarket.with { sealed in
      try await sealed.write(5)
      try await sealed.sealAll()
      let position = try await sealed.sealer.read { try SealedMarket.position($0) }
      let step = sealed.step()
      try await sealed.tamper("DELETE FROM gkm.audit_leaf WHERE leaf_index = 4;")
      await #expect(throws: SealConflict(expected: 5, found: 4)) {
        _ = try await sealed.sealer.write { try step.run($0, position, now: Instant(unixSeconds: 1)) }
      }
    }
  }
}
