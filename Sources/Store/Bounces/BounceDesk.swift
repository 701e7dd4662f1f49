package import Market
package import Postgres

/// A mail that came back, as its report says.
package struct Bounce: Sendable, Equatable {
  package var subject: BounceSubject
  /// RFC 3463: `5.1.1`; `nil` where the report does not say.
  package var status: String?
  /// The report gives the mail up; else it is only late.
  package var isFinal: Bool
  /// In the report's own words.
  package var diagnostic: String
  /// The server that reports it.
  package var reporter: String?
  /// SHA-256 of the report, in hex.
  package var digest: String

  package init(
    subject: BounceSubject, status: String?, isFinal: Bool, diagnostic: String, reporter: String?, digest: String
  ) {
    self.subject = subject
    self.status = status
    self.isFinal = isFinal
    self.diagnostic = diagnostic
    self.reporter = reporter
    self.digest = digest
  }

  /// Nobody will ever get mail there (RFC 3463 § 2: class 5), rather than not now.
  package var isHard: Bool { status?.first == "5" || status == nil && isFinal }
}

/// Records what comes back, once, and tells those who can do something about it.
package enum BounceDesk {
  package enum Outcome: Sendable, Equatable {
    case recorded
    /// It was recorded before: the same report, read a second time.
    case known
    /// There is no such mail here.
    case unknown
  }

  private struct Sent {
    var delivery: DeliveryID?
    var notice: NoticeID?
    var order: (id: OrderID, number: String)?
    var vendor: VendorID?
    /// For people: `the key mail`, `the mail order_received`.
    var name: String
    var isTeams = false
  }

  /// Records a bounce inside the caller's transaction.
  package static func record(_ session: borrowing Session, _ bounce: Bounce) throws -> Outcome {
    guard let sent = try find(session, bounce.subject) else { return .unknown }
    let diagnostic = safe(bounce.diagnostic, limit: 500) ?? ""
    let status = bounce.status.flatMap { isStatus($0) ? $0 : nil }
    let id = try session.rows(
      """
      INSERT INTO gkm.bounce (delivery_id, notice_id, order_id, kind, status, is_final, diagnostic, reporter, digest)
      VALUES (\(sent.delivery), \(sent.notice), \(sent.order?.id), \(bounce.isHard ? "hard" : "soft"), \(status),
        \(bounce.isFinal), \(diagnostic), \(safe(bounce.reporter, limit: 255)), \(bounce.digest))
      ON CONFLICT (digest) DO NOTHING RETURNING id
      """
    ) { try $0.int64(0) }.first
    guard let id else { return .known }
    let stamp = try Stamp.now(session)
    if bounce.isFinal {
      if let delivery = sent.delivery { try end(session, delivery, diagnostic, stamp.at) }
      if let notice = sent.notice { try end(session, notice, diagnostic, stamp.at) }
    }
    var audit = AuditBatch(stamp)
    var details = ["kind": bounce.isHard ? "hard" : "soft", "final": bounce.isFinal ? "yes" : "no"]
    details["status"] = status
    details["delivery"] = sent.delivery?.description
    details["notice"] = sent.notice?.description
    details["diagnostic"] = SafeText.cleaned(bounce.diagnostic, limit: 300)
    try audit.add(
      sent.delivery == nil ? .noticeBounced : .deliveryBounced, .bounce(id), order: sent.order, vendor: sent.vendor,
      details: details)
    try session.execute(audit.statement)
    if bounce.isFinal { try tell(session, sent, bounce, diagnostic, id) }
    return .recorded
  }

  /// The mail, its order locked first as everywhere.
  private static func find(_ session: borrowing Session, _ subject: BounceSubject) throws -> Sent? {
    switch subject {
    case .delivery(let id):
      return try session.first(
        """
        SELECT o.id, o.number, d.vendor_id FROM gkm.delivery d JOIN gkm.orders o ON o.id = d.order_id
        WHERE d.id = \(id) FOR NO KEY UPDATE OF o
        """
      ) {
        Sent(
          delivery: id, order: (id: try $0.id(0), number: try $0.string(1)), vendor: try $0.id(2),
          name: "the key's mail")
      }
    case .notice(let id):
      return try session.first(
        """
        SELECT o.id, o.number, n.vendor_id, n.template, n.audience FROM gkm.notice n
        LEFT JOIN gkm.orders o ON o.id = n.order_id AND n.audience = 'customer'
        WHERE n.id = \(id) AND n.channel = 'email'
        """
      ) {
        let order: OrderID? = try $0.idOrNil(0)
        let number = try $0.stringOrNil(1) ?? ""
        return Sent(
          notice: id, order: order.map { (id: $0, number: number) }, vendor: try $0.idOrNil(2),
          name: "the mail \(try $0.string(3))", isTeams: try $0.string(4) == "team")
      }
    }
  }

  /// Only what was taken can come back; what is on its way again has yet to tell.
  private static func end(
    _ session: borrowing Session, _ delivery: DeliveryID, _ diagnostic: String, _ at: Instant
  ) throws {
    try session.execute(
      """
      UPDATE gkm.delivery SET state = 'bounced', last_reply = \(diagnostic), updated_at = \(at), version = version + 1
      WHERE id = \(delivery) AND state = 'confirmed'
      """)
  }

  private static func end(
    _ session: borrowing Session, _ notice: NoticeID, _ diagnostic: String, _ at: Instant
  ) throws {
    try session.execute(
      """
      UPDATE gkm.notice SET state = 'bounced', last_reply = \(diagnostic), updated_at = \(at), version = version + 1
      WHERE id = \(notice) AND state = 'sent'
      """)
  }

  /// A customer's mail is a case for whoever can ask for another address; a vendor's is the team's to know. What the
  /// team itself does not get, nobody could be told.
  private static func tell(
    _ session: borrowing Session, _ sent: Sent, _ bounce: Bounce, _ diagnostic: String, _ id: Int64
  ) throws {
    let reason = PersonalText.masked(String(diagnostic.prefix(300)))
    let words = "\(sent.name) came back (\(bounce.status ?? (bounce.isHard ? "hard" : "soft"))): \(reason)"
    if let order = sent.order {
      let number = sent.delivery.map { " Delivery \($0)." } ?? ""
      try CaseDesk.open(session, .deliveryFailed, order.id, text: "\(words)\(number)".capitalizedFirst)
    } else if let vendor = sent.vendor, !sent.isTeams {
      try NoticeQueue.add(
        session,
        Notice(
          "alert", to: .team, dedupe: "bounce/vendor/\(vendor)/\(id)", vendor: vendor,
          data: ["title": "A vendor's mail comes back", "detail": "Vendor \(vendor): \(words)", "severity": "warn"]))
    }
  }

  private static func isStatus(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3 && ["2", "4", "5"].contains(parts[0])
      && parts.dropFirst().allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
