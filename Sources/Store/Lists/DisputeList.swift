package import Market
package import Postgres

/// One dispute, as lists show it.
package struct DisputeRow: ListRow {
  /// Its place in the list.
  package var id: Int64
  /// `dp_…`
  package var dispute: String
  package var order: String
  package var orderID: OrderID
  package var charge: String?
  /// In Stripe's words.
  package var status: String
  package var standing: DisputeStanding
  package var reason: String?
  package var amount: Money
  package var fundsWithdrawn: Bool
  package var fundsReinstated: Bool
  /// Evidence is due by then.
  package var dueBy: Instant?
  /// Where the newest evidence stands; `nil` where there is none.
  package var evidence: EvidenceState?
  package var createdAt: Instant
  package var updatedAt: Instant

  /// The newest evidence, for who acts on it; `nil` where there is none, or it was submitted.
  package var draft: Draft?

  package struct Draft: Sendable, Equatable {
    package let id: EvidenceID
    package let state: EvidenceState
    package let version: Int64
  }

  package var rowID: Int64 { id }

  /// Whether Stripe takes evidence now.
  package var needsResponse: Bool { status == "needs_response" || status == "warning_needs_response" }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("dispute", .text(dispute)), ListField("order", .text(order)),
      ListField("charge", .optional(charge)), ListField("status", .text(status)),
      ListField("standing", .text(standing.rawValue)), ListField("reason", .optional(reason)),
      ListField("amount", .integer(amount.amount)), ListField("currency", .text(amount.currency.code)),
      ListField("funds_withdrawn", .flag(fundsWithdrawn)), ListField("funds_reinstated", .flag(fundsReinstated)),
      ListField("due_by", .optional(dueBy)), ListField("evidence", .optional(evidence?.rawValue)),
      ListField("created_at", .time(createdAt)), ListField("updated_at", .time(updatedAt)),
    ]
  }
}

package enum DisputeList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [DisputeRow]
  {
    var all = conditions
    if let after { all.append("d.seq < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT d.seq, d.id, o.number, d.order_id, d.charge, d.status, d.standing, d.reason::text, d.amount, d.currency,
        d.funds_withdrawn, d.funds_reinstated, d.due_by, e.state, d.created_at, d.updated_at, e.id, e.version
      FROM gkm.dispute d
      JOIN gkm.orders o ON o.id = d.order_id
      LEFT JOIN LATERAL (
        SELECT x.id, x.state, x.version FROM gkm.dispute_evidence x WHERE x.dispute_id = d.id ORDER BY x.id DESC LIMIT 1
      ) e ON true
      WHERE \(sql: filter)
      ORDER BY d.seq DESC LIMIT \(limit)
      """
    ) { row in
      DisputeRow(
        id: try row.int64(0), dispute: try row.string(1), order: try row.string(2), orderID: try row.id(3),
        charge: try row.stringOrNil(4), status: try row.string(5), standing: try row.word(6),
        reason: try row.stringOrNil(7), amount: try row.money(8, 9), fundsWithdrawn: try row.bool(10),
        fundsReinstated: try row.bool(11), dueBy: try row.instantOrNil(12),
        evidence: row.isNull(13) ? nil : try row.word(13), createdAt: try row.instant(14),
        updatedAt: try row.instant(15), draft: try draft(row))
    }
  }

  private static func draft(_ row: Postgres.Row) throws -> DisputeRow.Draft? {
    guard !row.isNull(13), let id: EvidenceID = try row.idOrNil(16) else { return nil }
    let state: EvidenceState = try row.word(13)
    return state == .submitted ? nil : DisputeRow.Draft(id: id, state: state, version: try row.int64(17))
  }
}

extension DisputeList: ListDefinition {
  package static let capability = Capability.readPayments
  /// A vendor sees what a dispute does to their balance, not the customer's quarrel.
  package static let isForVendors = false
  package static let memberNames = [
    "id", "dispute", "order", "charge", "status", "standing", "reason", "amount", "currency", "funds_withdrawn",
    "funds_reinstated", "due_by", "evidence", "created_at", "updated_at",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("standing", .enumeration(DisputeStanding.allCases.map(\.rawValue)), "what it means for the order"),
        FilterField("status", .enumeration(DisputeStatus.allCases.map(\.rawValue)), "where it stands at Stripe"),
        FilterField("evidence", .enumeration(EvidenceState.allCases.map(\.rawValue) + ["none"]), "the newest evidence"),
        FilterField("order", .id, "the order's number"), FilterField("dispute", .id, "dp_…"),
        FilterField("charge", .id, "ch_…"), FilterField("reason", .text, "such as fraudulent"),
        FilterField("amount", .money, "the amount"), FilterField("due", .time, "when evidence is due"),
        FilterField("created", .time, "when it was opened"),
      ], timeField: "created", mainField: "standing")
  }

  package static let moneyAlias = "d"

  package static let keyset: ListKeyset? = ListKeyset(
    "(SELECT d.seq AS id FROM gkm.dispute d)", as: "d", place: "d.seq")

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return ["order", "dispute"].contains(field)
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "standing": "d.standing"
    case "status": "d.status"
    case "evidence": "coalesce(e.state, 'none')"
    case "dispute": "d.id"
    case "charge": "d.charge"
    case "reason": "d.reason"
    case "amount": "d.amount"
    case "due": "d.due_by"
    default: "d.created_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    """
    strpos(o.number, \(text.uppercased())) > 0 OR d.id = \(text) OR d.charge = \(text)
      OR strpos(lower(coalesce(d.reason, '')), \(text.lowercased())) > 0
    """
  }
}
