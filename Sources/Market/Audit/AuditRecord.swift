/// One critical step, as the audit log keeps it. `bytes` is the one spelling of it that is hashed and stored.
///
/// ## The format, `gkm-audit v1`
///
/// UTF-8 text of lines. The first line is `gkm-audit v1`; every other is a key, one space, a value. Each line, the last
/// included, ends in LF (0x0A). Lines come in this order; those marked ? are left out where there is no value:
///
///     gkm-audit v1
///     at 2026-03-01T12:00:00.000250Z
///     actor ops_anna
///     role ops
///     action delivery.retry.requested
///     subject delivery 1234
///   ? order GK-7Q2M-4XKD-9R
///   ? vendor 12
///   ? stripe_event evt_1Nabc
///   ? reason customer says nothing came
///     nonce 00112233445566778899aabbccddeeff
///   ? detail.attempts 3
///   ? detail.channel email
///
/// - `at`: UTC, always six decimals, always `Z`.
/// - `actor`: the database role that acted (`session_user`), or a customer's id and salted digest: never an address.
/// - `role`: a word of `AuditRole`. `action`: words of `[a-z0-9_]` joined by dots.
/// - `subject`: a kind of `[a-z][a-z0-9_]*`, one space, an id.
/// - `vendor`: a decimal without sign or leading zeros. `nonce`: 16 random bytes in lower-case hex; they keep a leaf's
///   hash from telling what a guess at its content would.
/// - `detail.NAME`: NAME is `[a-z][a-z0-9_]*`; ordered by NAME, byte by byte. Numbers are decimal integers, amounts in
///   minor units; an absent value is no line at all.
/// - In every value a backslash is written `\\` and LF is written `\n`; nothing else is escaped. A value may be empty:
///   the line then ends in the space.
///
/// In SQL, for instance:
///
///     'gkm-audit v1' || E'\n'
///     || 'at ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || E'\n'
///     || 'actor ' || esc(session_user) || E'\n' …
///     || coalesce('reason ' || esc(reason) || E'\n', '')
///     || 'nonce ' || encode(nonce, 'hex') || E'\n'
///     || coalesce((SELECT string_agg('detail.' || key || ' ' || esc(value) || E'\n', '' ORDER BY key COLLATE "C")
///                  FROM jsonb_each_text(details) WHERE value IS NOT NULL), '')
///
/// with `esc(v) = replace(replace(v, '\', '\\'), E'\n', '\n')` (standard_conforming_strings on).
///
/// The leaf hash is SHA-256(0x00 ‖ bytes), as RFC 6962 § 2.1 has it.
package struct AuditRecord: Hashable, Sendable {
  package let at: Instant
  package let actor: String
  package let role: AuditRole
  /// The name of the step; `AuditAction` knows those of this release.
  package let actionName: String
  package let subject: AuditSubject
  package let order: String?
  package let vendor: VendorID?
  package let stripeEvent: String?
  package let reason: String?
  package let nonce: [UInt8]
  package let details: [String: String]

  /// Refuses a nonce that is not 16 bytes, and names that the format cannot spell.
  package init(
    at: Instant, actor: String, role: AuditRole, action: AuditAction, subject: AuditSubject, order: String? = nil,
    vendor: VendorID? = nil, stripeEvent: String? = nil, reason: String? = nil, nonce: [UInt8],
    details: [String: String] = [:]
  ) throws(AuditFormatError) {
    try self.init(
      at: at, actor: actor, role: role, actionName: action.rawValue, subject: subject, order: order, vendor: vendor,
      stripeEvent: stripeEvent, reason: reason, nonce: nonce, details: details)
  }

  init(
    at: Instant, actor: String, role: AuditRole, actionName: String, subject: AuditSubject, order: String?,
    vendor: VendorID?, stripeEvent: String?, reason: String?, nonce: [UInt8], details: [String: String]
  ) throws(AuditFormatError) {
    guard nonce.count == Self.nonceByteCount else { throw AuditFormatError("a nonce has 16 bytes") }
    guard Self.isName(subject.kind) else { throw AuditFormatError("`\(subject.kind)` is no kind of subject") }
    guard Self.isActionName(actionName) else { throw AuditFormatError("`\(actionName)` is no name of an action") }
    if let name = details.keys.first(where: { !Self.isName($0) }) {
      throw AuditFormatError("`\(name)` is no name of a detail")
    }
    if let vendor, vendor.rawValue <= 0 { throw AuditFormatError("a vendor's id is positive") }
    self.at = at
    self.actor = actor
    self.role = role
    self.actionName = actionName
    self.subject = subject
    self.order = order
    self.vendor = vendor
    self.stripeEvent = stripeEvent
    self.reason = reason
    self.nonce = nonce
    self.details = details
  }

  package static let nonceByteCount = 16
  /// The detail that holds a Message-ID, which looks like an address and is none.
  package static let messageIDDetail = "message_id"

  /// Whether an address stands in what people or others wrote.
  package var holdsAddress: Bool {
    reason.map(PersonalText.holdsAddress) == true
      || details.contains { $0.key != Self.messageIDDetail && PersonalText.holdsAddress($0.value) }
  }
  static let header = "gkm-audit v1"

  /// `nil` for a name of a later release.
  package var action: AuditAction? { AuditAction(rawValue: actionName) }

  /// What is stored and hashed.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    bytes += Self.header.utf8
    bytes.append(0x0A)
    func line(_ key: String, name: String = "", _ value: String?) {
      guard let value else { return }
      bytes += key.utf8
      bytes += name.utf8
      bytes.append(0x20)
      Self.appendEscaped(value, to: &bytes)
      bytes.append(0x0A)
    }
    line("at", at.rfc3339Microseconds)
    line("actor", actor)
    line("role", role.rawValue)
    line("action", actionName)
    line("subject", subject.kind + " " + subject.id)
    line("order", order)
    line("vendor", vendor?.description)
    line("stripe_event", stripeEvent)
    line("reason", reason)
    line("nonce", Hex.encode(nonce))
    for (name, value) in details.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      line("detail.", name: name, value)
    }
    return bytes
  }

  package var leafHash: MerkleHash { MerkleHash.leaf(bytes) }

  private static func appendEscaped(_ value: String, to bytes: inout [UInt8]) {
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes += [byte, byte]
      case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
      default: bytes.append(byte)
      }
    }
  }

  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
    return text.utf8.allSatisfy(isWordByte)
  }

  static func isActionName(_ text: String) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { !$0.isEmpty && $0.allSatisfy(isWordByte) }
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
  }
}

/// What a record is about.
package struct AuditSubject: Hashable, Sendable {
  /// `[a-z][a-z0-9_]*`: as a rule the table's name.
  package let kind: String
  package let id: String

  package init(kind: String, id: String) {
    self.kind = kind
    self.id = id
  }

  package static func order(_ id: OrderID) -> AuditSubject { .init(kind: "order", id: id.description) }
  package static func orderUnit(_ id: OrderUnitID) -> AuditSubject { .init(kind: "order_unit", id: id.description) }
  package static func delivery(_ id: DeliveryID) -> AuditSubject { .init(kind: "delivery", id: id.description) }
  package static func stockUnit(_ id: StockUnitID) -> AuditSubject { .init(kind: "stock_unit", id: id.description) }
  package static func stockImport(_ id: StockImportID) -> AuditSubject {
    .init(kind: "stock_import", id: id.description)
  }
  package static func listing(_ id: ListingID) -> AuditSubject { .init(kind: "listing", id: id.description) }
  package static func product(_ id: ProductID) -> AuditSubject { .init(kind: "product", id: id.description) }
  package static func vendor(_ id: VendorID) -> AuditSubject { .init(kind: "vendor", id: id.description) }
  package static func person(_ id: PersonID) -> AuditSubject { .init(kind: "person", id: id.description) }
  package static func dataKey(_ id: DataKeyID) -> AuditSubject { .init(kind: "data_key", id: id.description) }
  package static func supportCase(_ id: CaseID) -> AuditSubject { .init(kind: "case", id: id.description) }
  package static func job(_ id: JobID) -> AuditSubject { .init(kind: "job", id: id.description) }
  package static func reconBreak(_ id: ReconBreakID) -> AuditSubject { .init(kind: "recon_break", id: id.description) }
  /// `re_…`.
  package static func refund(_ id: String) -> AuditSubject { .init(kind: "refund", id: id) }
  package static func refundRequest(_ id: RefundRequestID) -> AuditSubject {
    .init(kind: "refund_request", id: id.description)
  }
  /// A report of a mail that came back.
  package static func bounce(_ id: Int64) -> AuditSubject { .init(kind: "bounce", id: String(id)) }
  package static func notice(_ id: NoticeID) -> AuditSubject { .init(kind: "notice", id: id.description) }
  /// A vendor's endpoint.
  package static func webhook(_ id: WebhookEndpointID) -> AuditSubject { .init(kind: "webhook", id: id.description) }
  package static func keyRequest(_ id: KeyRequestID) -> AuditSubject {
    .init(kind: "key_request", id: id.description)
  }
  package static let exchangeKey = AuditSubject(kind: "exchange_key", id: "market")
  /// By its name.
  package static func setting(_ name: String) -> AuditSubject { .init(kind: "setting", id: name) }
  /// `dp_…`.
  package static func dispute(_ id: String) -> AuditSubject { .init(kind: "dispute", id: id) }
  /// `evt_…`.
  package static func stripeEvent(_ id: String) -> AuditSubject { .init(kind: "stripe_event", id: id) }
}

/// Bytes that are no record, or a record that cannot be spelled.
package struct AuditFormatError: Error, Equatable, CustomStringConvertible {
  package let message: String
  /// From 1; `nil` where it is not about read bytes.
  package let line: Int?

  package init(_ message: String, line: Int? = nil) {
    self.message = message
    self.line = line
  }

  package var description: String { line.map { "line \($0): \(message)" } ?? message }
}
