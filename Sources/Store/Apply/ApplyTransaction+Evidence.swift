import Market
import Postgres

extension ApplyTransaction {
  /// What Stripe answered to evidence: its row and the audit event that says so.
  mutating func noteEvidence(_ work: OrderWork) throws {
    for case .evidence(let answer) in work.records {
      writes.evidence.append(answer)
      var details = ["evidence": answer.call.evidence.description, "round": String(answer.call.round)]
      details["status"] = answer.status
      details["problem"] = safe(answer.outcome.problem)
      try writes.audit.add(
        answer.outcome.action, .dispute(answer.dispute), order: work.snapshot.reference, details: details)
    }
  }
}

extension ApplyWrites {
  /// Each call is answered once: a row that has moved on affects none, and that is a conflict.
  var evidenceSQL: SQL {
    """
    UPDATE gkm.dispute_evidence e
    SET state = c.state, answer = coalesce(c.answer, e.answer), problem = c.problem, updated_at = \(audit.stamp.at),
      staged_at = CASE WHEN c.state = 'draft' THEN \(audit.stamp.at) ELSE e.staged_at END,
      submitted_at = CASE WHEN c.state = 'submitted' THEN \(audit.stamp.at) END, version = e.version + 1
    FROM unnest(
      \(evidence.map(\.call.evidence)), \(evidence.map(\.call.round)), \(evidence.map(\.outcome.state.rawValue)),
      \(evidence.map(\.status)), \(evidence.map { safe($0.outcome.problem) })
    ) AS c (id, round, state, answer, problem)
    WHERE e.id = c.id AND e.round = c.round AND e.state IN ('staging', 'submitting')
    """
  }
}
