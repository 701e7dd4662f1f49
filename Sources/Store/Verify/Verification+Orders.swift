import FoundationEssentials
import Market
import Postgres

extension Verification {
  static let orderChecks: [Check] = [
    Check("orders.state", "every order is what its payment and its keys make of it", body: states),
    Check(
      "orders.in_time", "every paid order is delivered, refunded or flagged within its time",
      counting: "SELECT count(*) FROM gkm.orders WHERE paid_at IS NOT NULL"
    ) { late($0.graceSeconds) },
    Check(
      "orders.sums", "every order is the sum of its lines", counting: "SELECT count(*) FROM gkm.orders",
      """
      SELECT o.number, 'is ' || o.amount || ' ' || o.currency || ' for ' || o.units_total || ' keys; its lines are '
        || coalesce(l.amount, 0) || ' for ' || coalesce(l.quantity, 0) || ', its vendors'' parts '
        || coalesce(v.amount, 0) || ', and it has ' || coalesce(u.n, 0) || ' units'
      FROM gkm.orders o
      LEFT JOIN (
        SELECT order_id, sum(quantity * unit_price) AS amount, sum(quantity) AS quantity, min(currency) AS currency,
          count(DISTINCT currency) AS currencies
        FROM gkm.order_line GROUP BY 1
      ) l ON l.order_id = o.id
      LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM gkm.vendor_order GROUP BY 1) v ON v.order_id = o.id
      LEFT JOIN (SELECT order_id, count(*) AS n FROM gkm.order_unit GROUP BY 1) u ON u.order_id = o.id
      WHERE l.amount IS DISTINCT FROM o.amount OR l.quantity IS DISTINCT FROM o.units_total OR l.currencies <> 1
        OR l.currency IS DISTINCT FROM o.currency OR v.amount IS DISTINCT FROM o.amount
        OR u.n IS DISTINCT FROM o.units_total
      """),
    Check(
      "orders.work", "whatever is not settled has its job",
      counting: "SELECT count(*) FROM gkm.job",
      """
      SELECT o.number, 'its delivery ' || d.id || ' is ' || d.state || ', and no job is there to send it'
      FROM gkm.delivery d JOIN gkm.orders o ON o.id = d.order_id
      WHERE d.state IN ('pending', 'sending', 'retrying')
        AND NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = 'deliver' AND j.subject = d.id::text)
      UNION ALL
      SELECT e.event_id, 'is pending, and no job is there to apply it'
      FROM gkm.stripe_event e
      WHERE e.state = 'pending' AND NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = 'apply' AND j.subject = e.event_id)
        AND NOT EXISTS (SELECT FROM gkm.job_dead j WHERE j.kind = 'apply' AND j.subject = e.event_id)
      UNION ALL
      SELECT o.number, 'waits for stock, and no job is there to look for it'
      FROM gkm.orders o
      WHERE o.state = 'paid_unfulfillable'
        AND NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = 'restock' AND j.subject = o.id::text)
        AND NOT EXISTS (SELECT FROM gkm.refund_request r WHERE r.order_id = o.id AND r.state IN ('approved', 'sending', 'sent'))
      """),
  ]

  /// A delivery that is retried or failed is flagged: people see it.
  private static func late(_ grace: Double) -> SQL {
    """
    SELECT o.number, 'was paid ' || date_trunc('second', now() - o.paid_at) || ' ago, and unit ' || u.id || ' '
      || CASE WHEN a.id IS NULL THEN 'has no key' WHEN d.id IS NULL THEN 'has no delivery'
        ELSE 'is ' || d.state || ' since ' || date_trunc('second', now() - d.updated_at) END
    FROM gkm.orders o
    JOIN gkm.order_unit u ON u.order_id = o.id
    LEFT JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
    LEFT JOIN gkm.delivery d ON d.order_unit_id = u.id
    WHERE o.state IN ('paid', 'partially_refunded') AND o.paid_at < now() - make_interval(secs => \(grace))
      AND o.updated_at < now() - make_interval(secs => \(grace)) AND u.state = 'sold'
      AND (a.id IS NULL OR d.id IS NULL OR d.state = 'cancelled'
        OR d.state IN ('pending', 'sending') AND d.updated_at < now() - make_interval(secs => \(grace)))
    """
  }

  private static let snapshots = """
    SELECT o.number, o.state, o.hold_reason::text, o.amount, o.currency, o.units_total, o.paid_at IS NOT NULL, p.facts,
      p.intent, p.charge, p.received, p.refunded, coalesce(f.reserved, 0), coalesce(f.assigned, 0),
      coalesce(f.confirmed, 0), coalesce(f.refunded, 0), coalesce(f.revocable, 0), coalesce(f.spare, 0),
      coalesce(f.held_back, 0), EXISTS (
        SELECT FROM gkm.job j WHERE j.kind = 'restock' AND j.subject = o.id::text AND o.state = 'held')
    FROM gkm.orders o
    LEFT JOIN gkm.payment p ON p.order_id = o.id
    LEFT JOIN (
      SELECT u.order_id,
        count(*) FILTER (WHERE a.id IS NULL AND r.state = 'held' AND u.state = 'sold') AS reserved,
        count(*) FILTER (WHERE a.id IS NULL AND r.state = 'held' AND u.state <> 'sold') AS spare,
        count(a.id) FILTER (WHERE u.state <> 'refunded') AS assigned,
        count(a.id) FILTER (WHERE u.state <> 'refunded' AND d.confirmed_at IS NOT NULL) AS confirmed,
        count(*) FILTER (WHERE u.state = 'refunded') AS refunded,
        count(a.id) FILTER (WHERE u.state = 'refunded') AS revocable,
        count(*) FILTER (WHERE u.state = 'refunding' AND a.id IS NULL) AS held_back
      FROM gkm.order_unit u
      LEFT JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
      LEFT JOIN gkm.reservation r ON r.order_id = u.order_id AND r.listing_id = u.listing_id
      LEFT JOIN gkm.delivery d ON d.order_unit_id = u.id AND d.channel = 'email'
      GROUP BY 1
    ) f ON f.order_id = o.id
    """

  /// Runs the reducer again over each order's facts and units.
  private static func states(_ verification: Verification, _ session: borrowing Session) throws -> Found {
    var found = Found()
    let decoder = JSONDecoder()
    try VerifyCursor(name: "verify_orders").read(session, snapshots) { row in
      found.checked += 1
      let number = try row.string(0)
      guard let stored = try row.bytesOrNil(7) else { return found.add(number, "has no payment row") }
      guard let facts = try? decoder.decode(PaymentFacts.self, from: Data(stored)) else {
        return found.add(number, "its payment's facts cannot be read")
      }
      try judge(row, number, facts, &found)
    }
    return found
  }

  private static func judge(_ row: Row, _ number: String, _ facts: PaymentFacts, _ found: inout Found) throws {
    let state: OrderState = try row.word(1)
    let fulfilment = Fulfilment(
      reserved: try row.int(12), assigned: try row.int(13), confirmed: try row.int(14), cancelled: try row.int(15),
      revocable: try row.int(16), spare: try row.int(17), heldBack: try row.int(18),
      isFrozen: state == .held || state == .disputed, isStockGone: state == .unfulfillable)
    let decision = OrderReducer.reduce(
      order: OrderTerms(total: try row.money(3, 4), unitCount: try row.int(5)), facts: facts, fulfilment: fulfilment)
    // Released a moment ago: the daemon has yet to look at it.
    let isBeingReleased = try hold(row) == .staff && facts.staffHold?.isHeld == false && row.bool(19)
    if decision.state != state, !isBeingReleased {
      found.add(number, "is \(state.rawValue); its facts make it \(decision.state.rawValue)")
    }
    let hold = try hold(row)
    if decision.holdReason != hold, decision.state == state {
      let words = (hold?.rawValue ?? "nothing", decision.holdReason?.rawValue ?? "nothing")
      found.add(number, "is held for \(words.0); its facts say \(words.1)")
    }
    if facts.isPaid != (try row.bool(6)) { found.add(number, "paid_at and its payment's facts do not agree") }
    let received = facts.isPaid ? facts.payments.reduce(Int64(0)) { $0 &+ $1.amount } : nil
    let isShown =
      try row.stringOrNil(8) == facts.paymentIntent && row.stringOrNil(9) == facts.latestCharge
      && row.int64OrNil(10) == received && row.int64OrNil(11) == facts.refundedAmount
    if !isShown { found.add(number, "its payment's row shows something else than its facts say") }
  }

  private static func hold(_ row: Row) throws -> HoldReason? { try row.stringOrNil(2).flatMap(HoldReason.init) }
}
