import CoreMetrics
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store
import Stripe

/// Takes what has to be done about an order without an event: a second look for stock or for its ledger, and questions
/// that only Stripe can answer.
struct OrderWorker: Sendable {
  let pool: PostgresPool
  let apply: ApplyWorker
  let recheck: Recheck
  /// `nil`: Stripe cannot be asked from here, and its questions wait.
  let stripe: StripeClient?
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let logger: Logger
  let now: @Sendable () -> Instant

  private static let batch = 8

  /// Works whenever there may be work of this kind, until the signals end.
  func run(_ kind: JobKind, _ signals: AsyncStream<Void>) async {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
          let lease = Lease(for: lease(kind))
          let limit = kind == .submitEvidence ? 1 : Self.batch
          let jobs = try await pool.write { try JobQueue.claim($0, kind, limit: limit, lease: lease) }
          if jobs.isEmpty { break }
          for job in jobs { await work(kind, job, lease) }
        }
      } catch is CancellationError {
        return
      } catch {
        logger.warning(
          "jobs could not be taken from the queue", metadata: ["kind": "\(kind.rawValue)", "error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }

  /// Stripe is given a minute to answer each question; the jobs are ours for as long.
  private func lease(_ kind: JobKind) -> Duration {
    switch kind {
    case .fetchDispute, .listRefunds, .recheck: .seconds(90)
    case .submitEvidence: .seconds(150)
    default: limits.lease
    }
  }

  private func work(_ kind: JobKind, _ job: ClaimedJob, _ lease: Lease) async {
    do {
      if kind == .recheck {
        guard let stripe else { throw Unworkable("Stripe cannot be asked from here") }
        return try await recheck.work(job, lease, stripe: stripe)
      }
      guard let content = try await content(kind, job) else {
        throw Unworkable("\(job.subject) names no order's object")
      }
      let event = EventToApply(job: job.id, eventID: nil, type: kind.rawValue, reading: .content(content))
      try await apply.commit([event], lease, isThorough: true)
    } catch is LeaseLost {
      telemetry.leasesLost.increment()
    } catch {
      await failed(job, lease, error)
    }
  }

  /// What to add to the order's facts; nothing for a mere second look.
  private func content(_ kind: JobKind, _ job: ClaimedJob) async throws -> EventContent? {
    let words = job.subject.split(separator: " ")
    guard let number = words.first.flatMap({ Int64($0) }) else { return nil }
    let order = OrderID(number)
    switch kind {
    case .restock, .postLedger: return .order(order)
    case .fetchDispute:
      guard words.count == 2 else { return nil }
      return try await dispute(String(words[1]), of: order)
    case .listRefunds:
      guard words.count == 2 else { return nil }
      return try await refunds(ofCharge: String(words[1]), of: order)
    case .submitEvidence: return try await evidence(EvidenceID(number), job)
    default: return nil
    }
  }

  private func dispute(_ id: String, of order: OrderID) async throws -> EventContent {
    guard let stripe else { throw Unworkable("Stripe cannot be asked from here") }
    // What was known when the question was asked: an event that comes meanwhile may be newer than the answer.
    let known = try await pool.read { try PaymentQuestions.reports($0, dispute: id, of: order) }
    guard let known else { return .order(order) }
    let asked = now()
    return try Self.content(of: try await stripe.dispute(id), order, asked: asked, settles: known)
  }

  /// What an answer of Stripe's says of a dispute. `settles` are the reports that were known when it was asked.
  static func content(
    of dispute: Dispute, _ order: OrderID, asked: Instant, settles known: Set<String>
  ) throws -> EventContent {
    let fact = StripeFact.disputeFetched(
      id: dispute.id, at: asked, settles: known, status: dispute.status.rawValue, amount: dispute.amount,
      charge: dispute.chargeID, paymentIntent: dispute.paymentIntentID, reason: dispute.reason,
      dueBy: dispute.evidenceDueBy.map { Instant(unixSeconds: $0) })
    let record = PaymentRecord.dispute(
      id: dispute.id, currency: try EventReading.currency(dispute.currency),
      createdAt: Instant(unixSeconds: dispute.created ?? asked.unixSeconds))
    return .order(order, facts: [fact], records: [record])
  }

  private func refunds(ofCharge charge: String, of order: OrderID) async throws -> EventContent {
    guard let stripe else { throw Unworkable("Stripe cannot be asked from here") }
    var content = EventContent.order(order)
    for try await refund in stripe.refunds(charge: charge) {
      content.facts.append(EventReading.fact(of: refund))
      content.records.append(
        .refund(
          id: refund.id, currency: try EventReading.currency(refund.currency),
          createdAt: Instant(unixSeconds: refund.created ?? now().unixSeconds)))
    }
    return content
  }

  private func failed(_ job: ClaimedJob, _ lease: Lease, _ error: any Error) async {
    let metadata: Logger.Metadata = [
      "job": "\(job.subject)", "attempt": "\(job.attempts)", "error": "\(error)",
    ]
    do {
      if job.attempts >= limits.jobAttempts || error is Unworkable && stripe != nil {
        if try await pool.write({ try JobQueue.bury($0, job, lease: lease, problem: "\(error)") }) {
          telemetry.buried.increment()
          logger.error("a job was given up", metadata: metadata)
        }
      } else {
        let delay = RetrySchedule.delay(afterAttempt: job.attempts)
        _ = try await pool.run { try JobQueue.retry($0, job.id, after: delay, lease: lease) }
        logger.warning("a job could not be done", metadata: metadata)
      }
    } catch {
      logger.warning("a job could neither be done nor put back", metadata: metadata)
    }
  }
}

/// A job that will never be done as it stands.
struct Unworkable: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
