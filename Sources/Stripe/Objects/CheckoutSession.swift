/// A Checkout Session (https://docs.stripe.com/api/checkout/sessions/object): what we read of it.
package struct CheckoutSession: Sendable, Equatable, Decodable {
  /// `open`, `complete` or `expired`.
  package struct Status: StripeOpenString {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static let open = Self(rawValue: "open")
    package static let complete = Self(rawValue: "complete")
    package static let expired = Self(rawValue: "expired")
  }

  /// Whether the money is there.
  package struct PaymentStatus: StripeOpenString {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static let paid = Self(rawValue: "paid")
    package static let unpaid = Self(rawValue: "unpaid")
    package static let noPaymentRequired = Self(rawValue: "no_payment_required")
  }

  package let id: String
  package let livemode: Bool
  /// `payment`, `setup` or `subscription`; ours are all `payment`.
  package let mode: String
  package let status: Status?
  package let paymentStatus: PaymentStatus
  /// In minor units as Stripe counts them.
  package let amountTotal: Int64?
  /// Lower case, as Stripe writes it.
  package let currency: String?
  package let paymentIntentID: String?
  package let customerID: String?
  package let clientReferenceID: String?
  package let metadata: [String: String]
  /// What the customer gave at Checkout, else what we gave when making the session.
  package let customerEmail: String?
  package let customerName: String?
  package let customerCountry: String?
  /// Unix seconds.
  package let created: Int64?
  /// Unix seconds.
  package let expiresAt: Int64?
  /// Where the customer pays; nil once the session is no longer open.
  package let url: String?

  /// The order the session was made for, as its metadata says.
  package var orderID: String? { metadata["order_id"] }

  package init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    id = try object.required("id")
    livemode = try object.optional("livemode") ?? false
    mode = try object.optional("mode") ?? "payment"
    status = try object.optional("status")
    paymentStatus = try object.required("payment_status")
    amountTotal = try object.optional("amount_total")
    currency = try object.optional("currency")
    paymentIntentID = try object.reference("payment_intent")
    customerID = try object.reference("customer")
    clientReferenceID = try object.optional("client_reference_id")
    metadata = try object.metadata()
    let details = try object.nested("customer_details")
    customerEmail = try details?.optional("email") ?? object.optional("customer_email")
    customerName = try details?.optional("name")
    customerCountry = try details?.nested("address")?.optional("country")
    created = try object.optional("created")
    expiresAt = try object.optional("expires_at")
    url = try object.optional("url")
  }
}
