import Market
package import Postgres

/// Takes jobs of the kind `apply` together with the events they name.
package enum ApplyClaim {
  /// Claims due jobs with their events' bytes in one statement, oldest first.
  ///
  /// The kind can be paused, and is not limited otherwise.
  package static func claim(
    _ session: borrowing Session, limit: Int, lease: Lease, past horizon: ClaimHorizon? = nil
  ) throws -> [ClaimedEvent] {
    let start = horizon?.start(.apply)
    var places: [ClaimPlace] = []
    let events = try session.rows(
      """
      \(sql: JobQueue.claiming(.apply, limit: limit, lease: lease, from: start?.floors))
      SELECT c.id, c.subject, c.attempts, c.created_at, e.state, coalesce(e.type, ''), b.body, i.livemode, c.priority,
        c.due_at, set_config('synchronous_commit', 'off', true)
      FROM claimed c
      CROSS JOIN gkm.installation i
      LEFT JOIN gkm.stripe_event e ON e.event_id = c.subject
      LEFT JOIN gkm.stripe_event_body b ON b.event_id = e.event_id AND b.received_at = e.received_at
      ORDER BY c.priority, c.id
      """
    ) {
      places.append(ClaimPlace(priority: try $0.int(8), dueAt: try $0.instant(9)))
      return ClaimedEvent(
        job: try JobQueue.decode($0), state: $0.isNull(4) ? nil : try $0.word(4), type: try $0.string(5),
        body: try $0.bytesOrNil(6), livemode: try $0.bool(7))
    }
    if let start { horizon?.end(.apply, start, claimed: places) }
    return events
  }

  /// Gives up on an event after too many failures: it goes into quarantine with the reason, its job to the dead
  /// letters. Answers whether the job was still held. Inside a transaction.
  package static func bury(
    _ session: borrowing Session, _ claimed: ClaimedEvent, lease: Lease, problem: String
  ) throws -> Bool {
    guard try JobQueue.bury(session, claimed.job, lease: lease, problem: problem) else { return false }
    let problem = SafeText.cleaned(problem, limit: 400)
    var audit = AuditBatch(try Stamp.now(session))
    let id = claimed.eventID
    try audit.add(.jobBuried, .job(claimed.job.id), stripeEvent: id, details: ["kind": "apply", "problem": problem])
    try audit.add(
      .stripeEventQuarantined, .stripeEvent(id), stripeEvent: id, details: ["problem": problem, "type": claimed.type])
    try session.pipeline([
      """
      UPDATE gkm.stripe_event SET state = 'quarantined', problem = \(problem)
      WHERE event_id = \(id) AND state = 'pending'
      """,
      audit.statement,
    ])
    return true
  }
}
