import CoreMetrics
import Logging
import Market
import Postgres
import Store
import Stripe

/// Asks Stripe for one object, adds to its order what it tells, and says what differs then.
struct Recheck: Sendable {
  let pool: PostgresPool
  let apply: ApplyWorker
  let telemetry: ReconTelemetry
  let logger: Logger
  let now: @Sendable () -> Instant

  /// Does one job; throws where it has to be tried again.
  func work(_ job: ClaimedJob, _ lease: Lease, stripe: StripeClient) async throws {
    let id = job.subject
    guard let kind = StatedObject.Kind(id: id) else { throw Unworkable("\(id) is no object that is looked at") }
    guard let object = try await fetch(kind, id, stripe) else { return try await missing(kind, job, lease) }
    let found = try await compare(object)
    var content = object.content
    if let order = found.order { content.facts += Reconciliation.lateFailure(object.stated, order) }
    if found.differences.contains(where: \.heals) {
      let event = EventToApply(job: job.id, eventID: nil, type: "reconciliation", reading: .content(content))
      try await apply.commit([event], lease, isThorough: true)
    } else {
      try await pool.write { try ReconObjects.done($0, job.id, lease: lease) }
    }
    let result = try await pool.write { session in
      let differences = try ReconObjects.compare(session, [object]).flatMap(\.differences)
      return try ReconBreaks.settle(session, [ReconBreaks.Scope(object.stated)], differences, run: nil)
        + ReconBalance.recheck(session, source: id)
    }
    report(id, result)
  }

  private func compare(_ object: ReconObject) async throws -> ReconFinding {
    let findings = try await pool.read { try ReconObjects.compare($0, [object]) }
    guard let found = findings.first else { throw Unworkable("\(object.stated.id) was not compared") }
    return found
  }

  /// Stripe does not know it: a difference, if we do.
  private func missing(_ kind: StatedObject.Kind, _ job: ClaimedJob, _ lease: Lease) async throws {
    let id = job.subject
    let result = try await pool.write { session in
      let differences = try ReconObjects.holder(session, kind, id: id).map {
        Reconciliation.missing(kind, id: id, of: $0)
      }
      try ReconObjects.done(session, job.id, lease: lease)
      return try ReconBreaks.settle(
        session, [ReconBreaks.Scope(id, BreakKind.checked(by: kind))], differences ?? [], run: nil)
    }
    report(id, result)
  }

  private func report(_ id: String, _ result: ReconBreaks.Result) {
    telemetry.healed.increment(by: result.healed)
    if result.healed > 0 { logger.notice("a difference to Stripe is healed", metadata: ["object": "\(id)"]) }
    if result.found > 0 { logger.warning("Stripe and we differ", metadata: ["object": "\(id)"]) }
  }

  /// `nil` where Stripe does not know it.
  private func fetch(_ kind: StatedObject.Kind, _ id: String, _ stripe: StripeClient) async throws -> ReconObject? {
    switch kind {
    case .session:
      try await known { () async throws(StripeError) in try await stripe.checkoutSession(id) }
        .map { (session) throws(UnreadableEvent) in try ReconObject(session) }
    case .intent:
      try await known { () async throws(StripeError) in try await stripe.paymentIntent(id) }
        .map { (intent) throws(UnreadableEvent) in try ReconObject(intent) }
    case .charge:
      try await known { () async throws(StripeError) in try await stripe.charge(id) }
        .map { (charge) throws(UnreadableEvent) in try ReconObject(charge) }
    case .refund:
      try await known { () async throws(StripeError) in try await stripe.refund(id) }
        .map { (refund) throws(UnreadableEvent) in try ReconObject(refund) }
    case .dispute: try await dispute(id, stripe)
    }
  }

  /// What was known of a dispute when the question was asked is settled by the answer; what comes meanwhile may be
  /// newer.
  private func dispute(_ id: String, _ stripe: StripeClient) async throws -> ReconObject? {
    let settles = try await pool.read { session in
      try ReconObjects.holder(session, .dispute, id: id)?.facts.disputes[id].map { Set($0.reports.keys) } ?? []
    }
    let asked = now()
    let found = try await known { () async throws(StripeError) in try await stripe.dispute(id) }
    guard let found else { return nil }
    var object = try ReconObject(found)
    object.content.facts.insert(
      .disputeFetched(
        id: found.id, at: asked, settles: settles, status: found.status.rawValue, amount: found.amount,
        charge: found.chargeID, paymentIntent: found.paymentIntentID, reason: found.reason,
        dueBy: found.evidenceDueBy.map { Instant(unixSeconds: $0) }), at: 0)
    return object
  }

  private func known<Answer>(
    _ call: () async throws(StripeError) -> Answer
  ) async throws(StripeError) -> Answer? {
    do throws(StripeError) {
      return try await call()
    } catch {
      if error.isMissing { return nil }
      throw error
    }
  }
}
