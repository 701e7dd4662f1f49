import FoundationEssentials
import Market
import Postgres

// The order's and its payment's rows.

extension ApplyWrites {
  private var at: Instant { audit.stamp.at }

  var orderSQL: SQL {
    """
    UPDATE gkm.orders o
    SET state = c.state, hold_reason = c.hold_reason, restock_until = c.restock_until, updated_at = \(at), version = o.version + 1,
      paid_at = CASE WHEN c.is_paid THEN coalesce(o.paid_at, \(at)) ELSE o.paid_at END
    FROM unnest(
      \(orders.map(\.id)), \(orders.map(\.state.rawValue)), \(orders.map(\.holdReason)), \(orders.map(\.isPaid)),
      \(orders.map(\.restockUntil))
    ) AS c (id, state, hold_reason, is_paid, restock_until)
    WHERE o.id = c.id
    """
  }

  func paymentSQL() throws -> SQL {
    let encoder = JSONEncoder()
    let facts = try payments.map { PostgresBind.json(utf8: Array(try encoder.encode($0.facts))) }
    let received = payments.map { $0.facts.isPaid ? $0.facts.payments.reduce(Int64(0)) { $0 &+ $1.amount } : nil }
    return """
      INSERT INTO gkm.payment (order_id, facts, intent, charge, customer, received, refunded, currency, updated_at)
      SELECT *, \(at) FROM unnest(
        \(payments.map(\.order)), \(PostgresBind.array(of: .jsonb, facts)), \(payments.map(\.facts.paymentIntent)),
        \(payments.map(\.facts.latestCharge)), \(payments.map(\.customer)), \(received),
        \(payments.map(\.facts.refundedAmount)), \(payments.map(\.currency)))
      ON CONFLICT (order_id) DO UPDATE
      SET facts = excluded.facts, intent = excluded.intent, charge = excluded.charge,
        customer = coalesce(payment.customer, excluded.customer), received = excluded.received,
        refunded = excluded.refunded, currency = excluded.currency, updated_at = excluded.updated_at,
        version = payment.version + 1
      """
  }

  /// An intent that another order has already affects no row, and that is a conflict.
  var intentSQL: SQL {
    """
    INSERT INTO gkm.payment_intent (id, order_id) SELECT * FROM unnest(\(intents.map(\.id)), \(intents.map(\.order)))
    ON CONFLICT DO NOTHING
    """
  }

  var attemptSQL: SQL {
    """
    INSERT INTO gkm.payment_attempt AS t (order_id, charge_id, outcome, code, decline_code, message, amount, currency,
      card_brand, card_last4, risk_level, risk_score, attempted_at, recorded_at)
    SELECT *, \(at) FROM unnest(
      \(attempts.map(\.order)), \(attempts.map(\.key)), \(attempts.map(\.fact.outcome.rawValue)),
      \(attempts.map { safe($0.fact.code) }), \(attempts.map { safe($0.fact.declineCode) }),
      \(attempts.map { safe($0.fact.message) }), \(attempts.map(\.fact.amount?.amount)),
      \(attempts.map(\.fact.amount?.currency)), \(attempts.map { safe($0.fact.cardBrand) }),
      \(attempts.map { lastFour($0.fact.cardLast4) }), \(attempts.map { safe($0.fact.riskLevel) }),
      \(attempts.map { $0.riskScore.flatMap { Int32(exactly: $0) } }), \(attempts.map(\.at)))
    ON CONFLICT (charge_id) DO UPDATE
    SET outcome = excluded.outcome, code = excluded.code, decline_code = excluded.decline_code,
      message = excluded.message, amount = excluded.amount, currency = excluded.currency,
      card_brand = excluded.card_brand, card_last4 = excluded.card_last4, risk_level = excluded.risk_level,
      risk_score = greatest(t.risk_score, excluded.risk_score),
      attempted_at = least(t.attempted_at, excluded.attempted_at)
    WHERE t.order_id = excluded.order_id
    """
  }

  var refundSQL: SQL {
    """
    INSERT INTO gkm.refund AS t (id, order_id, charge, amount, currency, status, reason, failure_reason, request_id,
      created_at, updated_at)
    SELECT *, \(at) FROM unnest(
      \(refunds.map(\.id)), \(refunds.map(\.order)), \(refunds.map(\.fact.charge)), \(refunds.map(\.fact.amount)),
      \(refunds.map(\.currency)), \(refunds.map(\.fact.status.rawValue)), \(refunds.map { safe($0.fact.reason) }),
      \(refunds.map { safe($0.fact.failureReason) }), \(refunds.map(\.request)), \(refunds.map(\.createdAt)))
    ON CONFLICT (id) DO UPDATE
    SET charge = excluded.charge, amount = excluded.amount, status = excluded.status, reason = excluded.reason,
      failure_reason = excluded.failure_reason, request_id = coalesce(excluded.request_id, t.request_id),
      created_at = least(t.created_at, excluded.created_at), updated_at = excluded.updated_at
    WHERE t.order_id = excluded.order_id
    """
  }

  var disputeSQL: SQL {
    """
    INSERT INTO gkm.dispute AS t (id, order_id, charge, amount, currency, status, reason, standing, funds_withdrawn,
      funds_reinstated, due_by, created_at, updated_at)
    SELECT *, \(at) FROM unnest(
      \(disputes.map(\.id)), \(disputes.map(\.order)), \(disputes.map(\.fact.charge)), \(disputes.map(\.fact.amount)),
      \(disputes.map(\.currency)), \(disputes.map(\.fact.status.rawValue)), \(disputes.map { safe($0.fact.reason) }),
      \(disputes.map(\.fact.standing.rawValue)), \(disputes.map(\.fact.fundsWithdrawn)),
      \(disputes.map(\.fact.fundsReinstated)), \(disputes.map(\.fact.dueBy)), \(disputes.map(\.createdAt)))
    ON CONFLICT (id) DO UPDATE
    SET charge = excluded.charge, amount = excluded.amount, status = excluded.status, reason = excluded.reason,
      standing = excluded.standing, funds_withdrawn = excluded.funds_withdrawn,
      funds_reinstated = excluded.funds_reinstated, due_by = excluded.due_by,
      created_at = least(t.created_at, excluded.created_at), updated_at = excluded.updated_at
    WHERE t.order_id = excluded.order_id
    """
  }

  private func lastFour(_ text: String?) -> String? {
    guard let text, text.utf8.count == 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return text
  }

  var eventSQL: SQL {
    """
    UPDATE gkm.stripe_event e SET state = c.state, order_id = coalesce(c.order_id, e.order_id), problem = c.problem
    FROM unnest(
      \(events.map(\.id)), \(events.map(\.state.rawValue)), \(events.map(\.order)), \(events.map { safe($0.problem) })
    ) AS c (id, state, order_id, problem)
    WHERE e.event_id = c.id
    """
  }

  var parkedSQL: SQL {
    """
    INSERT INTO gkm.parked_event (object_id, event_id, parked_at)
    SELECT *, \(at) FROM unnest(\(parked.map(\.object)), \(parked.map(\.event)))
    ON CONFLICT DO NOTHING
    """
  }

  /// What waited for one of these objects is applied now.
  var unparkSQL: SQL { ParkedEvents.wake("object_id = ANY (\(linked))") }
}
