import Market
import Postgres

/// Posts the ledger entries of the demo's paid orders, each at the time of what it is about.
struct DemoLedger {
  private struct Book {
    let id: OrderID
    let total: Money
    let facts: PaymentFacts
    let paidAt: Instant
    var lines: [LedgerOrder.Line] = []
  }

  private static let ordersAtOnce = 5_000

  /// - Parameter isAlone: whether nobody else writes to the market.
  func add(_ session: borrowing Session, isAlone: Bool) throws {
    try post(session, isAlone: isAlone)
    _ = try session.first(
      "SELECT gkm.note_holds(ARRAY(SELECT id FROM gkm.orders WHERE state IN ('disputed', 'held')))"
    ) { _ in }
    if isAlone { try LedgerCheckpoint.takeAlone(session) }
  }

  private func post(_ session: borrowing Session, isAlone: Bool) throws {
    var last = OrderID(0)
    while true {
      let books = try read(session, after: last, isAlone: isAlone)
      guard let end = books.last else { return }
      last = end.id
      let rows = try entries(session, books).sorted { $0.postedAt < $1.postedAt }
      for batch in rows.batches where !batch.isEmpty {
        try session.pipeline([LedgerWriting.accounts(Array(batch)), LedgerWriting.entries(Array(batch))])
      }
    }
  }

  /// Orders that were paid and have no entries, with their lines. Where nobody else writes none has any, and none is
  /// looked for: the index for that is not there yet.
  private func read(_ session: borrowing Session, after last: OrderID, isAlone: Bool) throws -> [Book] {
    var books: [Book] = try session.rows(
      """
      SELECT o.id, o.amount, o.currency, p.facts, o.paid_at
      FROM gkm.orders o JOIN gkm.payment p ON p.order_id = o.id
      WHERE o.id > \(last) AND o.paid_at IS NOT NULL
        AND (\(isAlone) OR NOT EXISTS (SELECT FROM gkm.ledger_tx t WHERE t.order_id = o.id))
      ORDER BY o.id LIMIT \(Self.ordersAtOnce)
      """
    ) { row in
      Book(
        id: try row.id(0), total: try row.money(1, 2), facts: try OrderSnapshot.decoded(try row.bytes(3)),
        paidAt: try row.instant(4))
    }
    let places = Dictionary(uniqueKeysWithValues: books.enumerated().map { ($1.id, $0) })
    let lines: [(order: OrderID, line: LedgerOrder.Line)] = try session.rows(
      """
      SELECT order_id, id, vendor_id, unit_price * quantity, commission FROM gkm.order_line
      WHERE order_id = ANY (\(books.map(\.id))) ORDER BY id
      """
    ) { row in
      (
        try row.id(0),
        LedgerOrder.Line(
          id: try row.id(1), vendor: try row.id(2), amount: try row.int64(3), commission: try row.int64(4))
      )
    }
    for (order, line) in lines {
      if let place = places[order] { books[place].lines.append(line) }
    }
    return books
  }

  private func entries(_ session: borrowing Session, _ books: [Book]) throws -> [LedgerRow] {
    let allocations = try PostedLedger.allocations(
      session, of: Dictionary(uniqueKeysWithValues: books.map { ($0.id, $0.facts) }))
    let times = try times(session, books.map(\.id))
    return books.flatMap { book in
      let order = LedgerOrder(total: book.total, lines: book.lines, allocations: allocations[book.id] ?? [:])
      return Ledger.missing(order, facts: book.facts, posted: []).map { entry in
        let object = entry.name.split(separator: ":").dropFirst().first.map(String.init)
        let span = object.flatMap { times[$0] } ?? (book.paidAt, book.paidAt)
        // A dispute's money comes back when it is over.
        return LedgerRow(
          order: book.id, entry: entry, stripeEvent: nil,
          postedAt: entry.name.hasSuffix(":reinstated") ? span.end : span.begin)
      }
    }
  }

  /// When refunds and disputes came to be and were heard of last, by their ids.
  private func times(
    _ session: borrowing Session, _ orders: [OrderID]
  ) throws -> [String: (begin: Instant, end: Instant)] {
    let rows = try session.rows(
      """
      SELECT id, created_at, updated_at FROM gkm.refund WHERE order_id = ANY (\(orders))
      UNION ALL SELECT id, created_at, updated_at FROM gkm.dispute WHERE order_id = ANY (\(orders))
      """
    ) { (try $0.string(0), (begin: try $0.instant(1), end: try $0.instant(2))) }
    return Dictionary(rows) { first, _ in first }
  }
}
