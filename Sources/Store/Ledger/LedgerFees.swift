import Market
package import Postgres

/// What Stripe keeps of payments, as its balance tells line by line. The market bears it: no vendor's balance moves.
package enum LedgerFees {
  /// Posts the fees of recorded balance lines (`txn_…`); those posted before are left alone. Answers how many it posted.
  /// Inside a transaction, as the daemon.
  package static func post(_ session: borrowing Session, of lines: [String]) throws -> Int {
    let fees: [(entry: String, fee: Money)] = try session.rows(
      """
      SELECT 'fee:' || b.id, b.fee, b.currency FROM gkm.balance_line b
      WHERE b.id = ANY (\(lines)) AND b.fee <> 0
        AND NOT EXISTS (SELECT FROM gkm.ledger_tx t WHERE t.order_id IS NULL AND t.entry = 'fee:' || b.id)
      ORDER BY b.id
      """
    ) { (try $0.string(0), try $0.money(1, 2)) }
    guard !fees.isEmpty else { return 0 }
    let stamp = try Stamp.now(session)
    let rows = fees.map { entry, fee in
      LedgerRow(
        order: nil,
        entry: LedgerEntry(
          name: entry,
          postings: [
            LedgerPosting(LedgerSlot(LedgerAccount(.clearing, fee.currency)), -fee.amount),
            LedgerPosting(LedgerSlot(LedgerAccount(.fees, fee.currency)), fee.amount),
          ]), stripeEvent: nil, postedAt: stamp.at)
    }
    try session.pipeline([LedgerWriting.accounts(rows), LedgerWriting.entries(rows)])
    try note(session, fees, stamp)
    return rows.count
  }

  private static func note(
    _ session: borrowing Session, _ fees: [(entry: String, fee: Money)], _ stamp: Stamp
  ) throws {
    let ids: [(entry: String, id: LedgerTxID)] = try session.rows(
      "SELECT entry::text, id FROM gkm.ledger_tx WHERE order_id IS NULL AND entry = ANY (\(fees.map(\.entry)))"
    ) { (try $0.string(0), try $0.id(1)) }
    let amounts = Dictionary(uniqueKeysWithValues: fees.map { ($0.entry, $0.fee) })
    var audit = AuditBatch(stamp)
    for (entry, id) in ids {
      try audit.add(
        .ledgerFeePosted, AuditSubject(kind: "ledger_tx", id: id.description),
        details: [
          "entry": entry, "amount": amounts[entry].map { String($0.amount) } ?? "",
          "currency": amounts[entry]?.currency.code ?? "",
        ])
    }
    try session.execute(audit.statement)
  }
}
