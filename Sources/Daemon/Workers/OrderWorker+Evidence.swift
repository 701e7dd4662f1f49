import Logging
import Market
import Postgres
import Store
import Stripe

// Evidence about disputes, told to Stripe.

extension OrderWorker {
  /// Tells Stripe what a draft holds, and answers what to record; `nil` where there is no such evidence.
  ///
  /// Stripe is asked for the dispute first. It bears the mark of the last call that was heard, so that a call whose
  /// answer was lost, however long ago, is not made again; within a day its Idempotency-Key sees to that as well.
  func evidence(_ id: EvidenceID, _ job: ClaimedJob) async throws -> EventContent? {
    guard let submission = try await pool.read({ try EvidenceSubmission.read($0, evidence: id) }) else { return nil }
    guard submission.isWaiting else { return .order(submission.order) }
    guard let stripe else { throw Unworkable("Stripe cannot be asked from here") }
    let call = submission.call
    func answered(_ outcome: EvidenceAnswer.Outcome, status: String? = nil) -> PaymentRecord {
      .evidence(EvidenceAnswer(call: call, dispute: submission.dispute, outcome: outcome, status: status))
    }
    let told: Told
    do throws(StripeError) {
      told = try await tell(submission, stripe)
    } catch {
      let isRefused = error.kind == .api && !error.isTransient
      guard isRefused || job.attempts >= limits.jobAttempts else { throw error }
      logger.error("evidence was not taken", metadata: ["dispute": "\(submission.dispute)", "error": "\(error)"])
      let problem = isRefused ? error.description : "given up after \(job.attempts) tries: \(error)"
      return .order(submission.order, records: [answered(.refused(problem))])
    }
    var content = try Self.content(
      of: told.dispute, submission.order, asked: told.asked, settles: submission.reports)
    content.records.append(answered(told.outcome, status: told.dispute.status.rawValue))
    return content
  }

  private struct Told {
    let dispute: Dispute
    /// When the answer was asked for.
    let asked: Instant
    let outcome: EvidenceAnswer.Outcome
  }

  private func tell(_ submission: EvidenceSubmission, _ stripe: StripeClient) async throws(StripeError) -> Told {
    let call = submission.call
    var asked = now()
    let found = try await stripe.dispute(submission.dispute)
    if let mark = found.metadata[EvidenceCall.metadataKey], call.wasHeard(mark) {
      return Told(dispute: found, asked: asked, outcome: EvidenceCall.isSubmission(mark) ? .submitted : .staged)
    }
    guard found.status.needsResponse else {
      return Told(
        dispute: found, asked: asked,
        outcome: .refused("the dispute is \(found.status.rawValue) at Stripe, and takes no evidence"))
    }
    asked = now()
    let update = DisputeUpdate(
      evidence: submission.fields, metadata: [EvidenceCall.metadataKey: call.mark], submit: call.submits)
    let answer = try await stripe.updateDispute(
      submission.dispute, update, idempotencyKey: call.idempotencyKey)
    return Told(dispute: answer, asked: asked, outcome: call.submits ? .submitted : .staged)
  }
}
