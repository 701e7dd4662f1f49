/// A Refund (https://docs.stripe.com/api/refunds/object): what we read of it.
package struct Refund: Sendable, Equatable, Decodable {
  /// Where the refund stands.
  package struct Status: StripeOpenString {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static let pending = Self(rawValue: "pending")
    package static let requiresAction = Self(rawValue: "requires_action")
    package static let succeeded = Self(rawValue: "succeeded")
    package static let failed = Self(rawValue: "failed")
    package static let canceled = Self(rawValue: "canceled")

    /// Whether the money counts as given back: all but failed and canceled refunds do.
    package var countsAsRefunded: Bool { self != .failed && self != .canceled }
  }

  package let id: String
  package let status: Status
  /// In minor units as Stripe counts them.
  package let amount: Int64
  /// Lower case, as Stripe writes it.
  package let currency: String
  package let chargeID: String?
  package let paymentIntentID: String?
  package let balanceTransactionID: String?
  /// `duplicate`, `fraudulent`, `requested_by_customer`, …
  package let reason: String?
  package let failureReason: String?
  package let metadata: [String: String]
  /// Unix seconds.
  package let created: Int64?

  /// The order the refund is for, as its metadata says.
  package var orderID: String? { metadata["order_id"] }

  package init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    id = try object.required("id")
    // Null on refunds of very old versions, which were always done at once.
    status = try object.optional("status") ?? .succeeded
    amount = try object.required("amount")
    currency = try object.required("currency")
    chargeID = try object.reference("charge")
    paymentIntentID = try object.reference("payment_intent")
    balanceTransactionID = try object.reference("balance_transaction")
    reason = try object.optional("reason")
    failureReason = try object.optional("failure_reason")
    metadata = try object.metadata()
    created = try object.optional("created")
  }
}
