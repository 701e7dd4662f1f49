import Market
import Postgres

extension DeliveryClaim {
  /// What is to be written for the deliveries whose turn has come.
  struct Plan {
    var result = Result()
    var finished: [JobID] = []
    private var audit: AuditBatch
    private var sending: [(id: DeliveryID, attempt: Int, order: OrderID)] = []
    private var lostAttempts: [(id: DeliveryID, number: Int)] = []
    private var heldBack: [(id: DeliveryID, job: JobID, wasSending: Bool)] = []
    /// Orders with new links, and these links' generation.
    private var relinked: [OrderID: Int32] = [:]
    private var stopped: [(id: DeliveryID, state: DeliveryState, reply: String?)] = []

    init(stamp: Stamp) { audit = AuditBatch(stamp) }

    private var at: Instant { audit.stamp.at }

    mutating func add(_ row: DueDelivery, job: JobID, lease: Lease, attemptLimit: Int) throws {
      let turn = DeliveryTurn(
        row.state, isHeldBack: row.isHeldBack, isDeliverable: row.isDeliverable,
        attemptsInRound: row.attemptsInRound, attemptLimit: attemptLimit)
      if turn.losesLastAttempt { try noteLostAttempt(row) }
      switch turn.step {
      case .drop: finished.append(job)
      case .wait: heldBack.append((row.id, job, turn.losesLastAttempt))
      case .cancel:
        finished.append(job)
        stopped.append((row.id, .cancelled, nil))
        try audit.add(
          .deliveryCancelled, .delivery(row.id), order: row.reference, vendor: row.vendor,
          details: ["order_state": row.orderState.rawValue, "was": row.state.rawValue])
      case .giveUp:
        finished.append(job)
        result.exhausted.append((row.number, row.id))
        stopped.append((row.id, .failed, "gave up after \(row.attemptsInRound) attempts"))
        try audit.add(
          .deliveryRefused, .delivery(row.id), order: row.reference, vendor: row.vendor,
          details: ["attempts": String(row.attempts), "reply": "gave up after \(row.attemptsInRound) attempts"])
      case .send:
        // What can be delivered has a key.
        if let key = row.key { try send(row, key, job, lease) }
      }
    }

    private mutating func send(
      _ row: DueDelivery, _ key: (id: StockUnitID, dataKey: DataKeyID, sealed: SealedUnit), _ job: JobID,
      _ lease: Lease
    ) throws {
      sending.append((row.id, row.attempts + 1, row.order))
      if row.isTokenDue { relinked[row.order] = row.tokenGeneration }
      try audit.add(
        .deliveryPrepared, .delivery(row.id), order: row.reference, vendor: row.vendor,
        details: ["attempt": String(row.attempts + 1), "channel": "email", "message_id": row.messageID])
      result.prepared.append(
        PreparedDelivery(
          job: job, lease: lease, delivery: row.id, attempt: row.attempts + 1, preparedAt: at,
          attemptInRound: row.attemptsInRound + 1, order: row.order, orderNumber: row.number, paidAt: row.paidAt,
          tokenGeneration: row.tokenGeneration, unit: row.unit, position: row.position, unitsTotal: row.unitsTotal,
          vendor: row.vendor, email: row.email, name: row.name, locale: row.locale, title: row.title,
          platform: row.platform, messageID: row.messageID,
          place: SealedUnitPlace(unit: key.id, vendor: row.vendor, product: row.product), dataKey: key.dataKey,
          sealed: key.sealed))
    }

    /// The last attempt was prepared and never settled: whether it arrived, nobody can say.
    private mutating func noteLostAttempt(_ row: DueDelivery) throws {
      lostAttempts.append((row.id, row.attempts))
      try audit.add(
        .deliveryUnknown, .delivery(row.id), order: row.reference, vendor: row.vendor,
        details: ["attempt": String(row.attempts), "reply": "the worker ended before it heard the answer"])
    }

    func write(_ session: borrowing Session, lease: Lease, vault: KeyVault) throws {
      var statements: [SQL] = []
      if !relinked.isEmpty { statements.append(relinkedSQL(vault)) }
      if !lostAttempts.isEmpty { statements.append(lostSQL) }
      if !sending.isEmpty { statements += [sendingSQL, attemptSQL] }
      if !stopped.isEmpty { statements.append(stoppedSQL) }
      if !heldBack.isEmpty {
        statements += [heldBackSQL, JobQueue.postpone(heldBack.map { ($0.job, at + Self.patience) }, lease: lease)]
      }
      if !audit.isEmpty { statements.append(audit.statement) }
      if !finished.isEmpty { statements.append(JobQueue.complete(finished, lease: lease)) }
      if !statements.isEmpty { try session.pipeline(statements) }
    }

    private func relinkedSQL(_ vault: KeyVault) -> SQL {
      let hashes = relinked.map { vault.token(order: $0, generation: $1).storedHash }
      return """
        UPDATE gkm.orders o SET token_hash = decode(c.hash, 'hex'), token_due = false
        FROM unnest(\(Array(relinked.keys)), \(hashes.map { Hex.encode($0) })) AS c (id, hash) WHERE o.id = c.id
        """
    }

    private var lostSQL: SQL {
      """
      UPDATE gkm.delivery_attempt t
      SET outcome = 'unknown', ended_at = \(at), reply = 'the worker ended before it heard the answer'
      FROM unnest(\(lostAttempts.map(\.id)), \(lostAttempts.map(\.number))) AS c (id, number)
      WHERE t.delivery_id = c.id AND t.number = c.number AND t.outcome = 'prepared'
      """
    }

    private var sendingSQL: SQL {
      """
      UPDATE gkm.delivery
      SET state = 'sending', attempts = attempts + 1, attempts_in_round = attempts_in_round + 1,
        next_attempt_at = NULL, updated_at = \(at), version = version + 1
      WHERE id = ANY (\(sending.map(\.id)))
      """
    }

    private var attemptSQL: SQL {
      """
      INSERT INTO gkm.delivery_attempt (delivery_id, number, started_at, order_id)
      SELECT c.id, c.number, \(at), c.order_id
      FROM unnest(\(sending.map(\.id)), \(sending.map(\.attempt)), \(sending.map(\.order))) AS c (id, number, order_id)
      """
    }

    /// How long a delivery waits for what becomes of its unit's refund.
    private static let patience = Duration.seconds(5)

    /// An attempt that was lost on the way is over; otherwise nothing changes but the time.
    private var heldBackSQL: SQL {
      """
      UPDATE gkm.delivery d
      SET state = CASE WHEN c.was_sending THEN 'retrying' ELSE d.state END, next_attempt_at = \(at + Self.patience),
        updated_at = \(at), version = d.version + 1
      FROM unnest(\(heldBack.map(\.id)), \(heldBack.map(\.wasSending))) AS c (id, was_sending)
      WHERE d.id = c.id
      """
    }

    private var stoppedSQL: SQL {
      """
      UPDATE gkm.delivery d
      SET state = c.state, next_attempt_at = NULL, last_reply = coalesce(c.reply, d.last_reply), updated_at = \(at),
        version = d.version + 1
      FROM unnest(
        \(stopped.map(\.id)), \(stopped.map(\.state.rawValue)), \(stopped.map(\.reply))
      ) AS c (id, state, reply)
      WHERE d.id = c.id
      """
    }
  }
}
