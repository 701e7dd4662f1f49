import Market
import Postgres

/// What an endpoint's answers make of its breaker.
enum WebhookHealth {
  /// The statement that notes an answer. An endpoint that has failed for longer than anybody is patient is disabled,
  /// and its vendor told by mail.
  static func settle(
    _ session: borrowing Session, _ endpoint: WebhookEndpointID, _ outcome: NoticeOutcome, rule: BreakerRule,
    at: Instant, audit: inout AuditBatch
  ) throws -> SQL {
    guard outcome.ending != .confirmed else {
      return """
        UPDATE gkm.webhook_health
        SET breaker = 'closed', until = NULL, failures = 0, failing_since = NULL, last_success_at = \(at),
          last_reply = \(safe(outcome.reply))
        WHERE endpoint_id = \(endpoint)
        """
    }
    let failingSince = try session.first(
      "SELECT failing_since FROM gkm.webhook_health WHERE endpoint_id = \(endpoint) FOR UPDATE"
    ) { try $0.instantOrNil(0) }
    if let since = failingSince ?? nil, at - since > rule.patience, let vendor = outcome.notice.vendor {
      try disable(session, endpoint, vendor, since: since, outcome, &audit)
    }
    let isOpening: SQL = "breaker <> 'closed' OR failures + 1 >= \(rule.failures)"
    return """
      UPDATE gkm.webhook_health
      SET until = CASE WHEN \(sql: isOpening) THEN \(at + rule.pause)::timestamptz END,
        breaker = CASE WHEN \(sql: isOpening) THEN 'open' ELSE 'closed' END,
        failures = failures + 1, failing_since = coalesce(failing_since, \(at)), last_failure_at = \(at),
        last_reply = \(safe(outcome.reply))
      WHERE endpoint_id = \(endpoint)
      """
  }

  private static func disable(
    _ session: borrowing Session, _ endpoint: WebhookEndpointID, _ vendor: VendorID, since: Instant,
    _ outcome: NoticeOutcome, _ audit: inout AuditBatch
  ) throws {
    let problem = "it has not answered since \(since.rfc3339): \(outcome.reply)"
    let changed = try session.execute(
      """
      UPDATE gkm.webhook_endpoint
      SET state = 'disabled', disabled_reason = \(safe(problem)), updated_at = now(), version = version + 1
      WHERE id = \(endpoint) AND state = 'active'
      """)
    guard changed == 1 else { return }
    try audit.add(
      .webhookDisabled, .webhook(endpoint), vendor: vendor, details: ["problem": SafeText.cleaned(problem, limit: 300)])
    try NoticeQueue.add(
      session,
      Notice(
        "vendor_webhook_disabled", to: .vendor, dedupe: "webhook_disabled/\(endpoint)/\(since.rfc3339)", vendor: vendor,
        data: ["endpoint": endpoint.description, "since": since.rfc3339]))
  }
}
