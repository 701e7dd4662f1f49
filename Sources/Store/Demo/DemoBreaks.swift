import Market
import Postgres

/// Differences between Stripe and the demo's market, of every kind and in every state, as reconciliation would have
/// found them in the last days.
struct DemoBreaks {
  let now: Instant

  private struct Sale {
    let order: (id: OrderID, number: String)
    let amount: Int64
    let currency: Currency
    let intent: String
    let charge: String
  }

  func add(_ session: borrowing Session, _ audit: inout DemoAudit) throws {
    let sales: [Sale] = try session.rows(
      """
      SELECT o.id, o.number, o.amount, o.currency, p.intent, p.charge FROM gkm.orders o
      JOIN gkm.payment p ON p.order_id = o.id
      WHERE o.state = 'delivered' AND p.intent IS NOT NULL AND p.charge IS NOT NULL
      ORDER BY o.paid_at DESC, o.id LIMIT \(BreakKind.allCases.count)
      """
    ) { row in
      let amount = try row.money(2, 3)
      return Sale(
        order: (try row.id(0), try row.string(1)), amount: amount.amount, currency: amount.currency,
        intent: try row.string(4), charge: try row.string(5))
    }
    let person: (id: PersonID, login: String)? = try session.first(
      "SELECT id, role_name FROM gkm.person WHERE role = 'ops' AND disabled_at IS NULL ORDER BY id LIMIT 1"
    ) { (try $0.id(0), try $0.string(1)) }
    for (place, (kind, sale)) in zip(BreakKind.allCases, sales).enumerated() {
      let states: [BreakState] = person == nil ? [.open, .healed] : [.open, .assigned, .healed, .explained, .closed]
      try add(session, kind, of: sale, place, states[place % states.count], person, &audit)
    }
  }

  private func add(
    _ session: borrowing Session, _ kind: BreakKind, of sale: Sale, _ place: Int, _ state: BreakState,
    _ person: (id: PersonID, login: String)?, _ audit: inout DemoAudit
  ) throws {
    let opened = now - .seconds(3_600 * Int64(2 + 5 * place))
    let changed = state == .open ? opened : opened + .seconds(1_800)
    let hasOrder = kind != .paymentWithoutOrder && kind != .balanceUnknown
    let subject = subject(kind, sale, place)
    let explanation = state == .explained || state == .closed ? "Settled with the customer by telephone." : nil
    let ours: Int64? = Self.isOurs(kind) ? sale.amount : nil
    let stripes: Int64? = Self.isStripes(kind) ? sale.amount - (ours == nil ? 0 : 100) : nil
    let detail = hasOrder ? "\(Self.words(kind)) order \(sale.order.number)" : Self.words(kind)
    let id: ReconBreakID? = try session.first(
      """
      INSERT INTO gkm.recon_break (kind, subject, order_id, our_amount, stripe_amount, currency, detail, state, assignee,
        explanation, opened_at, changed_at, version)
      VALUES (\(kind.rawValue), \(subject), \(hasOrder ? sale.order.id : nil), \(ours), \(stripes), \(sale.currency),
        \(detail), \(state.rawValue), \(state == .assigned ? person?.id : nil), \(explanation), \(opened), \(changed),
        \(state == .open ? 1 : 2))
      ON CONFLICT DO NOTHING RETURNING id
      """
    ) { try $0.id(0) }
    guard let id else { return }
    let order = hasOrder ? sale.order : nil
    let details = ["kind": kind.rawValue, "object": subject]
    try audit.add(.reconBreakOpened, .reconBreak(id), at: opened, order: order, details: details)
    let action: AuditAction? =
      switch state {
      case .open: nil
      case .assigned: .reconBreakAssigned
      case .explained: .reconBreakExplained
      case .closed: .reconBreakClosed
      case .healed: .reconBreakHealed
      }
    guard let action else { return }
    let isPersons = state != .healed
    try audit.add(
      action, .reconBreak(id), at: changed, by: isPersons ? person?.login ?? "gkm_daemon" : "gkm_daemon",
      as: isPersons ? .ops : .daemon, order: order, reason: isPersons ? explanation ?? "I look into it." : nil,
      details: details)
  }

  private func subject(_ kind: BreakKind, _ sale: Sale, _ place: Int) -> String {
    let tail = "demo\(now.unixSeconds)\(place)"
    return switch kind {
    case .paymentMissed, .amountDiffers, .paymentNotAtStripe, .wrongOrder: sale.intent
    case .attemptMissed, .balanceMissing: sale.charge
    case .paymentWithoutOrder: "pi_\(tail)"
    case .sessionMissed: "cs_\(tail)"
    case .refundUnknown, .refundDiffers, .refundNotAtStripe: "re_\(tail)"
    case .requestWithoutRefund: "refund_request \(place)"
    case .disputeUnknown, .disputeDiffers, .disputeNotAtStripe: "dp_\(tail)"
    case .balanceDiffers, .balanceUnknown: "txn_\(tail)"
    }
  }

  private static func isOurs(_ kind: BreakKind) -> Bool {
    switch kind {
    case .paymentNotAtStripe, .amountDiffers, .refundDiffers, .refundNotAtStripe, .disputeDiffers, .disputeNotAtStripe,
      .balanceDiffers, .balanceMissing, .requestWithoutRefund:
      true
    default: false
    }
  }

  private static func isStripes(_ kind: BreakKind) -> Bool {
    switch kind {
    case .paymentNotAtStripe, .refundNotAtStripe, .disputeNotAtStripe, .balanceMissing, .sessionMissed,
      .requestWithoutRefund:
      false
    default: true
    }
  }

  private static func words(_ kind: BreakKind) -> String {
    switch kind {
    case .paymentMissed: "it is paid at Stripe and was not in"
    case .paymentWithoutOrder: "it is succeeded at Stripe and belongs to no order of ours"
    case .paymentNotAtStripe: "Stripe does not know what paid for"
    case .amountDiffers: "another amount came in than is due for"
    case .wrongOrder: "it names another order than"
    case .sessionMissed: "it is expired at Stripe, which was not told to"
    case .attemptMissed: "it failed at Stripe, which was not told to"
    case .refundUnknown: "it is succeeded at Stripe, which was not told to"
    case .refundDiffers: "its amount is another than in"
    case .refundNotAtStripe: "Stripe does not know what was refunded of"
    case .requestWithoutRefund: "Stripe was asked to refund and has not, of"
    case .disputeUnknown: "a bank asked for it back, which was not told to"
    case .disputeDiffers: "it is decided at Stripe and open in"
    case .disputeNotAtStripe: "Stripe does not know what is disputed of"
    case .balanceDiffers: "a refund of another amount than in"
    case .balanceUnknown: "an adjustment of something that is not known here"
    case .balanceMissing: "Stripe's balance has no line for the charge of"
    }
  }
}
