package import Market
package import Postgres

/// Money that goes back: a request with the refund that carries it out, or a refund made in Stripe's dashboard.
package struct RefundRow: ListRow {
  package var id: Int64
  package var order: String
  package var orderID: OrderID
  /// `nil` for a refund that nobody asked for here.
  package var request: RefundRequestID?
  /// `re_…`; `nil` while Stripe has none.
  package var refund: String?
  package var state: RefundRequestState
  /// `whole`, `units` or `amount`.
  package var scope: String?
  package var amount: Money
  package var reason: String?
  package var requestedBy: String?
  package var approvals: Int64
  package var approvalsNeeded: Int64
  /// Why it failed, was rejected or waits.
  package var problem: String?
  package var createdAt: Instant
  package var updatedAt: Instant
  package var version: Int64

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("order", .text(order)), ListField("state", .text(state.rawValue)),
      ListField("amount", .integer(amount.amount)), ListField("currency", .text(amount.currency.code)),
      ListField("scope", .optional(scope)), ListField("request", .optional(request?.rawValue)),
      ListField("refund", .optional(refund)), ListField("reason", .optional(reason)),
      ListField("requested_by", .optional(requestedBy)), ListField("approvals", .integer(approvals)),
      ListField("approvals_needed", .integer(approvalsNeeded)), ListField("problem", .optional(problem)),
      ListField("created_at", .time(createdAt)), ListField("updated_at", .time(updatedAt)),
      ListField("version", .integer(version)),
    ]
  }
}

package enum RefundList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [RefundRow]
  {
    var all = conditions + ["r.carries IS NULL"]
    if let after { all.append("r.seq < \(after)") }
    let filter = SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT r.seq, o.number, r.order_id, r.request, r.refund, r.state, r.scope, r.amount, r.currency, r.reason,
        r.requested_by, (SELECT count(*) FROM gkm.refund_approval a WHERE a.request_id = r.request
          AND a.decision = 'approved'), r.approvals_needed, r.problem, r.created_at, r.updated_at, r.version
      FROM (\(unescaped: rows)) r
      JOIN gkm.orders o ON o.id = r.order_id
      WHERE \(sql: filter)
      ORDER BY r.seq DESC LIMIT \(limit)
      """
    ) { row in
      RefundRow(
        id: try row.int64(0), order: try row.string(1), orderID: try row.id(2), request: try row.idOrNil(3),
        refund: try row.stringOrNil(4), state: try row.word(5), scope: try row.stringOrNil(6),
        amount: try row.money(7, 8), reason: try row.stringOrNil(9), requestedBy: try row.stringOrNil(10),
        approvals: try row.int64(11), approvalsNeeded: Int64(try row.int(12)), problem: try row.stringOrNil(13),
        createdAt: try row.instant(14), updatedAt: try row.instant(15), version: try row.int64(16))
    }
  }

  /// Both are numbered from one sequence and indexed by it, so that they merge into one list. That a refund which
  /// carries out a request is not shown beside it is said outside: a condition within would cost a sort.
  private static let rows = """
    SELECT q.id AS seq, q.order_id, q.id AS request, q.stripe_refund AS refund, q.state, q.scope,
      q.amount::bigint AS amount, q.currency::text AS currency, q.reason::text AS reason, q.requested_by,
      q.approvals_needed, q.problem::text AS problem, q.requested_at AS created_at, q.updated_at, q.version,
      NULL::bigint AS carries
    FROM gkm.refund_request q
    UNION ALL
    SELECT f.seq, f.order_id, NULL::bigint, f.id, CASE f.status WHEN 'succeeded' THEN 'succeeded'
        WHEN 'failed' THEN 'failed' WHEN 'canceled' THEN 'failed' ELSE 'sent' END, NULL::text,
      f.amount::bigint, f.currency::text, f.reason::text, NULL::text, 0, f.failure_reason::text, f.created_at,
      f.updated_at, 0::bigint, f.request_id
    FROM gkm.refund f
    """
}

extension RefundList: ListDefinition {
  package static let capability = Capability.readPayments
  /// A vendor sees what becomes of their units; whose money goes back and why is between market and customer.
  package static let isForVendors = false
  package static let memberNames = [
    "id", "order", "state", "amount", "currency", "scope", "request", "refund", "reason", "requested_by", "approvals",
    "approvals_needed", "problem", "created_at", "updated_at", "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField(
          "state", .enumeration(RefundRequestState.allCases.map(\.rawValue) + ["open"]), "where it stands"),
        FilterField("order", .id, "the order's number"), FilterField("refund", .id, "re_…"),
        FilterField("scope", .enumeration(["whole", "units", "amount"]), "what it is of"),
        FilterField("by", .id, "who asked for it: a login"), FilterField("amount", .money, "the amount"),
        FilterField("currency", .id, "such as eur"), FilterField("reason", .text, "why"),
        FilterField("problem", .text, "what went wrong"), FilterField("created", .time, "when it was asked for"),
      ], timeField: "created", mainField: "state")
  }

  package static let moneyAlias = "r"

  package static let keyset: ListKeyset? = ListKeyset(
    "(SELECT q.id FROM gkm.refund_request q UNION ALL SELECT f.seq FROM gkm.refund f)", as: "r", place: "r.seq")

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return field == "order"
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "refund": "r.refund"
    case "scope": "r.scope"
    case "by": "r.requested_by"
    case "amount": "r.amount"
    case "currency": "r.currency"
    case "reason": "r.reason"
    case "problem": "r.problem"
    default: "r.created_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "state" else { return nil }
    let open = ["awaiting_approval", "approved", "sending", "sent"]
    return "r.state = ANY (\(values.flatMap { $0 == "open" ? open : [$0] }))"
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(o.number, \(text.uppercased())) > 0 OR r.refund = \(text) OR r.requested_by = \(lower)
      OR strpos(lower(coalesce(r.reason, '')), \(lower)) > 0 OR strpos(lower(coalesce(r.problem, '')), \(lower)) > 0
      """
  }
}
