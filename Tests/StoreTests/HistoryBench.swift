import Market
import Postgres
import Store
import TestSupport

/// A market whose orders are those of random histories, told to it event by event.
struct HistoryBench: Sendable {
  let bench: Workbench

  private static let vendors = [VendorID(1), VendorID(2), VendorID(3)]

  static func with<T: Sendable>(_ body: @Sendable (HistoryBench) async throws -> T) async throws -> T {
    try await Workbench.with(keys: 0) { bench in
      try await bench.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        INSERT INTO gkm.vendor (handle, name, contact_email, mail_events) VALUES
          ('two', 'Two', 'two@example.com', '{}'), ('three', 'Three', 'three@example.com', '{}');
        INSERT INTO gkm.product (title, platform) SELECT 'Game ' || n, 'Steam' FROM generate_series(2, 4) n;
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency)
          SELECT 1, n, 100, 'eur' FROM generate_series(2, 4) n;
        INSERT INTO gkm.listing_stock (listing_id, vendor_id) SELECT n, 1 FROM generate_series(2, 4) n;
        COMMIT;
        """)
      return try await body(HistoryBench(bench: bench))
    }
  }

  static func history(_ seed: UInt64) throws -> MoneyHistory {
    try MoneyHistory(seed: seed, firstLine: Int64(order(seed).rawValue) * 10, vendors: vendors, prefix: "h\(seed)x")
  }

  private static func order(_ seed: UInt64) -> OrderID { OrderID(Int64(seed) + 1) }

  /// Writes the orders as checkout and refund requests left them.
  func open(_ histories: [MoneyHistory]) async throws {
    let rows = histories.map(Self.rows).joined(separator: "\n")
    try await bench.sql("BEGIN; SET LOCAL session_replication_role = replica;\n\(rows)\nCOMMIT;")
  }

  private static func rows(_ history: MoneyHistory) -> String {
    let id = order(history.seed)
    let code = history.currency.code
    let units = history.lines.reduce(0) { $0 + $1.quantity }
    var sql = """
      INSERT INTO gkm.orders (id, number, customer_email, amount, currency, token_hash, units_total)
        VALUES (\(id), '\(OrderNumber(random: history.seed &* 0x9E37_79B9).text)', 'a@example.com',
        \(history.total.amount), '\(code)', sha256('\(id)'), \(units));
      INSERT INTO gkm.payment (order_id) VALUES (\(id));
      """
    for (place, line) in history.lines.enumerated() {
      sql += """
        INSERT INTO gkm.order_line (id, order_id, listing_id, vendor_id, title, quantity, unit_price, currency,
          commission_bps, commission_fixed, commission_min, commission_max, commission)
          VALUES (\(line.id), \(id), \(place + 1), \(line.vendor), 'Game', \(line.quantity), \(line.unitPrice), '\(code)',
          \(line.terms.basisPoints), \(line.terms.fixed), \(line.terms.minimum.map { "\($0)" } ?? "NULL"),
          \(line.terms.maximum.map { "\($0)" } ?? "NULL"), \(line.commission));
        INSERT INTO gkm.order_unit (id, order_id, order_line_id, listing_id, vendor_id, position)
          SELECT \(line.id) * 10 + n, \(id), \(line.id), \(place + 1), \(line.vendor), n
          FROM generate_series(1, \(line.quantity)) n;
        """
    }
    for refund in history.refunds {
      guard let request = refund.request, let parts = refund.parts else { continue }
      sql += """
        INSERT INTO gkm.refund_request (id, order_id, payment_intent, scope, amount, currency, reason, state,
          approvals_needed, requested_as) VALUES (\(request), \(id), 'pi', 'units', \(refund.amount), '\(code)', 'test',
          'approved', 0, 'ops');
        """
      for (line, amount) in parts {
        sql += """
          INSERT INTO gkm.refund_request_unit (request_id, order_unit_id, amount, live)
            SELECT \(request), u.id, l.unit_price, false FROM gkm.order_unit u JOIN gkm.order_line l
            ON l.id = u.order_line_id WHERE l.id = \(line) AND u.position * l.unit_price <= \(amount);
          """
      }
    }
    return sql
  }

  /// Tells all their events in one random order, in batches of any size.
  func tell(_ histories: [MoneyHistory], _ dice: inout Dice) async throws {
    var events = histories.flatMap { history in
      history.facts.enumerated().map { place, fact in
        (
          id: "evt_\(history.seed)_\(place)",
          content: Self.content(fact, of: Self.order(history.seed), history.currency)
        )
      }
    }
    events.shuffle(using: &dice)
    while !events.isEmpty {
      let batch = Array(events.prefix(dice.number(1...40)))
      events.removeFirst(batch.count)
      let lease = Lease(for: .seconds(60))
      let claimed = try await bench.receive(batch, lease: lease)
      let context = bench.context(lease)
      _ = try await bench.daemon.write { try ApplyTransaction.run($0, claimed, context) }
    }
  }

  private static func content(_ fact: StripeFact, of order: OrderID, _ currency: Currency) -> EventContent {
    let at = Instant(unixSeconds: 1_767_225_600)
    let records: [PaymentRecord] =
      switch fact {
      case .attempt(let key, _): [.attempt(key: key, riskScore: nil, at: at)]
      case .refund(let id, _): [.refund(id: id, currency: currency, createdAt: at)]
      case .dispute(let id, _): [.dispute(id: id, currency: currency, createdAt: at)]
      default: []
      }
    return .order(order, facts: [fact], records: records)
  }

  /// `1 eur`: what each vendor is owed, by the ledger.
  func owed() async throws -> [String: Int64] {
    let text = try await bench.sql(
      """
      SELECT a.vendor_id || ' ' || a.currency, -sum(p.amount)
      FROM gkm.ledger_posting p JOIN gkm.ledger_account a ON a.id = p.account_id
      WHERE a.kind = 'vendor_payable' GROUP BY 1 HAVING sum(p.amount) <> 0;
      """)
    return text.split(separator: "\n").reduce(into: [:]) { found, line in
      let parts = line.split(separator: "|")
      if parts.count == 2 { found[String(parts[0])] = Int64(parts[1]) }
    }
  }

  /// The same by books kept otherwise.
  static func expected(_ histories: [MoneyHistory]) -> [String: Int64] {
    var owed: [String: Int64] = [:]
    for history in histories {
      for (vendor, amount) in PlainBooks(history).owed {
        owed["\(vendor) \(history.currency.code)", default: 0] += amount
      }
    }
    return owed.filter { $0.value != 0 }
  }
}
