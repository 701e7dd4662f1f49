import FoundationEssentials
package import Market
package import Postgres

/// A message that is not a key, as it is asked for.
package struct Notice: Sendable {
  /// The template's name: `vendor_low_stock`, `alert`.
  package var template: String
  package var audience: NoticeAudience
  /// The same one twice adds nothing: what is told, of what, and which time.
  package var dedupe: String
  /// Whose customer is told, or what a vendor or the team is told of.
  package var order: OrderID?
  package var vendor: VendorID?
  package var delivery: DeliveryID?
  package var supportCase: CaseID?
  /// For the template. Never a key, never a customer's address.
  package var data: [String: String]
  package var delay: Duration

  package init(
    _ template: String, to audience: NoticeAudience, dedupe: String, order: OrderID? = nil, vendor: VendorID? = nil,
    delivery: DeliveryID? = nil, supportCase: CaseID? = nil, data: [String: String] = [:], delay: Duration = .zero
  ) {
    self.template = template
    self.audience = audience
    self.dedupe = dedupe
    self.order = order
    self.vendor = vendor
    self.delivery = delivery
    self.supportCase = supportCase
    self.data = data
    self.delay = delay
  }
}

/// Where notices are asked for, in the transaction of what they tell: `gkm.notice` and its jobs.
package enum NoticeQueue {
  /// Adds each notice on every channel of its audience. Nothing else hangs on what becomes of it.
  package static func add(_ session: borrowing Session, _ notices: [Notice]) throws {
    guard !notices.isEmpty else { return }
    try session.execute(try statement(notices))
  }

  package static func add(_ session: borrowing Session, _ notice: Notice) throws { try add(session, [notice]) }

  /// The same as a statement, for a pipeline.
  package static func statement(_ notices: [Notice]) throws -> SQL {
    let encoder = JSONEncoder()
    let data = try notices.map { PostgresBind.json(utf8: Array(try encoder.encode($0.data))) }
    let delays = notices.map { Double($0.delay.wholeMicroseconds) / 1_000_000 }
    return """
      SELECT gkm.notice_add(n.template, n.audience, n.dedupe, n.order_id, n.vendor_id, n.data, n.delivery_id, n.case_id,
        make_interval(secs => n.delay))
      FROM unnest(
        \(notices.map(\.template)), \(notices.map(\.audience.rawValue)), \(notices.map(\.dedupe)),
        \(notices.map(\.order)), \(notices.map(\.vendor)), \(PostgresBind.array(of: .jsonb, data)),
        \(notices.map(\.delivery)), \(notices.map(\.supportCase)), \(delays)
      ) AS n (template, audience, dedupe, order_id, vendor_id, data, delivery_id, case_id, delay)
      """
  }

  /// Tells vendors of orders that this transaction made paid: their systems of each at once, their mailbox once for each
  /// `window` of time.
  static func newOrders(_ orders: [OrderID], window: Duration) -> SQL {
    let seconds = Double(window.wholeMicroseconds) / 1_000_000
    return "SELECT gkm.notice_new_orders(\(orders), make_interval(secs => \(seconds)))"
  }

  /// Tells an order's vendors that its payment is disputed.
  static func dispute(_ session: borrowing Session, _ order: OrderID, _ id: String, _ dispute: DisputeFact) throws {
    try session.execute(
      "SELECT gkm.notice_dispute(\(order), \(id), \(safe(dispute.reason)), \(dispute.dueBy))")
  }

  /// Tells vendors of listings that fell to their threshold since the last look. Answers how many.
  package static func watchStock(_ session: borrowing Session) throws -> Int {
    try session.first("SELECT gkm.watch_stock()") { try $0.int(0) } ?? 0
  }

  /// Makes mails due that wait for their next try: the server they wait for is back. Answers how many.
  @discardableResult
  package static func mailIsBack(_ session: borrowing Session) throws -> Int {
    try session.execute(
      """
      WITH waiting AS MATERIALIZED (
        SELECT id FROM gkm.notice WHERE state = 'retrying' AND channel = 'email' ORDER BY id LIMIT 20000
      ), due AS (
        UPDATE gkm.job AS j SET run_at = now() FROM waiting AS w
        WHERE j.kind = \(JobKind.notify.rawValue) AND j.subject = w.id::text AND j.run_at > now()
          AND j.lease_token IS NULL
        RETURNING w.id
      )
      UPDATE gkm.notice AS n SET next_attempt_at = now(), updated_at = now() FROM due WHERE n.id = due.id
      """)
  }

  /// Says which channels the team listens on: notices to the team go there from now on.
  package static func setTeamChannels(
    _ session: borrowing Session, _ channels: [NoticeChannel], locale: String
  ) throws {
    try session.execute("SELECT gkm.set_team_channels(\(channels.map(\.rawValue)), \(locale))")
  }
}
