import Market
package import Postgres

/// Writes how attempts ended.
package enum NoticeSettlement {
  /// Settles one attempt inside the caller's transaction, under the fence of its lease. Throws `LeaseLost` where another
  /// worker has the job by now: nothing of it may be committed then.
  package static func write(
    _ session: borrowing Session, _ outcome: NoticeOutcome, breaker: BreakerRule
  ) throws {
    let notice = outcome.notice
    let stamp = try Stamp.now(session)
    let isHeld = try session.first(
      "SELECT true FROM gkm.notice WHERE id = \(notice.id) AND attempts = \(notice.attempt) FOR UPDATE"
    ) { try $0.bool(0) }
    guard isHeld == true, try !JobQueue.held(session, [notice.job.id], lease: notice.lease).isEmpty else {
      throw LeaseLost(jobs: 1)
    }
    var audit = AuditBatch(stamp)
    try note(outcome, &audit)
    var statements = [noticeSQL(outcome, stamp.at), attemptSQL(outcome, stamp.at)]
    if case .webhook(let target) = notice.target {
      statements.append(
        try WebhookHealth.settle(
          session, target.endpoint, outcome, rule: breaker, at: stamp.at, audit: &audit))
    }
    if let template = outcome.template { statements.append(TemplateRegister.statement([template])) }
    if !audit.isEmpty { statements.append(audit.statement) }
    try session.pipeline(statements)
    try end(session, outcome, at: stamp.at)
  }

  private static func end(_ session: borrowing Session, _ outcome: NoticeOutcome, at: Instant) throws {
    let (job, lease) = (outcome.notice.job, outcome.notice.lease)
    switch outcome.state {
    case .retrying:
      let postponed = JobQueue.postpone([(job.id, at + (outcome.retryAfter ?? .zero))], lease: lease)
      guard try session.execute(postponed) == 1 else { throw LeaseLost(jobs: 1) }
    case .failed:
      let problem = "notice \(outcome.notice.id): \(outcome.reply)"
      guard try JobQueue.bury(session, job, lease: lease, problem: problem) else { throw LeaseLost(jobs: 1) }
    default:
      guard try session.execute(JobQueue.complete([job.id], lease: lease)) == 1 else { throw LeaseLost(jobs: 1) }
    }
  }

  /// Only an end is an event: what lies between stands in the attempts.
  private static func note(_ outcome: NoticeOutcome, _ audit: inout AuditBatch) throws {
    let notice = outcome.notice
    guard outcome.state == .sent || outcome.state == .failed else { return }
    var details = [
      "audience": notice.audience.rawValue, "channel": notice.channel.rawValue, "template": notice.template,
      "attempt": String(notice.attempt), "message_id": outcome.messageID,
      "reply": SafeText.cleaned(outcome.reply, limit: 300),
    ]
    details["template_version"] = outcome.templateVersion
    try audit.add(
      outcome.state == .sent ? .noticeSent : .noticeFailed, .notice(notice.id),
      order: notice.order.map { ($0.id, $0.number) }, vendor: notice.vendor, details: details)
  }

  private static func noticeSQL(_ outcome: NoticeOutcome, _ at: Instant) -> SQL {
    let next = outcome.retryAfter.map { at + $0 }
    return """
      UPDATE gkm.notice
      SET state = \(outcome.state.rawValue), next_attempt_at = \(next), last_reply = \(safe(outcome.reply)),
        message_id = \(outcome.messageID), template_version = coalesce(\(outcome.templateVersion), template_version),
        sent_at = \(outcome.state == .sent ? at : nil), updated_at = \(at), version = version + 1
      WHERE id = \(outcome.notice.id)
      """
  }

  private static func attemptSQL(_ outcome: NoticeOutcome, _ at: Instant) -> SQL {
    """
    UPDATE gkm.notice_attempt
    SET outcome = \(outcome.ending.rawValue), ended_at = \(at), reply = \(safe(outcome.reply)),
      template_version = \(outcome.templateVersion)
    WHERE notice_id = \(outcome.notice.id) AND number = \(outcome.notice.attempt)
    """
  }
}
