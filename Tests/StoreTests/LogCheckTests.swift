import Market
import Postgres
import Store
import TestSupport
import Testing

/// What a superuser does who has switched triggers off, and what `gkm audit verify` says of it.
@Suite("gkm audit verify") struct LogCheckTests {
  /// One tampering with a log of 600 sealed events in heads of 100.
  struct Tampering: Sendable, CustomTestStringConvertible {
    let name: String
    let sql: String
    /// What must be found, as `kind leaf event`; `*` for any.
    let found: [String]
    /// Whether it takes an outside head to notice.
    var needsOutside = false

    var testDescription: String { name }
  }

  private static let body = "(SELECT body FROM gkm.audit_event WHERE id = 77)"
  private static let forged = "convert_to(replace(convert_from(body, 'UTF8'), 'number ', 'number 1'), 'UTF8')"
  /// Leaves from this one on, with their events and heads, are gone.
  private static func cut(_ size: Int) -> String {
    """
    DELETE FROM gkm.audit_event e USING gkm.audit_leaf l WHERE l.event_id = e.id AND l.leaf_index >= \(size);
    DELETE FROM gkm.audit_leaf WHERE leaf_index >= \(size);
    DELETE FROM gkm.audit_head WHERE tree_size > \(size);
    DELETE FROM gkm.audit_node WHERE node_index >= \(size / 256);
    """
  }

  static let tamperings: [Tampering] = [
    Tampering(
      name: "an event is edited", sql: "UPDATE gkm.audit_event SET body = \(forged) WHERE id = 77;",
      found: ["edited 76 77"]),
    Tampering(
      name: "an event and its leaf are edited",
      sql: """
        UPDATE gkm.audit_event SET body = \(forged) WHERE id = 77;
        UPDATE gkm.audit_leaf SET hash = sha256('\\x00'::bytea || \(body)) WHERE event_id = 77;
        """, found: ["rewritten 0 *", "rewritten 0 *"]),
    Tampering(
      name: "columns are edited", sql: "UPDATE gkm.audit_event SET actor = 'ops_anna' WHERE id = 77;",
      found: ["columns 76 77"]),
    Tampering(
      name: "an event is moved to another order", sql: "UPDATE gkm.audit_event SET order_id = 1 WHERE id = 77;",
      found: ["columns 76 77"]),
    Tampering(
      name: "an event is deleted", sql: "DELETE FROM gkm.audit_event WHERE id = 77;", found: ["deleted 76 77"]),
    Tampering(
      name: "an event is deleted with its leaf",
      sql: "DELETE FROM gkm.audit_event WHERE id = 77; DELETE FROM gkm.audit_leaf WHERE event_id = 77;",
      found: ["gap 76 *"]),
    Tampering(
      name: "an event is renumbered",
      sql: """
        ALTER TABLE gkm.audit_event ALTER id DROP IDENTITY;
        UPDATE gkm.audit_event SET id = 9999 WHERE id = 77;
        """,
      found: ["renumbered 76 77"]),
    Tampering(
      name: "two events change places",
      sql: """
        ALTER TABLE gkm.audit_event ALTER id DROP IDENTITY;
        UPDATE gkm.audit_event SET id = -1 WHERE id = 77; UPDATE gkm.audit_event SET id = 77 WHERE id = 177;
        UPDATE gkm.audit_event SET id = 177 WHERE id = -1;
        """, found: ["renumbered 76 77", "renumbered 176 177"]),
    Tampering(
      name: "two leaves change places",
      sql: """
        UPDATE gkm.audit_leaf SET leaf_index = 10000 WHERE leaf_index = 76;
        UPDATE gkm.audit_leaf SET leaf_index = 76 WHERE leaf_index = 176;
        UPDATE gkm.audit_leaf SET leaf_index = 176 WHERE leaf_index = 10000;
        """, found: ["rewritten 0 *", "reordered 77 *"]),
    Tampering(
      name: "an event is back-dated", sql: "UPDATE gkm.audit_event SET at = at - interval '1 day' WHERE id = 77;",
      found: ["backdated 76 77"]),
    Tampering(
      name: "an event is back-dated with its bytes",
      sql: """
        UPDATE gkm.audit_event SET at = at - interval '1 day', body = convert_to(
          regexp_replace(convert_from(body, 'UTF8'), E'\\nat [^\\n]*', E'\\nat 2020-01-01T00:00:00.000000Z'), 'UTF8')
        WHERE id = 77;
        """, found: ["edited 76 77"]),
    Tampering(
      name: "an event is said to come from another one of Stripe's",
      sql: "UPDATE gkm.audit_event SET stripe_event = 'evt_other' WHERE id = 77;", found: ["columns 76 77"]),
    Tampering(
      name: "all events are truncated away", sql: "TRUNCATE gkm.audit_event;",
      found: ["deleted 0 1", "deleted 599 600"]
    ),
    Tampering(
      name: "an event is put in later",
      sql: """
        INSERT INTO gkm.audit_event (id, at, xact, actor, action, subject_kind, subject_id, body) OVERRIDING SYSTEM VALUE
        SELECT 9999, at, xact, actor, action, subject_kind, subject_id, \(forged) FROM gkm.audit_event WHERE id = 77;
        """, found: ["inserted * 9999"]),
    Tampering(
      name: "leaves are cut off", sql: "DELETE FROM gkm.audit_leaf WHERE leaf_index >= 550;",
      found: ["truncated 550 *"]),
    Tampering(
      name: "the end of the log is cut off", sql: cut(400), found: ["truncated 400 *"], needsOutside: true),
    Tampering(
      name: "a kept node is changed", sql: "UPDATE gkm.audit_node SET hash = sha256('x') WHERE node_index = 1;",
      found: ["node 256 *"]),
    Tampering(
      name: "a head's row is changed", sql: "UPDATE gkm.audit_head SET root = sha256('x') WHERE tree_size = 300;",
      found: ["head * *"]),
  ]

  @Test("names what was done and where", arguments: tamperings)
  func tampering(_ tampering: Tampering) async throws {
    try await Self.log { sealed, outside in
      try await sealed.tamper(tampering.sql)
      let inside = try await Self.check(sealed, outside: [])
      if tampering.needsOutside {
        #expect(inside.findings.isEmpty)
      } else {
        Self.expect(tampering.found, in: inside)
      }
      Self.expect(tampering.found, in: try await Self.check(sealed, outside: outside))
    }
  }

  @Test("finds nothing in a log that nobody touched, in parts, from a saved place, and with heads from outside")
  func untouched() async throws {
    try await Self.log { sealed, outside in
      let whole = try await Self.check(sealed, outside: outside)
      #expect(whole.findings == [] && whole.leaves == 0..<600 && whole.heads >= 12)
      for range in [0..<600, 100..<350, 256..<512, 599..<600, 300..<300] {
        var check = LogCheck()
        check.keys = [sealed.signer.verifier]
        check.from = range.lowerBound
        check.to = range.upperBound
        let part = try await Self.run(check, sealed)
        #expect(part.findings == [] && part.leaves == range, "\(range)")
      }
      var later = LogCheck()
      later.keys = [sealed.signer.verifier]
      later.verified = whole.verified
      #expect(try await Self.run(later, sealed).leaves == 600..<600)
      try await sealed.write(10)
      try await sealed.sealAll()
      let rest = try await Self.run(later, sealed)
      #expect(rest.leaves == 600..<610 && rest.findings.isEmpty && rest.heads >= 1)
      var beyond = LogCheck()
      beyond.from = 5_000
      await #expect(throws: ActionRefused.self) { try await Self.run(beyond, sealed) }
    }
  }

  @Test("a log made anew and signed with another key is noticed by the key, and by any head from outside")
  func resigned() async throws {
    try await Self.log { sealed, outside in
      try await sealed.tamper(
        """
        TRUNCATE gkm.audit_leaf, gkm.audit_node, gkm.audit_head;
        UPDATE gkm.audit_event SET body = \(Self.forged) WHERE id = 77;
        """)
      var theirs = sealed
      theirs.signer = try #require(SealedMarket.signer(66))
      try await theirs.sealAll()
      // Nothing inside the database is amiss.
      #expect(try await Self.run(LogCheck(), sealed).findings == [])
      let byKey = try await Self.check(sealed, outside: [])
      #expect(byKey.findings.contains { $0.kind == .resigned })
      let byHead = try await Self.check(sealed, outside: outside)
      #expect(byHead.findings.contains { $0.kind == .rewritten && $0.leaf == 0 })
    }
  }

  @Test("the sealer's own key does not help either: a head from outside tells where the log was made anew")
  func rewrittenWithTheKey() async throws {
    try await Self.log { sealed, outside in
      try await sealed.tamper(
        """
        TRUNCATE gkm.audit_leaf, gkm.audit_node, gkm.audit_head;
        UPDATE gkm.audit_event SET body = \(Self.forged) WHERE id = 277;
        """)
      try await sealed.sealAll()
      #expect(try await Self.check(sealed, outside: []).findings == [])
      let report = try await Self.check(sealed, outside: outside)
      #expect(report.findings.map(\.kind) == [.rewritten])
      #expect(report.findings.first?.leaf == 200)
      #expect(report.findings.first?.text.contains("leaves 200 to 299") == true)
    }
  }

  @Test("an outside head of a key that is not trusted is told, and counts for nothing")
  func untrustedOutside() async throws {
    try await Self.log { sealed, _ in
      let other = try #require(SealedMarket.signer(9))
      let head = try SignedHead(
        Checkpoint(origin: SealedMarket.origin, size: 5_000, root: .empty, at: Instant(unixSeconds: 0)), signedBy: other
      )
      let report = try await Self.check(sealed, outside: [head])
      #expect(report.findings.map(\.kind) == [.resigned])
    }
  }

  /// 600 events in heads of 100, and these heads as they were kept outside.
  private static func log(_ body: @Sendable (SealedMarket, [SignedHead]) async throws -> Void) async throws {
    try await SealedMarket.with { sealed in
      var heads: [SignedHead] = []
      for _ in 0..<6 {
        // One transaction for each event of a kind, so that their order shows.
        try await sealed.write(50)
        try await sealed.write(50)
        heads.append(try await sealed.sealAll())
      }
      try await body(sealed, heads)
    }
  }

  private static func check(_ sealed: SealedMarket, outside: [SignedHead]) async throws -> LogCheck.Report {
    var check = LogCheck()
    check.keys = [sealed.signer.verifier]
    check.outside = outside
    return try await run(check, sealed)
  }

  private static func run(_ check: LogCheck, _ sealed: SealedMarket) async throws -> LogCheck.Report {
    let auditor = try await PostgresConnection.connect(sealed.market.superuser)
    do {
      let report = try await check.run(auditor)
      await auditor.close()
      return report
    } catch {
      await auditor.close()
      throw error
    }
  }

  private static func expect(_ wanted: [String], in report: LogCheck.Report) {
    for text in wanted {
      let parts = text.split(separator: " ")
      let isThere = report.findings.contains {
        $0.kind.rawValue == parts[0] && (parts[1] == "*" || $0.leaf == Int(parts[1]))
          && (parts[2] == "*" || $0.event == Int64(parts[2]))
      }
      #expect(isThere, "\(text) is not among \(report.findings.map { "\($0.kind) \($0.text)" })")
    }
  }
}
