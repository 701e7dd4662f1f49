import FoundationEssentials
package import Market
package import Postgres

/// What vendors read: through `api.vendor_list` alone, which answers nothing but the signed-in vendor's own rows.
package enum VendorList {
  /// The conditions that a vendor's lists know.
  package struct Conditions: Sendable, Equatable, Encodable {
    package var state: [String]?
    /// The beginning of an order's number; for stock, a part of the title.
    package var text: String?
    package var since: String?
    package var until: String?

    package init(state: [String]? = nil, text: String? = nil, since: String? = nil, until: String? = nil) {
      self.state = state
      self.text = text
      self.since = since
      self.until = until
    }
  }

  package static func orders(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [OrderRow] {
    try page(session, "orders", conditions, after: after, limit: limit) { (id, raw: RawOrder) in
      OrderRow(
        id: id, number: raw.number, state: try word(raw.state, "state"), customer: raw.customer,
        vendors: viewer.vendorHandle.map { [$0] } ?? [], title: raw.title ?? "",
        total: try money(raw.amount, raw.currency), checkoutSession: nil, paymentIntent: nil, unitsTotal: nil,
        unitsDelivered: nil, holdReason: nil, createdAt: try time(raw.createdAt), paidAt: try raw.paidAt.map(time),
        deliveredAt: try raw.deliveredAt.map(time), version: 0, idIsInternal: true)
    }
  }

  package static func deliveries(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [DeliveryRow] {
    try page(session, "deliveries", conditions, after: after, limit: limit) { (id, raw: RawDelivery) in
      DeliveryRow(
        id: id, order: raw.order, orderID: nil, vendor: viewer.vendorHandle, recipient: nil, channel: raw.channel,
        state: try word(raw.state, "state"), attempts: raw.attempts, nextAttemptAt: try raw.nextAttemptAt.map(time),
        confirmedAt: try raw.confirmedAt.map(time), lastReply: nil, createdAt: try time(raw.createdAt),
        updatedAt: try time(raw.updatedAt), version: 0)
    }
  }

  package static func stock(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [StockRow] {
    try page(session, "stock", conditions, after: after, limit: limit) { (id, raw: RawStock) in
      StockRow(
        id: id, vendor: viewer.vendorHandle ?? "", title: raw.title, platform: raw.platform, region: raw.region,
        price: try money(raw.price, raw.currency), state: raw.state, available: raw.available, reserved: raw.reserved,
        sold: raw.sold, lowStock: raw.lowStock, version: raw.version)
    }
  }

  package static func audit(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [AuditRow] {
    try page(session, "audit", conditions, after: after, limit: limit) { (id, raw: RawAudit) in
      try raw.row(id: id, vendor: viewer.vendorHandle)
    }
  }

  package static func cases(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [CaseRow] {
    try page(session, "cases", conditions, after: after, limit: limit) { (id, raw: RawCase) in
      CaseRow(
        id: id, queue: nil, kind: raw.kind, order: raw.order, vendor: viewer.vendorHandle,
        state: try word(raw.state, "state"), audience: try word(raw.audience, "audience"), priority: nil,
        assignee: nil, dueAt: nil, openedBy: nil, createdAt: try time(raw.createdAt),
        updatedAt: try time(raw.updatedAt), closedAt: try raw.closedAt.map(time), version: 0)
    }
  }

  /// What was said to and by the vendor in one case, oldest first; empty where the case is not theirs.
  package static func caseMessages(_ session: borrowing Session, _ id: CaseID) throws -> [CaseStory.Message] {
    let rows = try session.rows("SELECT id, row_data::text FROM api.vendor_case(\(id))") { row in
      (try row.int64(0), try row.string(1))
    }
    return try rows.map { id, json in
      let raw = try decode(json, RawMessage.self)
      return CaseStory.Message(
        id: id, at: try time(raw.at), author: nil, authorRole: raw.authorRole, audience: .vendor, body: raw.body)
    }
  }

  /// The vendor's own part of one order's story, oldest first; empty where the order is not theirs.
  package static func timeline(_ session: borrowing Session, viewer: Viewer, order number: String) throws -> [AuditRow]
  {
    try session.rows("SELECT id, row_data::text FROM api.vendor_timeline(\(number))") { row in
      (try row.int64(0), try row.string(1))
    }.map { id, json in try decode(json, RawAudit.self).row(id: id, vendor: viewer.vendorHandle, order: number) }
  }

  static func page<Raw: Decodable, Value>(
    _ session: borrowing Session, _ kind: String, _ conditions: Conditions, after: Int64?, limit: Int,
    _ make: (Int64, Raw) throws -> Value
  ) throws -> [Value] {
    let filter = String(decoding: try JSONEncoder().encode(conditions), as: UTF8.self)
    let rows = try session.rows(
      "SELECT id, row_data::text FROM api.vendor_list(\(kind), \(filter)::text::jsonb, \(after), \(limit)::integer)"
    ) { row in (try row.int64(0), try row.string(1)) }
    return try rows.map { id, json in try make(id, decode(json, Raw.self)) }
  }

  static func decode<Raw: Decodable>(_ json: String, _ type: Raw.Type) throws -> Raw {
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(type, from: Data(json.utf8))
    } catch {
      throw StoreError.badRow(String(describing: error))
    }
  }
}

// The members of api.vendor_list's objects; their names there are in snake case, which the decoder turns.

private struct RawOrder: Decodable {
  var number: String
  var state: String
  var customer: String
  var title: String?
  var amount: Int64
  var currency: String
  var createdAt: String
  var paidAt: String?
  var deliveredAt: String?
}

private struct RawDelivery: Decodable {
  var order: String
  var channel: String
  var state: String
  var attempts: Int64
  var nextAttemptAt: String?
  var confirmedAt: String?
  var createdAt: String
  var updatedAt: String
}

private struct RawStock: Decodable {
  var title: String
  var platform: String
  var region: String
  var price: Int64
  var currency: String
  var state: String
  var available: Int64
  var reserved: Int64
  var sold: Int64
  var lowStock: Int64
  var version: Int64
}

private struct RawCase: Decodable {
  var kind: String
  var order: String?
  var state: String
  var audience: String
  var createdAt: String
  var updatedAt: String
  var closedAt: String?
}

private struct RawMessage: Decodable {
  var authorRole: String
  var body: String
  var at: String
}

private struct RawAudit: Decodable {
  var at: String
  var action: String
  var subjectKind: String
  var subjectId: String
  var order: String?

  func row(id: Int64, vendor: String?, order number: String? = nil) throws -> AuditRow {
    AuditRow(
      id: id, at: try VendorList.time(at), actor: nil, action: action, subjectKind: subjectKind, subjectID: subjectId,
      order: number ?? order, vendor: vendor, stripeEvent: nil, body: nil)
  }
}

extension VendorList {
  /// The functions for vendors answer in UTC, which PostgreSQL spells `+00:00`.
  static func time(_ text: String) throws -> Instant {
    let utc = text.hasSuffix("+00:00") ? text.dropLast(6) + "Z" : text
    guard let instant = Instant(rfc3339: utc) else { throw StoreError.badRow("“\(text)” is not a time") }
    return instant
  }

  static func money(_ amount: Int64, _ code: String) throws -> Money {
    guard let currency = Currency(code) else { throw StoreError.unknownWord(column: "currency", word: code) }
    return Money(amount, currency)
  }

  static func word<Word: RawRepresentable<String>>(_ text: String, _ column: String) throws -> Word {
    guard let word = Word(rawValue: text) else { throw StoreError.unknownWord(column: column, word: text) }
    return word
  }
}
