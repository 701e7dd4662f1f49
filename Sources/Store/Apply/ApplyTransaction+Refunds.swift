import Market
import Postgres

// What Stripe's word on a refund makes of the request that asked for it, and of its units.

extension ApplyTransaction {
  mutating func noteRefunds(_ work: OrderWork, _ decision: OrderDecision) throws {
    for (stored, settled) in work.requests where stored != settled {
      let refund = work.facts.refund(of: settled.id)
      let problem = settled.state == .failed ? refund?.fact.failureReason ?? "the money came back" : nil
      writes.requests.append(
        ApplyWrites.RequestRow(
          id: settled.id, state: settled.state, refund: settled.stripeRefund, problem: problem))
      if let problem {
        let text = "Refund request \(settled.id) came to nothing: \(problem). The order is again what it was before."
        writes.cases.append((.refundFailed, work.snapshot.id, text))
      }
      var details = ["was": stored.state.rawValue, "state": settled.state.rawValue]
      details["refund"] = settled.stripeRefund
      details["amount"] = refund.map { String($0.fact.amount) }
      details["problem"] = problem
      try writes.audit.add(
        .refundSettled, .refundRequest(settled.id), order: work.snapshot.reference, stripeEvent: work.lastEventID,
        details: details)
    }
    for unit in work.snapshot.units {
      let state = Self.state(of: unit, decision.state)
      if state != unit.stored { writes.units.append((unit.id, state)) }
    }
  }

  /// A unit is what its requests make of it, unless the whole order's money went.
  private static func state(of unit: UnitSnapshot, _ order: OrderState) -> OrderUnitState {
    switch order {
    case .refunded: .refunded
    case .chargedBack: unit.state == .refunded ? .refunded : .cancelled
    default: unit.state
    }
  }
}

extension ApplyWrites {
  private var at: Instant { audit.stamp.at }

  var requestSQL: SQL {
    """
    UPDATE gkm.refund_request r
    SET state = c.state, stripe_refund = c.refund, problem = c.problem, decided_at = coalesce(r.decided_at, \(at)),
      updated_at = \(at), version = r.version + 1
    FROM unnest(
      \(requests.map(\.id)), \(requests.map(\.state.rawValue)), \(requests.map(\.refund)),
      \(requests.map { safe($0.problem) })
    ) AS c (id, state, refund, problem)
    WHERE r.id = c.id
    """
  }

  /// A request that lives again leaves a unit to whichever took it meanwhile.
  var requestUnitSQL: SQL {
    """
    UPDATE gkm.refund_request_unit u SET live = c.live
    FROM unnest(\(requests.map(\.id)), \(requests.map(\.state.isLive))) AS c (id, live)
    WHERE u.request_id = c.id AND u.live <> c.live AND (NOT c.live OR NOT EXISTS (
      SELECT FROM gkm.refund_request_unit x
      WHERE x.order_unit_id = u.order_unit_id AND x.live AND x.request_id <> u.request_id))
    """
  }

  var unitSQL: SQL {
    """
    UPDATE gkm.order_unit u SET state = c.state
    FROM unnest(\(units.map(\.id)), \(units.map(\.state.rawValue))) AS c (id, state) WHERE u.id = c.id
    """
  }
}
