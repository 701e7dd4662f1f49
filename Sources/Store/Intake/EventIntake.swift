package import Market
package import Postgres

/// One event as it came in, judged and ready to be stored.
package struct ReceivedEvent: Sendable {
  /// `evt_…`, or `sha256:<hex>` of a signed body without an id.
  package var id: String
  package var type: String
  /// `pending`, `ignored` or `quarantined`.
  package var state: StripeEventState
  package var livemode: Bool?
  /// Why it is not applied.
  package var problem: String?
  package var stripeCreated: Instant?
  package var body: [UInt8]
  /// The header as it came, replaced where it is not text; empty for an event that was listed.
  package var signature: String
  package var arrival: EventArrival

  package init(
    id: String, type: String, state: StripeEventState, livemode: Bool? = nil, problem: String? = nil,
    stripeCreated: Instant? = nil, body: [UInt8], signature: String, arrival: EventArrival = .webhook
  ) {
    self.id = id
    self.type = type
    self.state = state
    self.livemode = livemode
    self.problem = problem
    self.stripeCreated = stripeCreated
    self.body = body
    self.signature = signature
    self.arrival = arrival
  }
}

/// How an event came to us.
package enum EventArrival: String, CaseIterable, Sendable {
  /// Sent by Stripe, and signed.
  case webhook
  /// Found missing by reconciliation, and fetched from Stripe's list.
  case listed
}

/// Stores Stripe's events, each once, with the job that will apply it.
package enum EventIntake {
  /// Stores those of `events` that are new: the event, its bytes, and for a pending one its job, in one statement.
  /// Answers the ids of the new ones. Ids must differ, and come in one order everywhere: else two batches with the
  /// same events could wait for each other.
  ///
  /// Safe to do again after an error that leaves the outcome of a commit unknown.
  package static func record(_ session: borrowing Session, _ events: [ReceivedEvent]) throws -> Set<String> {
    let ids = try session.rows(
      """
      WITH given AS (
        SELECT * FROM unnest(
          \(events.map(\.id)), \(events.map(\.type)), \(events.map(\.state.rawValue)), \(events.map(\.livemode)),
          \(events.map { safe($0.problem) }), \(events.map(\.stripeCreated)), \(events.map(\.body)),
          \(events.map(\.signature)), \(events.map(\.arrival.rawValue))
        ) AS g (event_id, type, state, livemode, problem, stripe_created, body, signature, arrival)
      ), fresh AS (
        INSERT INTO gkm.stripe_event (event_id, type, state, livemode, problem, stripe_created, arrival)
        SELECT event_id, type, state, livemode, problem, stripe_created, arrival FROM given
        ON CONFLICT DO NOTHING
        RETURNING event_id, state, received_at
      ), bodies AS (
        INSERT INTO gkm.stripe_event_body (event_id, received_at, body, signature)
        SELECT f.event_id, f.received_at, g.body, g.signature FROM fresh f JOIN given g USING (event_id)
      ), jobs AS (
        INSERT INTO gkm.job (kind, subject)
        SELECT 'apply', event_id FROM fresh WHERE state = 'pending'
      )
      SELECT event_id FROM fresh
      """
    ) { try $0.string(0) }
    return Set(ids)
  }

  /// As `record`, with an audit event for each new one that was quarantined. Only inside a transaction.
  package static func recordWithAudit(_ session: borrowing Session, _ events: [ReceivedEvent]) throws -> Set<String> {
    let stamp = try Stamp.now(session)
    let fresh = try record(session, events)
    var audit = AuditBatch(stamp)
    for event in events where event.state == .quarantined && fresh.contains(event.id) {
      try audit.add(
        .stripeEventQuarantined, .stripeEvent(event.id), stripeEvent: event.id,
        details: ["problem": event.problem ?? "", "type": event.type])
    }
    if !audit.isEmpty { try session.execute(audit.statement) }
    return fresh
  }
}

/// Which life of the database this is, and whether it deals in real money.
package struct Installation: Sendable, Equatable {
  package let epoch: Int64
  package let livemode: Bool

  package static func read(_ session: borrowing Session) throws -> Installation {
    let row = try session.first("SELECT epoch, livemode FROM gkm.installation") {
      Installation(epoch: try $0.int64(0), livemode: try $0.bool(1))
    }
    guard let row else { throw StoreError.badRow("gkm.installation is empty") }
    return row
  }

  /// Why a Stripe key of that mode is not for this market, in a sentence; `nil` where it is, or its mode is not known.
  package func problem(withKeyThatIsLive keyIsLive: Bool?) -> String? {
    guard let keyIsLive, keyIsLive != livemode else { return nil }
    return keyIsLive
      ? "the Stripe key is a live one and the market is a test market: its events go into quarantine"
      : "the Stripe key is a test one and the market deals in real money: its events go into quarantine"
  }
}
