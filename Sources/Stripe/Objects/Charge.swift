/// A Charge (https://docs.stripe.com/api/charges/object): one attempt to take money. What we read of it.
package struct Charge: Sendable, Equatable, Decodable {
  /// `pending`, `succeeded` or `failed`.
  package struct Status: StripeOpenString {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static let pending = Self(rawValue: "pending")
    package static let succeeded = Self(rawValue: "succeeded")
    package static let failed = Self(rawValue: "failed")
  }

  package let id: String
  package let livemode: Bool
  package let status: Status
  /// In minor units as Stripe counts them.
  package let amount: Int64
  package let amountRefunded: Int64
  /// Lower case, as Stripe writes it.
  package let currency: String
  /// Whether all of it was refunded.
  package let refunded: Bool
  package let disputed: Bool
  package let paymentIntentID: String?
  package let customerID: String?
  package let balanceTransactionID: String?
  package let metadata: [String: String]
  package let failureCode: String?
  package let failureMessage: String?
  /// `outcome.reason`: the issuer's decline code where it declined.
  package let outcomeReason: String?
  /// `normal`, `elevated`, `highest`, …
  package let riskLevel: String?
  /// 0 to 100, where the account has Radar for Fraud Teams.
  package let riskScore: Int64?
  package let cardBrand: String?
  package let cardLast4: String?
  package let cardCountry: String?
  package let billingEmail: String?
  package let billingName: String?
  /// Unix seconds.
  package let created: Int64?
  /// The charge's refunds, where the event's version carries them (before 2022-11-15), newest first.
  package let refunds: [Refund]?

  /// The order the charge is for, as its metadata says.
  package var orderID: String? { metadata["order_id"] }

  package init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    id = try object.required("id")
    livemode = try object.optional("livemode") ?? false
    status = try object.required("status")
    amount = try object.required("amount")
    amountRefunded = try object.optional("amount_refunded") ?? 0
    currency = try object.required("currency")
    refunded = try object.optional("refunded") ?? false
    disputed = try object.optional("disputed") ?? false
    paymentIntentID = try object.reference("payment_intent")
    customerID = try object.reference("customer")
    balanceTransactionID = try object.reference("balance_transaction")
    metadata = try object.metadata()
    failureCode = try object.optional("failure_code")
    failureMessage = try object.optional("failure_message")
    let outcome = try object.nested("outcome")
    outcomeReason = try outcome?.optional("reason")
    riskLevel = try outcome?.optional("risk_level")
    riskScore = try outcome?.optional("risk_score")
    let card = try object.nested("payment_method_details")?.nested("card")
    cardBrand = try card?.optional("brand")
    cardLast4 = try card?.optional("last4")
    cardCountry = try card?.optional("country")
    let billing = try object.nested("billing_details")
    billingEmail = try billing?.optional("email")
    billingName = try billing?.optional("name")
    created = try object.optional("created")
    refunds = try object.list("refunds")
  }
}
