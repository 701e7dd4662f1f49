package import Market
package import Postgres

/// One dispute with its evidence, the newest last. For staff.
package struct DisputeDossier: Sendable, Equatable {
  package var dispute: DisputeRow
  package var evidence: [EvidenceRow]

  /// What can be worked on, or is on its way; `nil` where there is none.
  package var open: EvidenceRow? { evidence.last { $0.state != .submitted } }

  package static func read(_ session: borrowing Session, dispute id: String) throws -> DisputeDossier? {
    guard let row = try DisputeList.page(session, where: ["d.id = \(id)"], after: nil, limit: 1).first else {
      return nil
    }
    return DisputeDossier(
      dispute: row, evidence: try EvidenceRow.read(session, where: "e.dispute_id = \(id)").suffix(50))
  }

  package var fields: [ListField] {
    dispute.fields + [ListField("evidence_drafts", .objects(evidence.map(\.fields)))]
  }
}

/// Evidence as it is stored.
package struct EvidenceRow: Sendable, Equatable {
  package var id: EvidenceID
  package var dispute: String
  package var orderID: OrderID
  package var state: EvidenceState
  package var evidence: Evidence
  package var round: Int32
  package var preparedBy: String
  package var requestedBy: String?
  package var requestedAt: Instant?
  package var stagedAt: Instant?
  package var submittedAt: Instant?
  /// The dispute's status when Stripe last answered.
  package var answer: String?
  /// Why Stripe refused it.
  package var problem: String?
  package var updatedAt: Instant
  package var version: Int64

  package var call: EvidenceCall { EvidenceCall(evidence: id, round: round, submits: state != .staging) }

  static func read(_ session: borrowing Session, where condition: SQL) throws -> [EvidenceRow] {
    try session.rows(
      """
      SELECT e.id, e.dispute_id, e.order_id, e.state, ARRAY(SELECT jsonb_object_keys(e.fields) ORDER BY 1),
        ARRAY(SELECT f.value FROM jsonb_each_text(e.fields) f ORDER BY f.key), e.round, e.prepared_by, e.requested_by,
        e.requested_at, e.staged_at, e.submitted_at, e.answer, e.problem::text, e.updated_at, e.version
      FROM gkm.dispute_evidence e WHERE \(sql: condition) ORDER BY e.id
      """
    ) { row in
      EvidenceRow(
        id: try row.id(0), dispute: try row.string(1), orderID: try row.id(2), state: try row.word(3),
        evidence: try evidence(names: row.stringArray(4), texts: row.stringArray(5)), round: try row.int32(6),
        preparedBy: try row.string(7), requestedBy: try row.stringOrNil(8), requestedAt: try row.instantOrNil(9),
        stagedAt: try row.instantOrNil(10), submittedAt: try row.instantOrNil(11), answer: try row.stringOrNil(12),
        problem: try row.stringOrNil(13), updatedAt: try row.instant(14), version: try row.int64(15))
    }
  }

  private static func evidence(names: [String], texts: [String]) throws -> Evidence {
    var evidence = Evidence()
    for (name, text) in zip(names, texts) {
      guard let field = EvidenceField(rawValue: name) else {
        throw StoreError.unknownWord(column: "dispute_evidence.fields", word: name)
      }
      do throws(EvidenceError) {
        try evidence.set(field, to: text)
      } catch {
        throw StoreError.badRow("evidence: \(error)")
      }
    }
    return evidence
  }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id.rawValue)), ListField("state", .text(state.rawValue)),
      ListField("version", .integer(version)), ListField("characters", .integer(Int64(evidence.length))),
      ListField(
        "fields",
        .object(evidence.fields.sorted { $0.key < $1.key }.map { ListField($0.key.rawValue, .text($0.value)) })),
      ListField("prepared_by", .text(preparedBy)), ListField("requested_by", .optional(requestedBy)),
      ListField("requested_at", .optional(requestedAt)), ListField("staged_at", .optional(stagedAt)),
      ListField("submitted_at", .optional(submittedAt)), ListField("answer", .optional(answer)),
      ListField("problem", .optional(problem)), ListField("updated_at", .time(updatedAt)),
    ]
  }
}
