package import Market
package import Postgres

/// Writes how attempts ended, many in one transaction.
package enum DeliverySettlement {
  package struct Result: Sendable {
    /// Outcomes dropped, because the job is another worker's by now.
    package var lost: [DeliveryID] = []
    /// Orders of which every unit has arrived.
    package var delivered: [(number: String, id: OrderID)] = []

    package init() {}
  }

  /// Settles attempts inside the caller's transaction, under the fence of their leases.
  ///
  /// - Parameter registered: versions of templates that are known to be in the register.
  package static func write(
    _ session: borrowing Session, _ outcomes: [DeliveryOutcome], registered: Set<String> = []
  ) throws -> Result {
    var result = Result()
    let (held, stamp) = try fence(session, outcomes)
    result.lost = outcomes.filter { !held.contains($0.delivery.job) }.map(\.delivery.delivery)
    let settled = outcomes.filter { held.contains($0.delivery.job) }
      .sorted { ($0.delivery.order, $0.delivery.delivery) < ($1.delivery.order, $1.delivery.delivery) }
    guard !settled.isEmpty else { return result }

    result.delivered = try countUnits(session, settled, at: stamp.at)
    var audit = AuditBatch(stamp)
    for outcome in settled { try note(outcome, &audit) }
    var statements = [deliverySQL(settled, stamp.at), attemptSQL(settled, stamp.at), audit.statement]
    let unregistered = Set(settled.compactMap(\.template)).filter { !registered.contains($0.version) }
    if !unregistered.isEmpty { statements.append(TemplateRegister.statement(unregistered)) }
    let facts = statements.count
    let finished = settled.filter { $0.retryAfter == nil }
    let postponed = settled.compactMap { outcome in
      outcome.retryAfter.map { (id: outcome.delivery.job, delay: $0, lease: outcome.delivery.lease) }
    }
    for (lease, outcomes) in Dictionary(grouping: finished, by: \.delivery.lease) {
      statements.append(JobQueue.complete(outcomes.map(\.delivery.job), lease: lease))
    }
    for (lease, jobs) in Dictionary(grouping: postponed, by: \.lease) {
      statements.append(JobQueue.postpone(jobs.map { ($0.id, stamp.at + $0.delay) }, lease: lease))
    }
    let affected = try session.pipeline(statements)
    let jobs = affected.dropFirst(facts).reduce(0, +)
    guard jobs == settled.count else { throw LeaseLost(jobs: settled.count - jobs) }
    return result
  }

  /// Which of the jobs are still held, and the transaction's stamp.
  private static func fence(
    _ session: borrowing Session, _ outcomes: [DeliveryOutcome]
  ) throws -> (held: Set<JobID>, stamp: Stamp) {
    var stamp: Stamp?
    let held: [JobID?] = try session.rows(
      """
      SELECT now(), session_user::text, j.id
      FROM unnest(\(outcomes.map(\.delivery.job)), \(outcomes.map(\.delivery.lease.token))) AS c (id, token)
      LEFT JOIN gkm.job j ON j.id = c.id AND j.lease_token = c.token
      """
    ) {
      if stamp == nil { stamp = Stamp(at: try $0.instant(0), actor: try $0.string(1)) }
      return try $0.idOrNil(2)
    }
    return (Set(held.compactMap { $0 }), try stamp ?? Stamp.now(session))
  }

  /// Counts what arrived on its order; an order that was paid and now has all its units is delivered. That is the
  /// reducer's rule: an order is in the state `paid` only where nothing else keeps it from `delivered`. A key that
  /// arrived before and was sent again counts no second time.
  private static func countUnits(
    _ session: borrowing Session, _ outcomes: [DeliveryOutcome], at: Instant
  ) throws -> [(number: String, id: OrderID)] {
    let confirmed = outcomes.filter { $0.ending == .confirmed }.map(\.delivery.delivery)
    let orders = Set(outcomes.map(\.delivery.order)).sorted()
    let rows: [(String, OrderID, Bool)] = try session.rows(
      """
      WITH locked AS MATERIALIZED (
        SELECT id FROM gkm.orders WHERE id = ANY (\(orders)) ORDER BY id FOR NO KEY UPDATE
      )
      UPDATE gkm.orders o
      SET units_delivered = least(o.units_total, o.units_delivered + c.units), updated_at = \(at),
        version = o.version + 1,
        state = CASE WHEN o.state = 'paid' AND o.units_delivered + c.units >= o.units_total THEN 'delivered'
          ELSE o.state END,
        delivered_at = CASE WHEN o.units_delivered + c.units >= o.units_total THEN coalesce(o.delivered_at, \(at))
          ELSE o.delivered_at END
      FROM locked, (
        SELECT d.order_id AS id, count(*)::integer AS units FROM gkm.delivery d
        WHERE d.id = ANY (\(confirmed)) AND d.confirmed_at IS NULL GROUP BY 1
      ) c
      WHERE o.id = locked.id AND c.id = locked.id
      RETURNING o.number, o.id, o.state = 'delivered'
      """
    ) { (try $0.string(0), try $0.id(1), try $0.bool(2)) }
    return rows.filter(\.2).map { ($0.0, $0.1) }
  }

  private static func note(_ outcome: DeliveryOutcome, _ audit: inout AuditBatch) throws {
    let delivery = outcome.delivery
    var details = [
      "attempt": String(delivery.attempt), "message_id": delivery.messageID,
      "reply": SafeText.cleaned(outcome.reply, limit: 500),
    ]
    // As people name a version: the beginning of it.
    details["template"] = outcome.template.map { String($0.version.prefix(12)) }
    if let delay = outcome.retryAfter { details["retry_after_ms"] = String(delay.wholeMicroseconds / 1000) }
    try audit.add(
      outcome.ending.action, .delivery(delivery.delivery), order: (delivery.order, delivery.orderNumber),
      vendor: delivery.vendor, details: details)
  }

  private static func deliverySQL(_ outcomes: [DeliveryOutcome], _ at: Instant) -> SQL {
    """
    UPDATE gkm.delivery d
    SET state = c.state, next_attempt_at = c.next_attempt_at, last_reply = c.reply, updated_at = \(at),
      confirmed_at = CASE WHEN c.state = 'confirmed' THEN \(at) ELSE d.confirmed_at END, version = d.version + 1,
      attempts_in_round = d.attempts_in_round - c.uncounted
    FROM unnest(
      \(outcomes.map(\.delivery.delivery)), \(outcomes.map(\.state.rawValue)),
      \(outcomes.map { outcome in outcome.retryAfter.map { at + $0 } }), \(outcomes.map { safe($0.reply) }),
      \(outcomes.map { Int32($0.isCounted ? 0 : 1) })
    ) AS c (id, state, next_attempt_at, reply, uncounted)
    WHERE d.id = c.id
    """
  }

  private static func attemptSQL(_ outcomes: [DeliveryOutcome], _ at: Instant) -> SQL {
    """
    UPDATE gkm.delivery_attempt t SET outcome = c.outcome, ended_at = \(at), reply = c.reply, template_version = c.template
    FROM unnest(
      \(outcomes.map(\.delivery.delivery)), \(outcomes.map(\.delivery.attempt)),
      \(outcomes.map(\.delivery.preparedAt)), \(outcomes.map(\.ending.attempt.rawValue)),
      \(outcomes.map { safe($0.reply) }), \(outcomes.map { $0.template?.version })
    ) AS c (id, number, started_at, outcome, reply, template)
    WHERE t.delivery_id = c.id AND t.number = c.number AND t.started_at = c.started_at
    """
  }
}
