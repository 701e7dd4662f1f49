import Market
import Postgres

/// The requests behind most of the demo's refunds, with who asked and who agreed, and a few that nobody has decided on
/// yet. The others were made in Stripe's dashboard.
struct DemoRefunds {
  /// Set behind each login.
  let suffix: String
  let now: Instant
  private var random: DemoRandom
  private var audit = DemoAudit()

  /// Beyond so many, refunds are the dashboard's.
  private static let limit = 3_000
  private static let reasons = [
    "the customer bought it twice", "region does not match the customer's account", "goodwill, long wait for support",
    "the customer changed their mind before looking at the key", "the key was redeemed already, says the publisher",
  ]

  init(suffix: String, now: Instant, random: DemoRandom) {
    self.suffix = suffix
    self.now = now
    self.random = random
  }

  /// Something that was asked for: who for, how much, and what became of it.
  private struct Request {
    let id: RefundRequestID
    let order: (id: OrderID, number: String)
    let intent: String
    let money: Money
    let scope: RefundScope
    let state: RefundRequestState
    /// `re_…`
    let refund: String?
    let asker: (login: String, role: AuditRole)
    let deciders: [String]
    let needed: Int
    let reason: String
    let requestedAt: Instant
    /// When Stripe was asked; `nil` where it was not.
    let sentAt: Instant?
  }

  /// Answers how many audit events it wrote.
  mutating func add(_ session: borrowing Session) throws -> Int {
    try session.execute(
      """
      UPDATE gkm.order_unit u SET state = CASE o.state WHEN 'refunded' THEN 'refunded' ELSE 'cancelled' END
      FROM gkm.orders o WHERE o.id = u.order_id AND u.state = 'sold' AND o.state IN ('refunded', 'charged_back')
      """)
    let limits = try Dictionary(
      uniqueKeysWithValues: MarketSetting.all(session).map { ($0.name, Int64($0.value) ?? 0) })
    let requests = try carriedOut(session, limits) + undecided(session, limits)
    guard !requests.isEmpty else { return 0 }
    try write(session, requests)
    try revoke(session, requests)
    for request in requests { try tell(request) }
    let count = audit.count
    try audit.write(session)
    return count
  }

  // MARK: Who asked for what

  private mutating func carriedOut(
    _ session: borrowing Session, _ limits: [String: Int64]
  ) throws -> [Request] {
    let found = try session.rows(
      """
      SELECT f.seq, f.order_id, o.number, f.id, f.status, f.amount, f.currency, f.created_at, p.intent,
        o.amount::bigint, o.units_total > 1 AND f.amount = (SELECT l.unit_price FROM gkm.order_unit u
          JOIN gkm.order_line l ON l.id = u.order_line_id WHERE u.order_id = o.id ORDER BY u.id LIMIT 1),
        nextval('gkm.refund_request_id_seq')
      FROM gkm.refund f JOIN gkm.orders o ON o.id = f.order_id JOIN gkm.payment p ON p.order_id = o.id
      WHERE f.request_id IS NULL AND o.state IN ('refunded', 'partially_refunded') AND f.seq % 3 <> 0
      ORDER BY f.seq LIMIT \(Self.limit)
      """
    ) { row in
      (
        order: (id: OrderID(try row.int64(1)), number: try row.string(2)), refund: try row.string(3),
        status: try row.word(4, as: RefundFact.Status.self), money: try row.money(5, 6), at: try row.instant(7),
        intent: try row.string(8), total: try row.int64(9), isUnit: try row.bool(10),
        id: RefundRequestID(try row.int64(11))
      )
    }
    return found.map { one in
      let scope: RefundScope =
        one.money.amount == one.total ? .whole : one.isUnit ? .units([1]) : .amount(one.money.amount)
      return request(
        one.id, one.order, one.intent, one.money, scope, RefundRequestState(refund: one.status), refund: one.refund,
        sentAt: one.at, limits)
    }
  }

  /// Three that wait for somebody, and one that was refused.
  private mutating func undecided(
    _ session: borrowing Session, _ limits: [String: Int64]
  ) throws -> [Request] {
    let found = try session.rows(
      """
      SELECT o.id, o.number, o.amount, o.currency, p.intent, nextval('gkm.refund_request_id_seq')
      FROM gkm.orders o JOIN gkm.payment p ON p.order_id = o.id
      WHERE o.state = 'delivered' AND p.intent IS NOT NULL AND o.paid_at < now() - interval '4 hours'
      ORDER BY o.id DESC LIMIT 4
      """
    ) { row in
      (
        order: (id: OrderID(try row.int64(0)), number: try row.string(1)), money: try row.money(2, 3),
        intent: try row.string(4), id: RefundRequestID(try row.int64(5))
      )
    }
    return found.enumerated().map { place, one in
      request(
        one.id, one.order, one.intent, one.money, .whole, place == 3 ? .rejected : .awaitingApproval, refund: nil,
        sentAt: nil, limits)
    }
  }

  private mutating func request(
    _ id: RefundRequestID, _ order: (id: OrderID, number: String), _ intent: String, _ money: Money,
    _ scope: RefundScope, _ state: RefundRequestState, refund: String?, sentAt: Instant?, _ limits: [String: Int64]
  ) -> Request {
    let isAbove = money.amount > limits["refund.limit.\(money.currency.code)"] ?? 0
    let isSupports = sentAt == nil || random.chance(0.6)
    let asker: (login: String, role: AuditRole) =
      isSupports ? (random.pick(["ines", "kenji", "dalia"]) + suffix, .support) : ("tomasz" + suffix, .ops)
    let needed = (isSupports ? 1 : 0) + (isAbove ? 1 : 0)
    let decided = state == .awaitingApproval ? 0 : state == .rejected ? 1 : needed
    let requestedAt = (sentAt ?? now) - random.duration(.minutes(12)...(.minutes(55)))
    return Request(
      id: id, order: order, intent: intent, money: money, scope: scope, state: state, refund: refund, asker: asker,
      deciders: Array(["mara", "henrike"].prefix(decided)).map { $0 + suffix }, needed: needed,
      reason: random.pick(Self.reasons), requestedAt: requestedAt, sentAt: sentAt)
  }

  // MARK: What is written

  private func write(_ session: borrowing Session, _ requests: [Request]) throws {
    try session.execute(
      """
      INSERT INTO gkm.refund_request (id, order_id, payment_intent, scope, amount, currency, reason, state,
        approvals_needed, requested_by, requested_as, stripe_refund, problem, attempts, key_since, requested_at,
        decided_at, updated_at)
      SELECT id, order_id, intent, scope, amount, currency, reason, state, needed, asker, role, refund,
        CASE state WHEN 'rejected' THEN 'the customer used the key' END, (sent IS NOT NULL)::integer, sent, requested,
        CASE WHEN state <> 'awaiting_approval' THEN requested + interval '8 minutes' END,
        coalesce(sent, CASE WHEN state = 'rejected' THEN requested + interval '8 minutes' ELSE requested END)
      FROM unnest(
        \(requests.map(\.id)), \(requests.map(\.order.id)), \(requests.map(\.intent)), \(requests.map(\.scope.word)),
        \(requests.map(\.money.amount)), \(requests.map(\.money.currency)), \(requests.map(\.reason)),
        \(requests.map(\.state.rawValue)), \(requests.map { Int32($0.needed) }), \(requests.map(\.asker.login)),
        \(requests.map(\.asker.role.rawValue)), \(requests.map(\.refund)), \(requests.map(\.sentAt)),
        \(requests.map(\.requestedAt))
      ) AS r (id, order_id, intent, scope, amount, currency, reason, state, needed, asker, role, refund, sent, requested)
      """)
    let decisions = requests.flatMap { request in
      request.deciders.map { (request: request, person: $0) }
    }
    try session.execute(
      """
      INSERT INTO gkm.refund_approval (request_id, requested_by, person, role, decision, reason, decided_at)
      SELECT request, asker, person, CASE WHEN person LIKE 'henrike%' THEN 'admin' ELSE 'ops' END,
        CASE state WHEN 'rejected' THEN 'rejected' ELSE 'approved' END, 'looked into it', requested + interval '8 minutes'
      FROM unnest(
        \(decisions.map(\.request.id)), \(decisions.map(\.request.asker.login)), \(decisions.map(\.person)),
        \(decisions.map(\.request.state.rawValue)), \(decisions.map(\.request.requestedAt))
      ) AS d (request, asker, person, state, requested)
      """)
    let ids = requests.map(\.id)
    try session.execute(
      """
      INSERT INTO gkm.refund_request_unit (request_id, order_unit_id, amount, live)
      SELECT r.id, u.id, l.unit_price, r.state <> 'rejected'
      FROM gkm.refund_request r
      JOIN gkm.order_unit u ON u.order_id = r.order_id
      JOIN gkm.order_line l ON l.id = u.order_line_id
      WHERE r.id = ANY (\(ids)) AND (r.scope = 'whole'
        OR r.scope = 'units' AND u.id = (SELECT min(x.id) FROM gkm.order_unit x WHERE x.order_id = r.order_id))
      """)
    try session.execute(
      """
      WITH named AS (
        UPDATE gkm.refund f SET request_id = r.id FROM gkm.refund_request r
        WHERE r.id = ANY (\(ids)) AND f.id = r.stripe_refund RETURNING f.order_id, f.id, r.id AS request
      )
      UPDATE gkm.payment p SET facts = jsonb_set(p.facts, ARRAY['refunds', n.id, 'request'], to_jsonb(n.request::text))
      FROM named n WHERE p.order_id = n.order_id
      """)
  }

  /// The keys of units that were paid back by themselves; where all was, they are revoked already.
  private mutating func revoke(_ session: borrowing Session, _ requests: [Request]) throws {
    let ids = requests.filter { if case .units = $0.scope { true } else { false } }.map(\.id)
    let revoked = try session.rows(
      """
      WITH paid_back AS (
        UPDATE gkm.order_unit u SET state = 'refunded'
        FROM gkm.refund_request_unit x WHERE x.request_id = ANY (\(ids)) AND x.order_unit_id = u.id
        RETURNING u.id, x.request_id
      ), ended AS (
        UPDATE gkm.assignment a SET active = false, ended_at = r.key_since
        FROM paid_back b JOIN gkm.refund_request r ON r.id = b.request_id
        WHERE a.order_unit_id = b.id AND a.active RETURNING a.stock_unit_id, b.request_id
      ), keys AS (
        UPDATE gkm.stock_unit s SET state = 'revoked', version = s.version + 1 FROM ended e WHERE s.id = e.stock_unit_id
        RETURNING s.id, s.listing_id, s.vendor_id, e.request_id
      ), counted AS (
        UPDATE gkm.listing_stock c SET sold = c.sold - k.n, version = c.version + 1
        FROM (SELECT listing_id, count(*) AS n FROM keys GROUP BY 1) k WHERE k.listing_id = c.listing_id
      )
      SELECT id, listing_id, vendor_id, request_id FROM keys
      """
    ) {
      (
        key: try $0.id(0) as StockUnitID, listing: try $0.id(1) as ListingID, vendor: try $0.id(2) as VendorID,
        request: try $0.id(3) as RefundRequestID
      )
    }
    let byID = Dictionary(uniqueKeysWithValues: requests.map { ($0.id, $0) })
    for one in revoked {
      guard let request = byID[one.request], let at = request.sentAt else { continue }
      try audit.add(
        .stockRevoked, .listing(one.listing), at: at, order: request.order, vendor: one.vendor,
        details: ["quantity": "1", "stock_units": one.key.description])
    }
  }

  private mutating func tell(_ request: Request) throws {
    let subject = AuditSubject.refundRequest(request.id)
    let amounts = ["amount": String(request.money.amount), "currency": request.money.currency.code]
    try audit.add(
      .refundRequested, subject, at: request.requestedAt, by: request.asker.login, as: request.asker.role,
      order: request.order, reason: request.reason,
      details: amounts.merging(["scope": request.scope.word, "approvals_needed": String(request.needed)]) { $1 })
    for person in request.deciders {
      try audit.add(
        request.state == .rejected ? .refundRejected : .refundApproved, subject,
        at: request.requestedAt + .minutes(8), by: person, as: person.hasPrefix("henrike") ? .admin : .ops,
        order: request.order,
        reason: request.state == .rejected ? "the customer used the key" : "looked into it", details: amounts)
    }
    guard let sentAt = request.sentAt else { return }
    try audit.add(.refundSending, subject, at: sentAt - .milliseconds(300), order: request.order, details: amounts)
    var details = ["was": RefundRequestState.sending.rawValue, "state": request.state.rawValue]
    details["refund"] = request.refund
    try audit.add(.refundSettled, subject, at: sentAt, order: request.order, details: details)
  }
}
