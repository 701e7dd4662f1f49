/// The outside of a Stripe event: all that intake needs, read in one pass without decoding the object inside.
///
/// Strings that PostgreSQL could not store (holding NUL) or longer than Stripe's own limits are as good as absent.
package struct StripeEnvelope: Sendable, Equatable {
  /// `evt_…`, which every delivery of the same event shares: the key of deduplication.
  package let id: String
  /// `checkout.session.completed` and the like; empty where the body has none.
  package let type: String
  /// Unix seconds. Never to order or deduplicate by.
  package let created: Int64
  package let livemode: Bool
  package let apiVersion: String?
  /// The connected account the event happened on, if any.
  package let account: String?
  /// The Idempotency-Key of the API call that caused the event, if one did.
  package let idempotencyKey: String?
  /// `data.object.id`
  package let objectID: String?
  /// `data.object.object`: `checkout.session`, `payment_intent`, `charge`, `refund`, `dispute`.
  package let objectType: String?
  /// The object's payment intent; an intent's own id.
  package let paymentIntentID: String?
  /// The object's charge; a charge's own id.
  package let chargeID: String?
  package let clientReferenceID: String?
  /// `data.object.metadata.order_id`
  package let orderID: String?

  /// What a body turned out to be.
  package enum Reading: Sendable, Equatable {
    case envelope(StripeEnvelope)
    /// A thin event (`object: "v2.core.event"`): it names an object and does not carry it.
    case thin(id: String, type: String)
    /// JSON, but without an id that could be a key.
    case withoutID
    /// Not JSON; `reason` and `offset` (in bytes) say where it went wrong.
    case notJSON(reason: String, offset: Int)
  }

  /// Reads the outside of `body`. Never traps, whatever the bytes.
  package static func read(_ body: [UInt8]) -> Reading {
    do throws(JSONScanner.Failure) {
      let fields = try JSONScanner.scan(body) { (scanner) throws(JSONScanner.Failure) -> Fields? in
        guard try scanner.peekKind() == .object else {
          try scanner.skip()
          return nil
        }
        var fields = Fields()
        try fields.readEvent(&scanner)
        return fields
      }
      return fields?.reading ?? .withoutID
    } catch {
      return .notJSON(reason: error.reason, offset: error.offset)
    }
  }
}

/// What has been met of an envelope so far.
private struct Fields {
  typealias Failure = JSONScanner.Failure

  var id: String?
  var type: String?
  var object: String?
  var created: Int64?
  var livemode: Bool?
  var apiVersion: String?
  var account: String?
  var idempotencyKey: String?
  var objectID: String?
  var objectType: String?
  var paymentIntentID: String?
  var chargeID: String?
  var clientReferenceID: String?
  var orderID: String?

  var reading: StripeEnvelope.Reading {
    guard let id, !id.isEmpty, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return .withoutID }
    if object == "v2.core.event" { return .thin(id: id, type: type ?? "") }
    return .envelope(
      StripeEnvelope(
        id: id, type: type ?? "", created: created ?? 0, livemode: livemode ?? false, apiVersion: apiVersion,
        account: account, idempotencyKey: idempotencyKey, objectID: objectID, objectType: objectType,
        paymentIntentID: objectType == "payment_intent" ? objectID : paymentIntentID,
        chargeID: objectType == "charge" ? objectID : chargeID,
        clientReferenceID: clientReferenceID, orderID: orderID))
  }

  mutating func readEvent(_ scanner: inout JSONScanner) throws(Failure) {
    try scanner.object { (key, scanner) throws(Failure) in
      switch key {
      case "id": id = try Self.text(&scanner)
      case "type": type = try Self.text(&scanner)
      case "object": object = try Self.text(&scanner)
      case "created": created = try scanner.integerOrSkip()
      case "livemode": livemode = try scanner.boolOrSkip()
      case "api_version": apiVersion = try Self.text(&scanner)
      case "account": account = try Self.text(&scanner)
      case "request": idempotencyKey = try Self.member("idempotency_key", &scanner)
      case "data": try readData(&scanner)
      default: try scanner.skip()
      }
    }
  }

  private mutating func readData(_ scanner: inout JSONScanner) throws(Failure) {
    guard try scanner.peekKind() == .object else { return try scanner.skip() }
    try scanner.object { (key, scanner) throws(Failure) in
      guard key == "object", try scanner.peekKind() == .object else { return try scanner.skip() }
      try readObject(&scanner)
    }
  }

  private mutating func readObject(_ scanner: inout JSONScanner) throws(Failure) {
    try scanner.object { (key, scanner) throws(Failure) in
      switch key {
      case "id": objectID = try Self.text(&scanner)
      case "object": objectType = try Self.text(&scanner)
      case "payment_intent": paymentIntentID = try Self.reference(&scanner)
      case "charge": chargeID = try Self.reference(&scanner)
      case "client_reference_id": clientReferenceID = try Self.text(&scanner)
      case "metadata": orderID = try Self.member("order_id", &scanner)
      default: try scanner.skip()
      }
    }
  }

  /// An expandable field: an id, or the object it names.
  private static func reference(_ scanner: inout JSONScanner) throws(Failure) -> String? {
    try scanner.peekKind() == .object ? try member("id", &scanner) : try text(&scanner)
  }

  /// The string under `name` of the object that comes next, if it is one.
  private static func member(_ name: String, _ scanner: inout JSONScanner) throws(Failure) -> String? {
    guard try scanner.peekKind() == .object else {
      try scanner.skip()
      return nil
    }
    var found: String?
    try scanner.object { (key, scanner) throws(Failure) in
      if key == name { found = try text(&scanner) } else { try scanner.skip() }
    }
    return found
  }

  /// A string that can be stored: at most 500 characters (Stripe's longest, a metadata value), and without NUL.
  private static func text(_ scanner: inout JSONScanner) throws(Failure) -> String? {
    guard let text = try scanner.stringOrSkip(), text.utf8.count <= 2000, !text.utf8.contains(0) else { return nil }
    return text.count <= 500 ? text : nil
  }
}
