package import Market
package import Postgres

/// A vendor's endpoint as the person who may touch it sees it.
package struct WebhookRow: Sendable, Equatable {
  package let id: Int64
  package let vendor: String
  package let url: String
  package let events: String
  package let state: String
  package let breaker: String
  package let failures: Int64
  package let until: Instant?
  package let lastReply: String?
  package let lastSuccessAt: Instant?
  package let lastFailureAt: Instant?
  package let previousUntil: Instant?
  package let disabledReason: String?
  package let version: Int64

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("vendor", .text(vendor)), ListField("url", .text(url)),
      ListField("events", .text(events)), ListField("state", .text(state)), ListField("breaker", .text(breaker)),
      ListField("failures", .integer(failures)), ListField("until", .optional(until)),
      ListField("last_reply", .optional(lastReply)), ListField("last_success_at", .optional(lastSuccessAt)),
      ListField("last_failure_at", .optional(lastFailureAt)), ListField("previous_until", .optional(previousUntil)),
      ListField("disabled_reason", .optional(disabledReason)), ListField("version", .integer(version)),
    ]
  }
}

/// What vendors, and ops and admins for them, do about webhooks and about what they are told.
///
/// Every call throws `ActionRefused` for what the market refuses, and `PostgresError` for what the database could not
/// do. A vendor need give no reason; staff must.
package enum WebhookActions {
  /// By its handle; `nil` for a vendor, who has only its own.
  package static func vendor(_ session: borrowing Session, _ handle: String?) throws -> VendorID? {
    guard let handle else { return nil }
    let id: VendorID? = try refusing {
      try session.first("SELECT id FROM gkm.vendor WHERE handle = \(handle)") { try $0.id(0) }
    }
    guard let id else { throw ActionRefused(.notFound, "there is no vendor \(handle)") }
    return id
  }

  package static func list(_ session: borrowing Session, vendor: VendorID?) throws -> [WebhookRow] {
    try refusing {
      try session.rows(
        """
        SELECT id, vendor, url, array_to_string(events, ' '), state, breaker, failures, until, last_reply,
          last_success_at, last_failure_at, previous_until, disabled_reason, version FROM api.webhooks(\(vendor))
        """
      ) {
        WebhookRow(
          id: try $0.int64(0), vendor: try $0.string(1), url: try $0.string(2), events: try $0.string(3),
          state: try $0.string(4), breaker: try $0.string(5), failures: Int64(try $0.int(6)),
          until: try $0.instantOrNil(7), lastReply: try $0.stringOrNil(8), lastSuccessAt: try $0.instantOrNil(9),
          lastFailureAt: try $0.instantOrNil(10), previousUntil: try $0.instantOrNil(11),
          disabledReason: try $0.stringOrNil(12), version: try $0.int64(13))
      }
    }
  }

  package static func one(_ session: borrowing Session, _ endpoint: WebhookEndpointID) throws -> WebhookRow {
    guard let row = try list(session, vendor: nil).first(where: { $0.id == endpoint.rawValue }) else {
      throw ActionRefused(.notFound, "there is no webhook endpoint \(endpoint)")
    }
    return row
  }

  /// Answers the new endpoint's id.
  package static func add(
    _ session: borrowing Session, vendor: VendorID?, url: String, events: [VendorEvent], reason: String?
  ) throws -> WebhookEndpointID {
    WebhookEndpointID(
      try number(
        session, "SELECT api.webhook_add(\(vendor), \(url), \(events.map(\.rawValue)), \(reason))"))
  }

  /// Answers the next version, as the others do.
  package static func change(
    _ session: borrowing Session, _ endpoint: WebhookEndpointID, version: Int64, url: String?, events: [VendorEvent]?,
    reason: String?
  ) throws -> Int64 {
    try number(
      session,
      "SELECT api.webhook_change(\(endpoint), \(version), \(url), \(events?.map(\.rawValue)), \(reason))")
  }

  package static func rotate(
    _ session: borrowing Session, _ endpoint: WebhookEndpointID, version: Int64, overlapHours: Int32, reason: String?
  ) throws -> Int64 {
    try number(session, "SELECT api.webhook_rotate(\(endpoint), \(version), \(overlapHours), \(reason))")
  }

  /// - Parameter state: `active`, `disabled` or `removed`.
  package static func set(
    _ session: borrowing Session, _ endpoint: WebhookEndpointID, version: Int64, state: String, reason: String?
  ) throws -> Int64 {
    try number(session, "SELECT api.webhook_state(\(endpoint), \(version), \(state), \(reason))")
  }

  /// Answers the notice that tries the endpoint.
  package static func test(
    _ session: borrowing Session, _ endpoint: WebhookEndpointID, reason: String?
  ) throws -> NoticeID {
    NoticeID(try number(session, "SELECT api.webhook_test(\(endpoint), \(reason))"))
  }

  /// What became of a notice to an endpoint.
  package static func result(
    _ session: borrowing Session, _ notice: NoticeID
  ) throws -> (state: NoticeState, attempts: Int, reply: String?) {
    let found = try refusing {
      try session.first("SELECT state, attempts, reply FROM api.webhook_result(\(notice))") {
        (try $0.word(0, as: NoticeState.self), try $0.int(1), try $0.stringOrNil(2))
      }
    }
    guard let found else { throw StoreError.badRow("api.webhook_result gave no row") }
    return found
  }

  /// Asks for an endpoint's secret, to be sealed to `publicKey`. Answers the request.
  package static func requestSecret(
    _ session: borrowing Session, _ endpoint: WebhookEndpointID, publicKey: [UInt8], reason: String?
  ) throws -> Int64 {
    try number(session, "SELECT api.webhook_secret(\(endpoint), \(publicKey), \(reason))")
  }

  /// The sealed answer; `nil` while there is none.
  package static func secret(_ session: borrowing Session, request: Int64) throws -> [UInt8]? {
    try refusing {
      try session.first("SELECT api.webhook_secret_answer(\(request))") { try $0.bytesOrNil(0) } ?? nil
    }
  }

  /// Where a vendor is mailed, in which language, and of what; `nil` leaves what there is.
  package static func contact(
    _ session: borrowing Session, vendor: VendorID?, email: String?, locale: String?, events: [VendorEvent]?,
    reason: String?
  ) throws {
    _ = try number(
      session,
      "SELECT api.vendor_contact(\(vendor), \(email), \(locale), \(events?.map(\.rawValue)), \(reason))")
  }

  /// From how many keys on the vendor is told that a listing runs out; 0: never.
  package static func threshold(
    _ session: borrowing Session, _ listing: ListingID, _ keys: Int32, reason: String?
  ) throws {
    _ = try number(session, "SELECT api.stock_threshold(\(listing), \(keys), \(reason))")
  }

  private static func number(_ session: borrowing Session, _ sql: SQL) throws -> Int64 {
    let found = try refusing { try session.first(sql) { try $0.int64(0) } }
    guard let found else { throw StoreError.badRow("a function of schema api gave no answer") }
    return found
  }

  private static func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
