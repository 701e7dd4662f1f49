import FoundationEssentials
import Market
import Postgres

extension Verification {
  static let ledgerChecks: [Check] = [
    Check(
      "ledger.balanced", "every ledger transaction is whole and sums to zero",
      counting: "SELECT count(*) FROM gkm.ledger_tx", unbalanced),
    Check("ledger.entries", "every order's ledger is what its payment makes of it", body: entries),
    Check(
      "ledger.vendors", "what vendors are owed follows from what was sold, refunded and disputed",
      counting: "SELECT count(*) FROM gkm.ledger_account WHERE vendor_id IS NOT NULL", vendors),
    Check(
      "commission.frozen", "every line's commission is what its terms give",
      counting: "SELECT count(*) FROM gkm.order_line", commission),
  ]

  private static let unbalanced: SQL = """
    SELECT 'transaction ' || t.id, 'has ' || count(p.tx_id) || ' postings instead of ' || t.postings
    FROM gkm.ledger_tx t LEFT JOIN gkm.ledger_posting p ON p.tx_id = t.id
    GROUP BY t.id HAVING count(p.tx_id) <> t.postings
    UNION ALL
    SELECT 'transaction ' || p.tx_id, 'is off by ' || sum(p.amount) || ' ' || p.currency
    FROM gkm.ledger_posting p GROUP BY p.tx_id, p.currency HAVING sum(p.amount) <> 0
    UNION ALL
    SELECT 'transaction ' || p.tx_id, 'has in place ' || p.position || ' what is not of its account, or not of its order'
    FROM gkm.ledger_posting p
    LEFT JOIN gkm.ledger_tx t ON t.id = p.tx_id
    LEFT JOIN gkm.ledger_account a ON a.id = p.account_id
    LEFT JOIN gkm.order_line l ON l.id = p.order_line_id
    WHERE t.id IS NULL OR a.vendor_id IS DISTINCT FROM p.vendor_id OR a.currency IS DISTINCT FROM p.currency
      OR p.order_line_id IS NOT NULL AND (l.order_id IS DISTINCT FROM t.order_id
        OR a.vendor_id IS NOT NULL AND a.vendor_id IS DISTINCT FROM l.vendor_id)
    """

  /// Orders that wait for their first entries are left out: they were paid before there was a ledger.
  private static let books = """
    SELECT o.number, o.amount, o.currency, p.facts, l.ids, l.vendors, l.amounts, l.commissions, b.kinds, b.vendors,
      b.currencies, b.lines, b.amounts, r.requests, r.lines, r.amounts
    FROM gkm.orders o
    JOIN gkm.payment p ON p.order_id = o.id
    LEFT JOIN (
      SELECT order_id, array_agg(id) AS ids, array_agg(vendor_id) AS vendors,
        array_agg(unit_price * quantity) AS amounts, array_agg(commission::bigint) AS commissions
      FROM gkm.order_line GROUP BY 1
    ) l ON l.order_id = o.id
    LEFT JOIN (
      SELECT s.order_id, array_agg(s.kind) AS kinds, array_agg(coalesce(s.vendor_id, 0)) AS vendors,
        array_agg(s.currency::text) AS currencies, array_agg(coalesce(s.order_line_id, 0)) AS lines,
        array_agg(s.amount) AS amounts
      FROM (
        SELECT t.order_id, a.kind, a.vendor_id, a.currency, x.order_line_id, sum(x.amount)::bigint AS amount
        FROM gkm.ledger_tx t
        JOIN gkm.ledger_posting x ON x.tx_id = t.id
        JOIN gkm.ledger_account a ON a.id = x.account_id
        WHERE t.entry NOT LIKE 'fee:%' GROUP BY 1, 2, 3, 4, 5 HAVING sum(x.amount) <> 0
      ) s GROUP BY 1
    ) b ON b.order_id = o.id
    LEFT JOIN (
      SELECT s.order_id, array_agg(s.id::text) AS requests, array_agg(s.order_line_id) AS lines,
        array_agg(s.amount) AS amounts
      FROM (
        SELECT q.order_id, q.id, u.order_line_id, sum(x.amount)::bigint AS amount
        FROM gkm.refund_request q
        JOIN gkm.refund_request_unit x ON x.request_id = q.id
        JOIN gkm.order_unit u ON u.id = x.order_unit_id
        GROUP BY 1, 2, 3
      ) s GROUP BY 1
    ) r ON r.order_id = o.id
    WHERE (o.paid_at IS NOT NULL OR b.order_id IS NOT NULL)
      AND NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = 'post_ledger' AND j.subject = o.id::text)
    """

  /// Computes each order's position again from its lines and its payment's facts.
  private static func entries(_ verification: Verification, _ session: borrowing Session) throws -> Found {
    var found = Found()
    let decoder = JSONDecoder()
    try VerifyCursor(name: "verify_ledger").read(session, books) { row in
      found.checked += 1
      let number = try row.string(0)
      guard let facts = try? decoder.decode(PaymentFacts.self, from: Data(try row.bytes(3))) else {
        return found.add(number, "its payment's facts cannot be read")
      }
      let wanted = Ledger.position(of: try ledgerOrder(row, facts), facts: facts)
      let posted = try position(row)
      guard wanted != posted else { return }
      for (slot, amount) in difference(wanted, posted) {
        found.add(
          number,
          "has \(posted.amounts[slot] ?? 0) on \(slot.account.key)\(slot.line.map { " for line \($0)" } ?? ""); its facts make "
            + "it \(amount)")
      }
    }
    return found
  }

  private static func difference(_ wanted: LedgerPosition, _ posted: LedgerPosition) -> [(LedgerSlot, Int64)] {
    Set(wanted.amounts.keys).union(posted.amounts.keys).filter { wanted.amounts[$0] != posted.amounts[$0] }
      .sorted { ($0.account.key, $0.line ?? OrderLineID(0)) < ($1.account.key, $1.line ?? OrderLineID(0)) }
      .map { ($0, wanted.amounts[$0] ?? 0) }
  }

  private static func ledgerOrder(_ row: Row, _ facts: PaymentFacts) throws -> LedgerOrder {
    let total = try row.money(1, 2)
    guard !row.isNull(4) else { return LedgerOrder(total: total, lines: []) }
    let (ids, vendors) = (try row.int64Array(4), try row.int64Array(5))
    let (amounts, commissions) = (try row.int64Array(6), try row.int64Array(7))
    let lines = ids.indices.map {
      LedgerOrder.Line(
        id: OrderLineID(ids[$0]), vendor: VendorID(vendors[$0]), amount: amounts[$0], commission: commissions[$0])
    }
    var order = LedgerOrder(total: total, lines: lines)
    guard !row.isNull(13) else { return order }
    let (requests, parts, sums) = (try row.stringArray(13), try row.int64Array(14), try row.int64Array(15))
    for (refund, fact) in facts.refunds {
      guard let request = fact.request, requests.contains(request) else { continue }
      for place in requests.indices where requests[place] == request {
        order.allocations[refund, default: [:]][OrderLineID(parts[place])] = sums[place]
      }
    }
    return order
  }

  private static func position(_ row: Row) throws -> LedgerPosition {
    var position = LedgerPosition()
    guard !row.isNull(8) else { return position }
    let (kinds, vendors) = (try row.stringArray(8), try row.int64Array(9))
    let (currencies, lines, amounts) = (try row.stringArray(10), try row.int64Array(11), try row.int64Array(12))
    for place in kinds.indices {
      guard let kind = LedgerAccount.Kind(rawValue: kinds[place]), let currency = Currency(currencies[place]) else {
        throw StoreError.unknownWord(column: "ledger_account", word: "\(kinds[place]) \(currencies[place])")
      }
      let account = LedgerAccount(kind, vendor: vendors[place] == 0 ? nil : VendorID(vendors[place]), currency)
      position.add(
        amounts[place], to: LedgerSlot(account, line: lines[place] == 0 ? nil : OrderLineID(lines[place])))
    }
    return position
  }

  /// By other steps than the ledger's: from the lines, the rows of payments, refunds and disputes, and the rule that
  /// what goes back takes as much of the commission as of the price.
  private static let vendors: SQL = """
    WITH line AS (
      SELECT l.id, l.order_id, l.vendor_id, l.currency, (l.unit_price * l.quantity)::numeric AS amount,
        l.commission::numeric AS commission, -coalesce(sum(p.amount) FILTER (WHERE p.vendor_id IS NOT NULL), 0) AS owed,
        -coalesce(sum(p.amount) FILTER (WHERE p.vendor_id IS NULL), 0) AS earned
      FROM gkm.order_line l JOIN gkm.ledger_posting p ON p.order_line_id = l.id GROUP BY l.id
    ), part AS (
      SELECT line.*, amount - owed - earned AS back, commission * (amount - owed - earned) AS product FROM line
    ), single AS (
      SELECT p.order_id, p.refunded, coalesce(d.taken, 0) AS taken
      FROM gkm.payment p
      LEFT JOIN (
        SELECT order_id, sum(amount) AS taken FROM gkm.dispute
        WHERE (funds_withdrawn OR standing = 'lost') AND NOT funds_reinstated GROUP BY 1
      ) d ON d.order_id = p.order_id
      WHERE p.facts ? 'intents' AND 1 = (SELECT count(*) FROM jsonb_each(p.facts -> 'intents') i
        WHERE (i.value ->> 'succeeded')::boolean)
    )
    SELECT o.number, 'line ' || part.id || ' gave back ' || part.back || ' of ' || part.amount || ', and its commission '
      || part.commission - part.earned || ' of ' || part.commission
    FROM part JOIN gkm.orders o ON o.id = part.order_id
    WHERE part.back NOT BETWEEN 0 AND part.amount OR part.commission - part.earned <> div(part.product, part.amount)
      + CASE WHEN 2 * mod(part.product, part.amount) > part.amount
        OR 2 * mod(part.product, part.amount) = part.amount AND mod(div(part.product, part.amount), 2) = 1
        THEN 1 ELSE 0 END
    UNION ALL
    SELECT o.number, 'gave back ' || sum(part.back) || ' of its lines; refunded and disputed are ' || max(s.refunded)
      || ' and ' || max(s.taken)
    FROM part JOIN gkm.orders o ON o.id = part.order_id JOIN single s ON s.order_id = o.id
    GROUP BY o.id HAVING sum(part.back) <> least(o.amount, max(s.refunded) + max(s.taken))
    UNION ALL
    SELECT v.handle, 'is owed ' || coalesce(p.owed, 0) || ' ' || coalesce(p.currency, l.currency)
      || ' by the ledger, and ' || coalesce(l.owed, 0) || ' by the lines sold'
    FROM (
      SELECT vendor_id, currency, -sum(amount) AS owed FROM gkm.ledger_posting WHERE vendor_id IS NOT NULL GROUP BY 1, 2
    ) p
    FULL JOIN (SELECT vendor_id, currency, sum(owed) AS owed FROM line GROUP BY 1, 2) l
      ON l.vendor_id = p.vendor_id AND l.currency = p.currency
    JOIN gkm.vendor v ON v.id = coalesce(p.vendor_id, l.vendor_id)
    WHERE coalesce(p.owed, 0) <> coalesce(l.owed, 0)
    """

  private static let commission: SQL = """
    SELECT o.number, 'line ' || l.id || ' has a commission of ' || l.commission || ' ' || l.currency
      || '; its terms give ' || c.commission
    FROM gkm.order_line l
    JOIN gkm.orders o ON o.id = l.order_id
    CROSS JOIN LATERAL (
      SELECT (l.unit_price * l.quantity)::numeric AS amount, (l.unit_price * l.quantity)::numeric * l.commission_bps AS points
    ) a
    CROSS JOIN LATERAL (
      SELECT least(a.amount, coalesce(l.commission_max * l.quantity, a.amount), greatest(
        coalesce(l.commission_min * l.quantity, 0), l.commission_fixed * l.quantity + div(a.points, 10000)
        + CASE WHEN 2 * mod(a.points, 10000) > 10000
          OR 2 * mod(a.points, 10000) = 10000 AND mod(div(a.points, 10000), 2) = 1 THEN 1 ELSE 0 END)) AS commission
    ) c
    WHERE l.commission <> c.commission
    """
}
