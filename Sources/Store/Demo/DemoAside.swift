import Market
import Postgres

/// What stands beside the orders of the demo: events that nobody could use, and evidence about disputes.
struct DemoAside {
  let now: Instant
  let people: [(login: String, role: Role)]
  private var random: DemoRandom
  private var audit = DemoAudit()

  /// Evidence is written about so many disputes at most.
  private static let disputesAtMost = 40

  init(now: Instant, people: [(login: String, role: Role)], random: DemoRandom) {
    self.now = now
    self.people = people
    self.random = random
  }

  /// Answers how many audit events were written.
  mutating func write(_ session: borrowing Session) throws -> Int {
    for event in asideEvents() { try write(event, session) }
    try writeEvidence(session)
    let count = audit.count
    try audit.write(session)
    return count
  }

  // MARK: Events

  private struct AsideEvent {
    let id: String
    let type: String
    let state: StripeEventState
    let problem: String
    var livemode: Bool?
    let body: String
    var waitsFor: [String] = []
    let age: Duration
  }

  private mutating func asideEvents() -> [AsideEvent] {
    let intents = (random.stripeID("pi_3", 23), random.stripeID("pi_3", 23))
    let charge = random.stripeID("ch_3", 23)
    let ids = (0..<4).map { _ in random.stripeID("evt_1", 23) }
    func envelope(_ id: String, _ type: String, livemode: Bool = false, _ object: String) -> String {
      #"{"id":"\#(id)","object":"event","api_version":"2025-09-30.clover","created":\#(now.unixSeconds - 7_200),"#
        + #""livemode":\#(livemode),"type":"\#(type)","data":{"object":\#(object)}}"#
    }
    let refund =
      #"{"id":"\#(charge)","object":"charge","status":"succeeded","amount":1999,"amount_refunded":1999,"#
      + #""currency":"eur","payment_intent":"\#(intents.0)"}"#
    let failed =
      #"{"id":"\#(intents.1)","object":"payment_intent","status":"requires_payment_method","amount":2499,"#
      + #""currency":"eur","metadata":{}}"#
    let cut = #"{"id":"evt_1","object":"event","type":"charge.succeeded","data":{"object":{"id":"ch_3"#
    return [
      AsideEvent(
        id: "sha256:" + random.text(64, from: Array("0123456789abcdef".utf8)), type: "unknown", state: .quarantined,
        problem: "no JSON: a string without end at byte \(cut.utf8.count)", body: cut, age: .hours(31)),
      AsideEvent(
        id: ids[0], type: "checkout.session.completed", state: .quarantined,
        problem: "a live event in a test market", livemode: true,
        body: envelope(ids[0], "checkout.session.completed", livemode: true, #"{"id":"cs_live_b1"}"#), age: .hours(9)),
      AsideEvent(
        id: ids[1], type: "charge.dispute.created", state: .quarantined, problem: "data.object.charge: missing",
        livemode: false,
        body: envelope(
          ids[1], "charge.dispute.created",
          #"{"id":"dp_1","object":"dispute","#
            + #""status":"needs_response","amount":1999,"currency":"eur"}"#), age: .minutes(100)),
      AsideEvent(
        id: ids[2], type: "charge.refunded", state: .parked,
        problem: "no order is known yet for \(intents.0), \(charge)", livemode: false,
        body: envelope(ids[2], "charge.refunded", refund), waitsFor: [intents.0, charge], age: .hours(5)),
      AsideEvent(
        id: ids[3], type: "payment_intent.payment_failed", state: .parked,
        problem: "no order is known yet for \(intents.1)", livemode: false,
        body: envelope(ids[3], "payment_intent.payment_failed", failed), waitsFor: [intents.1], age: .minutes(12)),
    ]
  }

  /// Its place is given out here: triggers rest while the demo is loaded.
  private mutating func write(_ event: AsideEvent, _ session: borrowing Session) throws {
    let at = now - event.age
    let body = Array(event.body.utf8)
    try session.execute(
      """
      INSERT INTO gkm.stripe_event (event_id, type, state, livemode, problem, stripe_created, received_at, place)
      VALUES (\(event.id), \(event.type), \(event.state.rawValue), \(event.livemode), \(event.problem),
        \(Instant(unixSeconds: at.unixSeconds)), \(at), nextval('gkm.stripe_event_place_seq'))
      """)
    try session.execute(
      """
      INSERT INTO gkm.stripe_event_body (event_id, received_at, body, signature)
      VALUES (\(event.id), \(at), \(body), '')
      """)
    for object in event.waitsFor {
      try session.execute(
        "INSERT INTO gkm.parked_event (object_id, event_id, parked_at) VALUES (\(object), \(event.id), \(at))")
    }
    let isParked = event.state == .parked
    try audit.add(
      isParked ? .stripeEventParked : .stripeEventQuarantined, .stripeEvent(event.id), at: at, stripeEvent: event.id,
      details: isParked
        ? ["type": event.type, "waits_for": event.waitsFor.joined(separator: " ")]
        : ["type": event.type, "problem": event.problem])
  }

  // MARK: Evidence

  private func login(_ role: Role) -> String { people.first { $0.role == role }?.login ?? "gkm_daemon" }

  /// A draft for every other dispute that waits for an answer; what was answered has its evidence.
  private mutating func writeEvidence(_ session: borrowing Session) throws {
    let answered: SQL =
      """
      d.status IN ('needs_response', 'under_review', 'won')
        AND NOT EXISTS (SELECT FROM gkm.dispute_evidence x WHERE x.dispute_id = d.id)
      """
    let disputes = try DisputeList.page(session, where: [answered], after: nil, limit: Self.disputesAtMost)
    var waiting = 0
    for dispute in disputes {
      if dispute.status == "needs_response" {
        waiting += 1
        guard !waiting.isMultiple(of: 2) else { continue }
      }
      guard let source = try EvidenceSource.read(session, dispute: dispute.dispute) else { continue }
      try write(Evidence(from: source), dispute, session)
    }
  }

  private mutating func write(_ evidence: Evidence, _ dispute: DisputeRow, _ session: borrowing Session) throws {
    let isSubmitted = dispute.status != "needs_response"
    let prepared = dispute.createdAt + .hours(1)
    let asked = dispute.createdAt + .hours(2)
    let answered = asked + .milliseconds(900)
    let (support, ops) = (login(.support), login(.ops))
    let fields = evidence.named.sorted { $0.key < $1.key }
    let id: EvidenceID? = try session.first(
      """
      INSERT INTO gkm.dispute_evidence (dispute_id, order_id, state, fields, round, prepared_by, requested_by,
        requested_at, submitted_at, answer, created_at, updated_at, version)
      SELECT \(dispute.dispute), \(dispute.orderID), \(isSubmitted ? "submitted" : "draft"),
        jsonb_object(\(fields.map(\.key)), \(fields.map(\.value))), \(Int32(isSubmitted ? 1 : 0)),
        \(support), \(isSubmitted ? ops : nil), \(isSubmitted ? asked : nil), \(isSubmitted ? answered : nil),
        \(isSubmitted ? "under_review" : nil), \(prepared), \(isSubmitted ? answered : prepared),
        \(Int64(isSubmitted ? 3 : 1))
      RETURNING id
      """
    ) { try $0.id(0) }
    guard let id else { return }
    let order = (id: dispute.orderID, number: dispute.order)
    let subject = AuditSubject.dispute(dispute.dispute)
    try audit.add(
      .disputeEvidencePrepared, subject, at: prepared, by: support, as: .support, order: order,
      details: ["fields": fields.map(\.key).joined(separator: " ")])
    guard isSubmitted else { return }
    try audit.add(
      .disputeEvidenceRequested, subject, at: asked, by: ops, as: .ops, order: order,
      reason: "the key was delivered and looked at", details: ["evidence": "\(id)", "round": "1", "submits": "yes"])
    try audit.add(
      .disputeEvidenceSubmitted, subject, at: answered, order: order,
      details: ["evidence": "\(id)", "round": "1", "status": "under_review"])
  }
}
