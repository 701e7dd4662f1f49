import FoundationEssentials
import Market
import Postgres

// Rows about money, events and work.

extension DemoHistory {
  func paymentSQL(_ orders: ArraySlice<DemoOrder>) throws -> SQL {
    let encoder = JSONEncoder()
    let facts = try orders.map { order in
      var facts = order.facts
      if !isTraced(order) { facts.attempts = [:] }
      return PostgresBind.json(utf8: Array(try encoder.encode(facts)))
    }
    let received = orders.map { $0.facts.isPaid ? $0.facts.payments.reduce(Int64(0)) { $0 &+ $1.amount } : nil }
    let currencies = orders.map { $0.paymentVersion > 1 ? $0.currency : nil }
    return """
      INSERT INTO gkm.payment
        (order_id, facts, intent, charge, customer, received, refunded, currency, version, updated_at)
      SELECT * FROM unnest(
        \(orders.map(\.id)), \(PostgresBind.array(of: .jsonb, facts)), \(orders.map(\.facts.paymentIntent)),
        \(orders.map(\.facts.latestCharge)), \(orders.map(\.knownCustomer)), \(received),
        \(orders.map(\.facts.refundedAmount)), \(currencies), \(orders.map(\.paymentVersion)),
        \(orders.map(\.paymentUpdatedAt)))
      """
  }

  static func intentSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let intents = orders.flatMap { order in order.facts.intents.keys.sorted().map { (id: $0, order: order.id) } }
    return """
      INSERT INTO gkm.payment_intent (id, order_id) SELECT * FROM unnest(\(intents.map(\.id)), \(intents.map(\.order)))
      """
  }

  private struct Told<Fact> {
    let order: DemoOrder
    let id: String
    let fact: Fact
    let record: DemoOrder.Record
  }

  private static func told<Fact>(
    _ orders: ArraySlice<DemoOrder>, _ facts: (PaymentFacts) -> [String: Fact]
  ) -> [Told<Fact>] {
    orders.flatMap { order in
      facts(order.facts).compactMap { id, fact in
        order.records[id].map { Told(order: order, id: id, fact: fact, record: $0) }
      }
    }.sorted { ($0.record.recordedAt, $0.id) < ($1.record.recordedAt, $1.id) }
  }

  static func attemptSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let rows = told(orders) { $0.attempts }
    return """
      INSERT INTO gkm.payment_attempt (order_id, charge_id, outcome, code, decline_code, message, amount, currency,
        card_brand, card_last4, risk_level, risk_score, attempted_at, recorded_at)
      SELECT * FROM unnest(
        \(rows.map(\.order.id)), \(rows.map(\.id)), \(rows.map(\.fact.outcome.rawValue)), \(rows.map(\.fact.code)),
        \(rows.map(\.fact.declineCode)), \(rows.map(\.fact.message)), \(rows.map(\.fact.amount?.amount)),
        \(rows.map(\.fact.amount?.currency)), \(rows.map(\.fact.cardBrand)), \(rows.map(\.fact.cardLast4)),
        \(rows.map(\.fact.riskLevel)), \(rows.map(\.record.riskScore)), \(rows.map(\.record.createdAt)),
        \(rows.map(\.record.recordedAt)))
      """
  }

  static func refundSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let rows = told(orders) { $0.refunds }
    return """
      INSERT INTO gkm.refund (id, order_id, charge, amount, currency, status, reason, created_at, updated_at)
      SELECT * FROM unnest(
        \(rows.map(\.id)), \(rows.map(\.order.id)), \(rows.map(\.fact.charge)), \(rows.map(\.fact.amount)),
        \(rows.map(\.order.currency)), \(rows.map(\.fact.status.rawValue)), \(rows.map(\.fact.reason)),
        \(rows.map(\.record.createdAt)), \(rows.map(\.record.updatedAt)))
      """
  }

  static func disputeSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let rows = told(orders) { $0.disputes }
    return """
      INSERT INTO gkm.dispute (id, order_id, charge, amount, currency, status, reason, standing, funds_withdrawn,
        funds_reinstated, due_by, created_at, updated_at)
      SELECT * FROM unnest(
        \(rows.map(\.id)), \(rows.map(\.order.id)), \(rows.map(\.fact.charge)), \(rows.map(\.fact.amount)),
        \(rows.map(\.order.currency)), \(rows.map(\.fact.status.rawValue)), \(rows.map(\.fact.reason)),
        \(rows.map(\.fact.standing.rawValue)), \(rows.map(\.fact.fundsWithdrawn)),
        \(rows.map(\.fact.fundsReinstated)), \(rows.map(\.fact.dueBy)), \(rows.map(\.record.createdAt)),
        \(rows.map(\.record.updatedAt)))
      """
  }

  static func eventSQL(_ events: ArraySlice<EventRow>) -> SQL {
    """
    INSERT INTO gkm.stripe_event (event_id, type, state, livemode, order_id, stripe_created, received_at)
    SELECT id, type, 'done', false, order_id, created, received
    FROM unnest(
      \(events.map(\.id)), \(events.map(\.type)), \(events.map(\.order)), \(events.map(\.created)),
      \(events.map(\.receivedAt))
    ) AS e (id, type, order_id, created, received)
    """
  }

  static func revealSQL(_ reveals: ArraySlice<RevealRow>) -> SQL {
    """
    INSERT INTO gkm.reveal (order_id, order_unit_id, channel, address, agent, revealed_at)
    SELECT order_id, unit, 'page', address, agent, at
    FROM unnest(
      \(reveals.map(\.order)), \(reveals.map(\.unit)), \(reveals.map(\.address)), \(reveals.map(\.agent)),
      \(reveals.map(\.at))
    ) AS r (order_id, unit, address, agent, at)
    """
  }

  static func deliveryAttemptSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let rows = orders.flatMap { order in
      order.units.flatMap { unit in
        unit.attempts.enumerated().map { (order: order.id, delivery: unit.delivery, number: $0 + 1, attempt: $1) }
      }
    }
    return """
      INSERT INTO gkm.delivery_attempt (delivery_id, number, started_at, order_id, outcome, ended_at, reply)
      SELECT * FROM unnest(
        \(rows.map(\.delivery)), \(rows.map { Int32($0.number) }), \(rows.map(\.attempt.startedAt)),
        \(rows.map(\.order)), \(rows.map(\.attempt.outcome.rawValue)), \(rows.map(\.attempt.endedAt)),
        \(rows.map { safe($0.attempt.reply) }))
      """
  }

  /// What is still to be done: deliveries to be tried again, and orders that wait for stock.
  static func jobSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let retries = orders.flatMap { order in
      order.units.compactMap { unit -> (kind: JobKind, subject: String, at: Instant, attempts: Int, since: Instant)? in
        guard unit.state == .retrying, let next = unit.nextAttemptAt, let since = unit.createdAt else { return nil }
        return (.deliver, unit.delivery.description, next, unit.attempts.count, since)
      }
    }
    let restocks = orders.filter { $0.state == .unfulfillable && $0.waitsForStock }.map {
      (kind: JobKind.restock, subject: $0.id.description, at: $0.updatedAt, attempts: 0, since: $0.updatedAt)
    }
    let jobs = retries + restocks
    return """
      INSERT INTO gkm.job (kind, subject, run_at, attempts, created_at)
      SELECT * FROM unnest(
        \(jobs.map(\.kind.rawValue)), \(jobs.map(\.subject)), \(jobs.map(\.at)), \(jobs.map { Int32($0.attempts) }),
        \(jobs.map(\.since)))
      """
  }
}
