package import Market
package import Postgres

/// Takes refund requests to Stripe: what is about to be asked is committed before it is, and what becomes of it after.
package enum RefundSending {
  /// A request that may be sent now, and from now on counts as sent until it is known what became of it.
  package struct Prepared: Sendable {
    package let request: RefundRequestID
    package let order: OrderID
    package let orderNumber: String
    package let paymentIntent: String
    /// In minor units.
    package let amount: Int64
    package let currency: Currency
    /// How often it was prepared, this time included.
    package let attempt: Int
    /// Stripe may have forgotten its Idempotency-Key: it has to be looked for before it is sent again. Also of one that
    /// was never sent, for a restored database does not know what it did later.
    package let isKeyOld: Bool

    /// One for each request and for ever: what keeps it to one refund.
    package var idempotencyKey: String { "refund-\(request)" }
    /// What Stripe keeps beside the refund: how it is found again, and how its events find their request.
    package var metadata: [String: String] {
      ["order_id": order.description, "order_number": orderNumber, "refund_request": request.description]
    }
  }

  /// Stripe keeps a key for a day at least; an hour is left for clocks and for the call itself.
  private static let keyAge = "23 hours"

  /// Prepares the request of a claimed job inside the caller's transaction. `nil`: there is nothing to send (any more),
  /// and the job is done.
  ///
  /// The order is locked first. A request that was never sent is failed where the money went back meanwhile by another
  /// way.
  package static func prepare(_ session: borrowing Session, _ job: ClaimedJob, lease: Lease) throws -> Prepared? {
    guard let stamp = try lock(session, job, lease: lease), let id = Int64(job.subject),
      let found = try load(session, RefundRequestID(id)), [.approved, .sending].contains(found.state)
    else {
      try complete(session, job, lease: lease)
      return nil
    }
    let refund = found.refund
    if found.state == .approved, found.isTooMuch {
      let problem = "the money went back by another way before this could be sent"
      try end(session, refund, problem: problem, stamp: stamp)
      try complete(session, job, lease: lease)
      return nil
    }
    var audit = AuditBatch(stamp)
    try audit.add(
      .refundSending, .refundRequest(refund.request), order: (refund.order, refund.orderNumber),
      details: [
        "amount": String(refund.amount), "currency": refund.currency.code, "attempt": String(refund.attempt),
        "idempotency_key": refund.idempotencyKey, "payment_intent": refund.paymentIntent,
      ])
    try session.pipeline([
      """
      UPDATE gkm.refund_request
      SET state = 'sending', attempts = attempts + 1, key_since = coalesce(key_since, \(stamp.at)),
        updated_at = \(stamp.at), version = version + 1
      WHERE id = \(refund.request)
      """,
      audit.statement,
    ])
    return refund
  }

  /// Stripe has no refund for it: its key may be used as if for the first time.
  package static func renewKey(
    _ session: borrowing Session, _ refund: Prepared, _ job: ClaimedJob, lease: Lease
  ) throws {
    guard let stamp = try lock(session, job, lease: lease) else { return }
    var audit = AuditBatch(stamp)
    try audit.add(
      .refundSending, .refundRequest(refund.request), order: (refund.order, refund.orderNumber),
      details: ["idempotency_key": refund.idempotencyKey, "looked_up": "none"])
    try session.pipeline([
      """
      UPDATE gkm.refund_request SET key_since = \(stamp.at), updated_at = \(stamp.at), version = version + 1
      WHERE id = \(refund.request) AND state = 'sending'
      """,
      audit.statement,
    ])
  }

  /// Stripe refused it for good: the money stays, and the order becomes what it was.
  package static func fail(
    _ session: borrowing Session, _ refund: Prepared, _ job: ClaimedJob, lease: Lease, problem: String
  ) throws {
    guard let stamp = try lock(session, job, lease: lease) else { return }
    if try load(session, refund.request)?.state == .sending {
      try end(session, refund, problem: problem, stamp: stamp)
    }
    try complete(session, job, lease: lease)
  }

  /// What became of it is not known, or Stripe could not be asked: the same is tried again after a delay.
  package static func postpone(
    _ session: borrowing Session, _ refund: Prepared, _ job: ClaimedJob, lease: Lease, problem: String,
    delay: Duration
  ) throws {
    guard let stamp = try lock(session, job, lease: lease) else { return }
    let problem = SafeText.cleaned(problem, limit: 400)
    var audit = AuditBatch(stamp)
    try audit.add(
      .refundDeferred, .refundRequest(refund.request), order: (refund.order, refund.orderNumber),
      details: ["attempt": String(refund.attempt), "problem": problem])
    try session.pipeline([
      """
      UPDATE gkm.refund_request SET problem = \(problem), updated_at = \(stamp.at), version = version + 1
      WHERE id = \(refund.request) AND state = 'sending'
      """,
      audit.statement, JobQueue.postpone([(job.id, stamp.at + delay)], lease: lease),
    ])
  }

  /// Locks the job's order, so that this comes wholly before or after anything else about it; then looks whether the
  /// job is still held. `nil` where there is no such order.
  private static func lock(_ session: borrowing Session, _ job: ClaimedJob, lease: Lease) throws -> Stamp? {
    let stamp = try session.first(
      """
      SELECT now(), session_user::text FROM gkm.orders
      WHERE id = (SELECT order_id FROM gkm.refund_request WHERE id = \(Int64(job.subject) ?? 0)) FOR NO KEY UPDATE
      """
    ) { Stamp(at: try $0.instant(0), actor: try $0.string(1)) }
    guard try JobQueue.held(session, [job.id], lease: lease).contains(job.id) else { throw LeaseLost(jobs: 1) }
    return stamp
  }

  private struct Found {
    let state: RefundRequestState
    /// Together with what went back and what else is asked for, it is more than was received.
    let isTooMuch: Bool
    let refund: Prepared
  }

  private static func load(_ session: borrowing Session, _ request: RefundRequestID) throws -> Found? {
    try session.first(
      """
      SELECT r.state, r.order_id, o.number, r.payment_intent, r.amount, r.currency, r.attempts,
        coalesce(coalesce(r.key_since, r.decided_at) < now() - \(unescaped: "interval '\(keyAge)'"), false),
        EXISTS (SELECT FROM gkm.payment_standing(r.order_id) s
          WHERE s.intent = r.payment_intent AND s.refunded + r.amount > s.received)
      FROM gkm.refund_request r JOIN gkm.orders o ON o.id = r.order_id
      WHERE r.id = \(request) FOR NO KEY UPDATE OF r
      """
    ) {
      let money = try $0.money(4, 5)
      return Found(
        state: try $0.word(0), isTooMuch: try $0.bool(8),
        refund: Prepared(
          request: request, order: try $0.id(1), orderNumber: try $0.string(2), paymentIntent: try $0.string(3),
          amount: money.amount, currency: money.currency, attempt: try $0.int(6) + 1, isKeyOld: try $0.bool(7)))
    }
  }

  private static func end(
    _ session: borrowing Session, _ refund: Prepared, problem: String, stamp: Stamp
  ) throws {
    let problem = SafeText.cleaned(problem, limit: 400)
    var audit = AuditBatch(stamp)
    try audit.add(
      .refundFailed, .refundRequest(refund.request), order: (refund.order, refund.orderNumber),
      details: ["amount": String(refund.amount), "currency": refund.currency.code, "problem": problem])
    _ = try session.rows("SELECT gkm.end_refund(\(refund.request), 'failed', \(problem))") { _ in }
    try session.execute(audit.statement)
    try CaseDesk.open(
      session, .refundFailed, refund.order,
      text: "Stripe did not carry out refund request \(refund.request): \(problem)")
  }

  private static func complete(_ session: borrowing Session, _ job: ClaimedJob, lease: Lease) throws {
    guard try session.execute(JobQueue.complete([job.id], lease: lease)) == 1 else { throw LeaseLost(jobs: 1) }
  }
}
