import Market
import Postgres

/// The history's audit events in the order in which they happened, each at its own time.
struct DemoAudit {
  private var rows: [(record: AuditRecord, order: OrderID?)] = []
  private var random = SystemRandomNumberGenerator()
  /// What happens now leaves no trace.
  var isMuted = false

  var count: Int { rows.count }

  mutating func add(
    _ action: AuditAction, _ subject: AuditSubject, at: Instant, by actor: String = "gkm_daemon",
    as role: AuditRole = .daemon, order: (id: OrderID, number: String)? = nil, vendor: VendorID? = nil,
    stripeEvent: String? = nil, reason: String? = nil, details: [String: String] = [:]
  ) throws {
    if isMuted { return }
    let record = try AuditRecord(
      at: at, actor: actor, role: role, action: action, subject: subject, order: order?.number, vendor: vendor,
      stripeEvent: stripeEvent, reason: reason, nonce: random.bytes(AuditRecord.nonceByteCount), details: details)
    rows.append((record, order?.id))
  }

  /// Writes what was gathered, by time, and forgets it.
  mutating func write(_ session: borrowing Session) throws {
    let sorted = rows.enumerated().sorted { ($0.element.record.at, $0.offset) < ($1.element.record.at, $1.offset) }
    for batch in sorted.map(\.element).batches {
      try session.execute(
        """
        INSERT INTO gkm.audit_event
          (at, actor, action, subject_kind, subject_id, order_id, vendor_id, stripe_event, body)
        SELECT * FROM unnest(
          \(batch.map(\.record.at)), \(batch.map(\.record.actor)), \(batch.map(\.record.actionName)),
          \(batch.map(\.record.subject.kind)), \(batch.map(\.record.subject.id)), \(batch.map(\.order)),
          \(batch.map(\.record.vendor)), \(batch.map(\.record.stripeEvent)), \(batch.map(\.record.bytes)))
        """)
    }
    rows.removeAll()
  }
}

extension Array {
  /// Pieces that fit into one statement each.
  var batches: [ArraySlice<Element>] { parts(of: 5_000) }
}
