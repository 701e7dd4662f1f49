import Market
import Postgres
import Store
import TestSupport
import Testing

/// The log at size: figures are printed, none is demanded.
@Suite struct SealingLongTests {
  private static let events = 1_000_000

  @Test("a million events: sealed, verified, proved") func aMillionEvents() async throws {
    try await SealedMarket.with { sealed in
      let perPart = 50_000
      for part in 0..<Self.events / perPart { try await sealed.tamper(Self.fill(part * perPart, perPart)) }
      try await sealed.sql("ANALYZE gkm.audit_event;")

      let step = sealed.step(limit: 8_192)
      let sealing = ContinuousClock.now
      var position = try await sealed.sealer.read { try SealedMarket.position($0) }
      let end = sealing + .seconds(600)
      while position.tree.size < Self.events, ContinuousClock.now < end {
        let from = position
        let result = try await sealed.sealer.write { try step.run($0, from, now: Instant(unixSeconds: 1_767_225_600)) }
        position = result.position
        // What other databases of the server are in the midst of can hold the last ones up.
        if !result.isFull { try await Task.sleep(for: .milliseconds(20)) }
      }
      #expect(position.tree.size == Self.events)
      Self.tell("sealed", since: sealing)

      let auditor = try await PostgresConnection.connect(sealed.market.superuser)
      var check = LogCheck()
      check.keys = [sealed.signer.verifier]
      let newest = try #require(try await auditor.read { try StoredHead.newest($0) })
      check.outside = [try SignedHead(parsing: newest.note)]
      try await sealed.sql("ANALYZE gkm.audit_leaf;")
      let verifying = ContinuousClock.now
      let report = try await check.run(auditor)
      Self.tell("verified", since: verifying)
      #expect(report.findings == [] && report.leaves.count == Self.events && report.heads >= Self.events / 8_192)

      let proving = ContinuousClock.now
      for index in stride(from: 0, to: Self.events, by: 99_991) {
        let (path, leaf) = try await auditor.read { session in
          (
            try SealedTree.inclusion(session, of: index, size: Self.events),
            try session.first("SELECT hash FROM gkm.audit_leaf WHERE leaf_index = \(index)") { try $0.merkleHash(0) }
          )
        }
        #expect(
          MerkleProof.verifyInclusion(
            of: try #require(leaf), at: index, size: Self.events, path: path, root: newest.root))
      }
      print("SealingLongTests: 11 proofs in \(ContinuousClock.now - proving)")

      // One byte in a million events.
      try await sealed.tamper(
        "UPDATE gkm.audit_event SET body = set_byte(body, 20, 57) WHERE id = (SELECT max(id) - 4321 FROM gkm.audit_event);"
      )
      let found = try await check.run(auditor)
      #expect(found.findings.map(\.kind) == [.edited])
      await auditor.close()
    }
  }

  private static func tell(_ what: String, since start: ContinuousClock.Instant) {
    let seconds = Double((ContinuousClock.now - start).wholeMicroseconds) / 1_000_000
    print("SealingLongTests: \(what) \(events) events in \(Int(seconds)) s, \(Int(Double(events) / seconds))/s")
  }

  /// Events as the daemon writes them, made by the server.
  private static func fill(_ first: Int, _ count: Int) -> String {
    """
    INSERT INTO gkm.audit_event (at, actor, action, subject_kind, subject_id, body)
    SELECT at, 'gkm_daemon', 'delivery.confirmed', 'delivery', n::text, convert_to(
      E'gkm-audit v1\\nat ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      || E'\\nactor gkm_daemon\\nrole daemon\\naction delivery.confirmed\\nsubject delivery ' || n
      || E'\\nnonce ' || md5(n::text) || E'\\ndetail.attempt 1\\ndetail.message_id <' || md5(n::text)
      || E'@shop.example>\\ndetail.reply 250 2.0.0 Ok: queued as ' || n || E'\\n', 'UTF8')
    FROM (SELECT n, now() + n * interval '1 microsecond' AS at
      FROM generate_series(\(first), \(first + count - 1)) AS n) AS s
    """ + ";"
  }
}
