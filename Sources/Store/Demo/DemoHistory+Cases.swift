import Market
import Postgres

// The market's own cases: orders that a person must see to.

extension DemoHistory {
  private struct CaseRow {
    let kind: CaseKind
    let order: DemoOrder
    let text: String
    /// The one vendor whose part it is.
    var vendor: VendorID?
  }

  /// Opens a case for each order that waits for a person.
  mutating func openCases(_ session: borrowing Session, _ orders: [DemoOrder]) throws {
    let rows = orders.compactMap { caseRow($0) }
    guard !rows.isEmpty else { return }
    let ids: [CaseID] = try session.rows(
      "SELECT nextval('gkm.support_case_id_seq') FROM generate_series(1, \(rows.count))"
    ) { try $0.id(0) }
    let audiences = rows.map { $0.vendor == nil ? "internal" : "vendor" }
    try session.pipeline([
      """
      INSERT INTO gkm.support_case (id, queue, kind, order_id, vendor_id, state, audience, priority, due_at, opened_by,
        is_automatic, created_at, updated_at)
      SELECT c.id, t.queue, c.kind, c.order_id, c.vendor, 'open', 'internal', t.priority,
        c.at + gkm.case_time(t.priority), 'gkm_daemon', true, c.at, c.at
      FROM unnest(
        \(ids), \(rows.map(\.kind.rawValue)), \(rows.map(\.order.id)), \(rows.map(\.vendor)),
        \(rows.map(\.order.updatedAt))
      ) AS c (id, kind, order_id, vendor, at), LATERAL gkm.case_terms(c.kind) t
      """,
      """
      INSERT INTO gkm.case_message (case_id, audience, vendor_id, author, author_role, body, created_at)
      SELECT c.id, c.audience, c.vendor, 'gkm_daemon', 'daemon', c.body, c.at
      FROM unnest(
        \(ids), \(audiences), \(rows.map(\.vendor)), \(rows.map(\.text)), \(rows.map(\.order.updatedAt))
      ) AS c (id, audience, vendor, body, at)
      """,
    ])
    for (id, row) in zip(ids, rows) {
      try audit.add(
        .caseOpened, .supportCase(id), at: row.order.updatedAt, order: row.order.reference, vendor: row.vendor,
        details: ["kind": row.kind.rawValue])
    }
  }

  private func caseRow(_ order: DemoOrder) -> CaseRow? {
    switch order.state {
    case .unfulfillable:
      let vendors = Set(order.lines.map { listings[$0.listing].vendor })
      return CaseRow(
        kind: .unfulfillable, order: order, text: "Paid too late: its stock is sold. It waits for new stock.",
        vendor: vendors.count == 1 ? vendors.first : nil)
    case .held:
      return CaseRow(
        kind: .paymentHeld, order: order,
        text: "Held: \(order.holdReason?.rawValue ?? "by staff"). Look at the payment.")
    default: return nil
    }
  }
}
