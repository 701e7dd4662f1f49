package import Market
package import Postgres

/// When and by whom a transaction acts: what each of its audit events repeats, because the policy demands both.
package struct Stamp: Sendable {
  /// The transaction's `now()`.
  package let at: Instant
  /// Its `session_user`.
  package let actor: String
  package let role: AuditRole

  package init(at: Instant, actor: String, role: AuditRole = .daemon) {
    self.at = at
    self.actor = actor
    self.role = role
  }

  /// The present transaction's.
  package static func now(_ session: borrowing Session, role: AuditRole = .daemon) throws -> Stamp {
    let stamp = try session.first("SELECT now(), session_user::text") {
      Stamp(at: try $0.instant(0), actor: try $0.string(1), role: role)
    }
    guard let stamp else { throw PostgresError(.decode, "now() gave no row") }
    return stamp
  }
}

/// The audit events of one transaction, gathered while it is planned and written by one statement.
package struct AuditBatch: Sendable {
  package let stamp: Stamp
  private var actions: [String] = []
  private var kinds: [String] = []
  private var ids: [String] = []
  private var orders: [OrderID?] = []
  private var vendors: [VendorID?] = []
  private var stripeEvents: [String?] = []
  private var bodies: [[UInt8]] = []
  private var random = SystemRandomNumberGenerator()

  package init(_ stamp: Stamp) { self.stamp = stamp }

  package var count: Int { actions.count }
  package var isEmpty: Bool { actions.isEmpty }

  /// Adds one event. `order` names the order in the row (its id) and in the record (its number). Addresses in `reason` and
  /// `details` are replaced: what is sealed names nobody. A Message-ID, which only looks like one, stays.
  package mutating func add(
    _ action: AuditAction, _ subject: AuditSubject, order: (id: OrderID, number: String)? = nil,
    vendor: VendorID? = nil, stripeEvent: String? = nil, reason: String? = nil, details: [String: String] = [:]
  ) throws {
    let record = try AuditRecord(
      at: stamp.at, actor: stamp.actor, role: stamp.role, action: action, subject: subject, order: order?.number,
      vendor: vendor, stripeEvent: stripeEvent, reason: reason.map(PersonalText.masked),
      nonce: random.bytes(AuditRecord.nonceByteCount), details: Self.nameless(details))
    actions.append(action.rawValue)
    kinds.append(subject.kind)
    ids.append(subject.id)
    orders.append(order?.id)
    vendors.append(vendor)
    stripeEvents.append(stripeEvent)
    bodies.append(record.bytes)
  }

  private static func nameless(_ details: [String: String]) -> [String: String] {
    guard details.contains(where: { $0.value.utf8.contains(UInt8(ascii: "@")) }) else { return details }
    return Dictionary(
      uniqueKeysWithValues: details.map { ($0, $0 == AuditRecord.messageIDDetail ? $1 : PersonalText.masked($1)) })
  }

  /// Writes them, in the order in which they were added.
  package var statement: SQL {
    """
    INSERT INTO gkm.audit_event (at, actor, action, subject_kind, subject_id, order_id, vendor_id, stripe_event, body)
    SELECT \(stamp.at), \(stamp.actor), * FROM unnest(
      \(actions), \(kinds), \(ids), \(orders), \(vendors), \(stripeEvents), \(bodies))
    """
  }
}

extension SystemRandomNumberGenerator {
  /// Random bytes, fit for keys and nonces.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      var word = next()
      for _ in 0..<min(8, count - bytes.count) {
        bytes.append(UInt8(truncatingIfNeeded: word))
        word >>= 8
      }
    }
    return bytes
  }
}
