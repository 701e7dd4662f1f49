/// A PaymentIntent (https://docs.stripe.com/api/payment_intents/object): what we read of it.
package struct PaymentIntent: Sendable, Equatable, Decodable {
  /// Where the payment stands.
  package struct Status: StripeOpenString {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static let requiresPaymentMethod = Self(rawValue: "requires_payment_method")
    package static let requiresConfirmation = Self(rawValue: "requires_confirmation")
    package static let requiresAction = Self(rawValue: "requires_action")
    package static let requiresCapture = Self(rawValue: "requires_capture")
    package static let processing = Self(rawValue: "processing")
    package static let succeeded = Self(rawValue: "succeeded")
    package static let canceled = Self(rawValue: "canceled")
  }

  /// Why the last attempt failed.
  package struct PaymentError: Sendable, Equatable {
    package let code: String?
    /// The card issuer's reason (https://docs.stripe.com/declines/codes), for cards.
    package let declineCode: String?
    package let message: String?
    package let chargeID: String?
  }

  package let id: String
  package let livemode: Bool
  package let status: Status
  /// In minor units as Stripe counts them.
  package let amount: Int64
  package let amountReceived: Int64
  /// Lower case, as Stripe writes it.
  package let currency: String
  /// The latest attempt's charge.
  package let latestChargeID: String?
  package let customerID: String?
  package let metadata: [String: String]
  package let lastPaymentError: PaymentError?
  /// Unix seconds.
  package let created: Int64?

  /// The order the payment is for, as its metadata says.
  package var orderID: String? { metadata["order_id"] }

  package init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    id = try object.required("id")
    livemode = try object.optional("livemode") ?? false
    status = try object.required("status")
    amount = try object.required("amount")
    amountReceived = try object.optional("amount_received") ?? 0
    currency = try object.required("currency")
    customerID = try object.reference("customer")
    metadata = try object.metadata()
    created = try object.optional("created")
    lastPaymentError = try object.nested("last_payment_error").map { error in
      PaymentError(
        code: try error.optional("code"), declineCode: try error.optional("decline_code"),
        message: try error.optional("message"), chargeID: try error.reference("charge"))
    }
    // Versions before 2022-11-15 carry a list of charges instead, newest first.
    latestChargeID = try object.reference("latest_charge") ?? (object.list("charges") as [Identified]?)?.first?.id
  }
}

/// Anything with an id.
private struct Identified: Decodable {
  let id: String
}
