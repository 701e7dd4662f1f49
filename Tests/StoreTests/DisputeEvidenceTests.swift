import Market
import Postgres
import Store
import TestSupport
import Testing

/// What people do about a dispute's evidence, as the database allows it.
@Suite("Dispute evidence") struct DisputeEvidenceTests {
  static let dispute = "dp_9"

  private func prepare(_ connection: PostgresConnection, _ dispute: String = dispute) async throws -> Int64 {
    try await connection.write { session in try EvidenceActions.prepare(session, dispute: dispute) }
  }

  private func edit(
    _ connection: PostgresConnection, _ id: EvidenceID, version: Int64, _ field: EvidenceField, _ text: String
  ) async throws -> Int64 {
    try await connection.write { session in
      try EvidenceActions.edit(session, evidence: id, version: version, field: field, text: text)
    }
  }

  private func submit(
    _ connection: PostgresConnection, _ id: EvidenceID, version: Int64, reason: String = "it was used"
  ) async throws -> Int64 {
    try await connection.write { session in
      try EvidenceActions.submit(session, evidence: id, version: version, submits: true, reason: reason)
    }
  }

  private func people(
    _ body:
      @Sendable @escaping (
        _ seeded: SeededMarket, _ support: PostgresConnection, _ ops: PostgresConnection
      ) async throws -> Void
  ) async throws {
    try await SeededMarket.with { seeded in
      let support = try await PostgresConnection.connect(try await seeded.person(.support))
      let ops = try await PostgresConnection.connect(try await seeded.person(.ops))
      try await body(seeded, support, ops)
      await support.close()
      await ops.close()
    }
  }

  private func draft(_ connection: PostgresConnection) async throws -> EvidenceRow {
    let open = try await connection.read { try EvidenceActions.current($0, dispute: Self.dispute).open }
    return try #require(open)
  }

  @Test("Support prepares and edits, operations submit, and each step is audited")
  func steps() async throws {
    try await people { seeded, support, ops in
      #expect(try await prepare(support) == 1)
      let prepared = try await draft(support)
      let id = prepared.id
      #expect(prepared.evidence[.customerEmailAddress] == "doubt@example.com")
      #expect(prepared.evidence[.customerName] == "Zoë Ødegård")
      let log = prepared.evidence[.accessActivityLog] ?? ""
      #expect(log.contains("250 2.0.0 Ok: queued; Message-ID <unit-") && log.contains("from 203.0.113.9"))

      #expect(try await edit(support, id, version: 1, .uncategorizedText, "two\nlines") == 2)
      await #expect(throws: ActionRefused(.notAllowed, "your role may not do this")) {
        try await submit(support, id, version: 2)
      }
      await #expect(throws: ActionRefused(.badRequest, "a reason of 3 to 500 characters is needed")) {
        try await submit(ops, id, version: 2, reason: "  x ")
      }
      #expect(try await submit(ops, id, version: 2) == 3)
      #expect(try await seeded.market.database.sql("SELECT kind, subject FROM gkm.job;") == "submit_evidence|\(id)")
      let onItsWay = ActionRefused(.impossible, "this evidence is on its way to Stripe")
      await #expect(throws: onItsWay) { try await prepare(ops) }
      await #expect(throws: onItsWay) { try await submit(ops, id, version: 3) }
      await #expect(throws: onItsWay) { try await edit(ops, id, version: 3, .receipt, "") }
      let audit = try await seeded.market.database.sql(
        """
        SELECT action, convert_from(body, 'UTF8') ~ 'reason it was used' FROM gkm.audit_event
        WHERE subject_kind = 'dispute' AND action LIKE 'dispute.evidence%' ORDER BY id;
        """)
      #expect(
        audit == "dispute.evidence.prepared|f\ndispute.evidence.edited|f\ndispute.evidence.requested|t", "\(audit)")
    }
  }

  @Test("A draft that changed since it was shown is not written over")
  func versions() async throws {
    try await people { _, support, ops in
      _ = try await prepare(support)
      let id = try await draft(ops).id
      _ = try await edit(support, id, version: 1, .customerName, "Zoë")
      await #expect(throws: ActionRefused(.changed, "this evidence changed since it was shown: it is draft now")) {
        try await submit(ops, id, version: 1)
      }
      await #expect(throws: PostgresError.self) {
        try await ops.write { session in
          _ = try session.first("SELECT api.prepare_evidence('dp_9', 0, '{}'::jsonb)") { try $0.int64(0) }
        }
      }
      #expect(try await draft(ops).evidence[.customerName] == "Zoë")
    }
  }

  @Test("The database and the program know the same fields and limits")
  func limits() async throws {
    try await MarketDatabase.with { market in
      let connection = try await PostgresConnection.connect(market.superuser)
      func problem(_ name: String, _ text: String) async throws -> String? {
        try await connection.read { session in
          try session.first("SELECT gkm.evidence_problem(jsonb_build_object(\(name)::text, \(text)::text))") {
            try $0.stringOrNil(0)
          } ?? nil
        }
      }
      for field in EvidenceField.allCases {
        let longest =
          field.isFile
          ? "file_" + String(repeating: "x", count: field.limit - 5) : String(repeating: "é", count: field.limit)
        var evidence = Evidence()
        try evidence.set(field, to: longest)
        #expect(try await problem(field.rawValue, longest) == nil, "\(field)")
        #expect(try await problem(field.rawValue, longest + "x")?.contains("Stripe takes \(field.limit)") == true)
        for bad in ["a\u{1B}b", "a\u{202E}b", "a\rb", "a\u{85}b"] {
          #expect(throws: EvidenceError.self) { try evidence.set(field, to: bad) }
          #expect(try await problem(field.rawValue, bad) != nil, "\(field)")
        }
        #expect(try await problem(field.rawValue, "see\tthe\nletter") == nil || field.isFile)
      }
      for name in ["shipping_address", "enhanced_evidence", "", "CUSTOMER_NAME"] {
        #expect(try await problem(name, "x")?.hasPrefix("Stripe has no evidence field called") == true, "\(name)")
      }
      let total = try await connection.read { session in
        try session.first(
          """
          SELECT gkm.evidence_problem((SELECT jsonb_object_agg(f, repeat('x', 20000)) FROM unnest(ARRAY[
            'access_activity_log', 'cancellation_policy_disclosure', 'cancellation_rebuttal',
            'duplicate_charge_explanation', 'product_description', 'refund_policy_disclosure',
            'refund_refusal_explanation', 'uncategorized_text']) f))
          """
        ) { try $0.stringOrNil(0) } ?? nil
      }
      #expect(total == "the evidence has 160000 characters; Stripe takes 150000")
      await connection.close()
    }
  }

  @Test("A dispute that is over takes no evidence, and neither does one that is not there")
  func over() async throws {
    try await people { seeded, support, _ in
      await #expect(throws: ActionRefused(.notFound, "there is no dispute dp_none")) {
        try await prepare(support, "dp_none")
      }
      try await seeded.market.database.sql(
        "SET session_replication_role = replica; UPDATE gkm.dispute SET status = 'won', standing = 'won';")
      await #expect(throws: ActionRefused(.impossible, "a dispute that is won takes no evidence")) {
        try await prepare(support)
      }
    }
  }
}
