import Market
import Postgres

extension NoticeClaim {
  /// What is to be written for the notices whose turn has come.
  struct Plan {
    var result = Result()
    var finished: [JobID] = []
    /// The jobs that were looked at.
    private(set) var seen: Set<JobID> = []
    private let stamp: Stamp
    private var gates: WebhookGates
    private var audit: AuditBatch
    private var lostAttempts: [(id: NoticeID, number: Int)] = []
    private var waiting: [(id: NoticeID, job: JobID, until: Instant)] = []
    private var stopped: [(id: NoticeID, state: NoticeState, reply: String)] = []
    private var buried: [(job: ClaimedJob, problem: String)] = []

    init(stamp: Stamp, gates: WebhookGates) {
      self.stamp = stamp
      self.gates = gates
      audit = AuditBatch(stamp)
    }

    mutating func add(_ row: DueNotice, job: ClaimedJob, lease: Lease, attemptLimit: Int) throws {
      seen.insert(job.id)
      guard ![.sent, .cancelled, .bounced].contains(row.state) else {
        finished.append(job.id)
        return
      }
      // The last attempt was prepared and never settled: whether it arrived, nobody can say.
      if row.state == .sending { lostAttempts.append((row.id, row.attempts)) }
      guard let target = row.target else {
        finished.append(job.id)
        return stopped.append((row.id, .cancelled, "there is nowhere to send it to any more"))
      }
      guard row.attemptsSoFar < attemptLimit else {
        return try giveUp(row, job, "gave up after \(row.attemptsSoFar) attempts")
      }
      if let webhook = row.webhook {
        switch gates.ask(webhook.endpoint, notice: row.id) {
        case .pass: break
        case .wait(let until): return waiting.append((row.id, job.id, until))
        }
      }
      result.prepared.append(
        PreparedNotice(
          job: job, lease: lease, id: row.id, attempt: row.attempts + 1, attemptInRound: row.attemptsSoFar + 1,
          audience: row.audience, channel: row.channel, template: row.template, locale: row.locale,
          createdAt: row.createdAt, preparedAt: stamp.at, target: target, values: row.values, order: row.order,
          vendor: row.vendor))
    }

    private mutating func giveUp(_ row: DueNotice, _ job: ClaimedJob, _ problem: String) throws {
      result.exhausted.append(row.id)
      stopped.append((row.id, .failed, problem))
      buried.append((job, problem))
      try audit.add(
        .noticeFailed, .notice(row.id), order: row.order.map { ($0.id, $0.number) }, vendor: row.vendor,
        details: ["template": row.template, "channel": row.channel.rawValue, "reply": problem])
    }

    /// Looks up what a mail about a span of time tells; one that has nothing to tell is not sent.
    mutating func complete(_ session: borrowing Session) throws {
      for (index, notice) in result.prepared.enumerated().reversed() where notice.isDigest {
        if let whole = try notice.withNewOrders(session) {
          result.prepared[index] = whole
        } else {
          result.prepared.remove(at: index)
          finished.append(notice.job.id)
          stopped.append((notice.id, .cancelled, "there was nothing to tell"))
        }
      }
    }

    func write(_ session: borrowing Session, lease: Lease) throws {
      var statements: [SQL] = []
      if !lostAttempts.isEmpty { statements.append(lostSQL) }
      if !result.prepared.isEmpty { statements += [sendingSQL, attemptSQL] }
      if !stopped.isEmpty { statements.append(stoppedSQL) }
      if !waiting.isEmpty {
        statements += [waitingSQL, JobQueue.postpone(waiting.map { ($0.job, $0.until) }, lease: lease)]
      }
      statements += gates.statements
      if !audit.isEmpty { statements.append(audit.statement) }
      if !finished.isEmpty { statements.append(JobQueue.complete(finished, lease: lease)) }
      if !statements.isEmpty { try session.pipeline(statements) }
      for letter in buried { _ = try JobQueue.bury(session, letter.job, lease: lease, problem: letter.problem) }
    }

    private var lostSQL: SQL {
      """
      UPDATE gkm.notice_attempt t
      SET outcome = 'unknown', ended_at = \(stamp.at), reply = 'the worker ended before it heard the answer'
      FROM unnest(\(lostAttempts.map(\.id)), \(lostAttempts.map(\.number))) AS c (id, number)
      WHERE t.notice_id = c.id AND t.number = c.number AND t.outcome = 'prepared'
      """
    }

    private var sendingSQL: SQL {
      """
      UPDATE gkm.notice n
      SET state = 'sending', attempts = c.attempt, attempts_in_round = c.in_round, next_attempt_at = NULL,
        updated_at = \(stamp.at), version = n.version + 1
      FROM unnest(
        \(result.prepared.map(\.id)), \(result.prepared.map(\.attempt)), \(result.prepared.map(\.attemptInRound))
      ) AS c (id, attempt, in_round)
      WHERE n.id = c.id
      """
    }

    private var attemptSQL: SQL {
      """
      INSERT INTO gkm.notice_attempt (notice_id, number, started_at)
      SELECT c.id, c.attempt, \(stamp.at)
      FROM unnest(\(result.prepared.map(\.id)), \(result.prepared.map(\.attempt))) AS c (id, attempt)
      """
    }

    /// What was on its way when its worker ended is not any more.
    private var waitingSQL: SQL {
      """
      UPDATE gkm.notice n
      SET state = CASE WHEN n.state = 'pending' THEN 'pending' ELSE 'retrying' END, next_attempt_at = c.until,
        attempts_in_round = CASE WHEN n.state = 'failed' THEN 0 ELSE n.attempts_in_round END,
        updated_at = \(stamp.at), version = n.version + 1
      FROM unnest(\(waiting.map(\.id)), \(waiting.map(\.until))) AS c (id, until) WHERE n.id = c.id
      """
    }

    private var stoppedSQL: SQL {
      """
      UPDATE gkm.notice n
      SET state = c.state, next_attempt_at = NULL, last_reply = c.reply, updated_at = \(stamp.at),
        version = n.version + 1
      FROM unnest(\(stopped.map(\.id)), \(stopped.map(\.state.rawValue)), \(stopped.map(\.reply)))
        AS c (id, state, reply)
      WHERE n.id = c.id
      """
    }
  }
}
