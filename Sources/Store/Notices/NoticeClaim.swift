package import Market
package import Postgres

/// Takes notices that are due and prepares an attempt for each: what is about to go out is committed before it does.
package enum NoticeClaim {
  package struct Result: Sendable {
    package var prepared: [PreparedNotice] = []
    /// Notices that ran out of attempts, and lie with the dead letters now.
    package var exhausted: [NoticeID] = []

    package init() {}
  }

  /// Prepares the notices of claimed jobs, inside the caller's transaction.
  ///
  /// A notice whose last attempt was never settled crashed on its way: that attempt is `unknown` from now on, and the
  /// notice goes out again under the same Message-ID or event id. What has nowhere to go any more is cancelled; what goes
  /// to an endpoint whose breaker is open waits, and counts no attempt.
  ///
  /// - Parameter attemptLimit: attempts, since a person last asked for more, before a person has to look.
  package static func prepare(
    _ session: borrowing Session, _ jobs: [ClaimedJob], lease: Lease, attemptLimit: Int, breaker: BreakerRule
  ) throws -> Result {
    var asked: [NoticeID: ClaimedJob] = [:]
    for job in jobs { if let id = Int64(job.subject) { asked[NoticeID(id)] = job } }
    let stamp = try Stamp.now(session)
    let due = try load(session, asked.keys.sorted())
    let gates = try WebhookGates.lock(session, due.compactMap(\.webhook?.endpoint), now: stamp.at, rule: breaker)
    let held = try JobQueue.held(session, jobs.map(\.id), lease: lease)
    var plan = Plan(stamp: stamp, gates: gates)
    for row in due {
      guard let job = asked[row.id], held.contains(job.id) else { continue }
      try plan.add(row, job: job, lease: lease, attemptLimit: attemptLimit)
    }
    // Jobs that name no notice, and second jobs of one.
    plan.finished += jobs.map(\.id).filter { held.contains($0) && !plan.seen.contains($0) }
    try plan.complete(session)
    try plan.write(session, lease: lease)
    return plan.result
  }

  private static func load(_ session: borrowing Session, _ ids: [NoticeID]) throws -> [DueNotice] {
    try session.rows(
      """
      SELECT n.id, n.state, n.audience, n.channel, n.template, n.locale, n.attempts, n.attempts_in_round, n.created_at,
        n.vendor_id, (
          SELECT coalesce(jsonb_object_agg(d.key, d.value) FILTER (WHERE d.value IS NOT NULL), '{}')
          FROM jsonb_each_text(n.data) d)::text,
        o.id, o.number, o.token_generation, coalesce(h.old_email, o.customer_email)::text, o.customer_name::text,
        o.paid_at,
        coalesce(w.amount, o.amount)::bigint, o.currency::text, (
          SELECT jsonb_agg(
            jsonb_build_object(
              'listing', l.listing_id, 'title', l.title, 'platform', p.platform, 'quantity', l.quantity) ORDER BY l.id)
          FROM gkm.order_line l
          JOIN gkm.listing g ON g.id = l.listing_id
          JOIN gkm.product p ON p.id = g.product_id
          WHERE l.order_id = o.id AND (n.audience <> 'vendor' OR l.vendor_id = n.vendor_id))::text,
        v.name::text, v.contact_email::text, v.state, e.id, e.url, e.generation, coalesce(e.previous_until > now(), false),
        e.state
      FROM gkm.notice n
      LEFT JOIN gkm.orders o ON o.id = n.order_id
      -- That an order's address was changed is told to the old one.
      LEFT JOIN gkm.address_change h ON n.template = 'address_changed' AND h.id = (n.data ->> 'address_change')::bigint
      LEFT JOIN gkm.vendor_order w ON w.order_id = n.order_id AND w.vendor_id = n.vendor_id AND n.audience = 'vendor'
      LEFT JOIN gkm.vendor v ON v.id = n.vendor_id
      LEFT JOIN gkm.webhook_endpoint e ON e.id = n.endpoint_id
      WHERE n.id = ANY (\(ids)) ORDER BY n.id FOR UPDATE OF n
      """
    ) { try DueNotice($0) }
  }
}

/// A notice as it is when its turn has come.
struct DueNotice {
  let id: NoticeID
  let state: NoticeState
  let audience: NoticeAudience
  let channel: NoticeChannel
  let template: String
  let locale: String
  let attempts: Int
  let attemptsInRound: Int
  let createdAt: Instant
  let vendor: VendorID?
  var values: [String: String]
  let order: NoticeOrder?
  /// `nil`: it has nowhere to go any more.
  let target: PreparedNotice.Target?

  init(_ row: Row) throws {
    id = try row.id(0)
    state = try row.word(1)
    audience = try row.word(2)
    channel = try row.word(3)
    template = try row.string(4)
    locale = try row.string(5)
    attempts = try row.int(6)
    attemptsInRound = try row.int(7)
    createdAt = try row.instant(8)
    vendor = try row.idOrNil(9)
    values = try NoticeJSON.decode([String: String].self, try row.string(10))
    order = try Self.order(row)
    if let order {
      let amount = order.amount.description
      let items = order.lines.map(\.text).joined(separator: ", ")
      // What the notice itself tells is meant: the amount of a refund is not the order's.
      values.merge(["number": order.number, "amount": amount, "total": amount, "items": items]) { told, _ in told }
    }
    values["vendor"] = try row.stringOrNil(20)
    target = try Self.target(row, audience, channel)
    // A code proves an address, not whose it is.
    if case .mail(_, let name?) = target, template != "address_code" { values["name"] = name }
  }

  /// Attempts that count against the limit: a person who redrives what was given up asks for a new round.
  var attemptsSoFar: Int { state == .failed ? 0 : attemptsInRound }

  var webhook: WebhookTarget? {
    if case .webhook(let target) = target { target } else { nil }
  }

  private static func order(_ row: Row) throws -> NoticeOrder? {
    guard let id: OrderID = try row.idOrNil(11) else { return nil }
    return NoticeOrder(
      id: id, number: try row.string(12), tokenGeneration: try row.int32(13), amount: try row.money(17, 18),
      paidAt: try row.instantOrNil(16),
      lines: try row.stringOrNil(19).map { try NoticeJSON.decode([NoticeOrder.Line].self, $0) } ?? [])
  }

  private static func target(
    _ row: Row, _ audience: NoticeAudience, _ channel: NoticeChannel
  ) throws -> PreparedNotice.Target? {
    switch (audience, channel) {
    case (.team, _): return .team
    case (.customer, .email):
      return try row.stringOrNil(14).map { .mail(address: $0, name: try row.stringOrNil(15)) }
    case (.vendor, .email):
      guard let address = try row.stringOrNil(21), !address.isEmpty, try row.string(22) != "closed" else { return nil }
      return .mail(address: address, name: try row.stringOrNil(20))
    case (.vendor, .webhook):
      guard let endpoint: WebhookEndpointID = try row.idOrNil(23), try row.string(27) == "active" else { return nil }
      return .webhook(
        WebhookTarget(
          endpoint: endpoint, url: try row.string(24), generation: try row.int32(25), isRotating: try row.bool(26)))
    default: return nil
    }
  }
}
