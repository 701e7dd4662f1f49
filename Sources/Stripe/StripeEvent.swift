/// An event of Stripe's (https://docs.stripe.com/api/events/object) with its object decoded.
package struct StripeEvent: Sendable, Equatable, Decodable {
  /// `evt_…`: the key of deduplication.
  package let id: String
  package let type: String
  /// Unix seconds. Never to order or deduplicate by.
  package let created: Int64
  package let livemode: Bool
  package let apiVersion: String?
  /// The connected account the event happened on, if any.
  package let account: String?
  /// The Idempotency-Key of the API call that caused the event, if one did.
  package let idempotencyKey: String?
  package let payload: Payload

  /// What happened, and to what.
  package enum Payload: Sendable, Equatable {
    case checkoutCompleted(CheckoutSession)
    case checkoutAsyncPaymentSucceeded(CheckoutSession)
    case checkoutAsyncPaymentFailed(CheckoutSession)
    case checkoutExpired(CheckoutSession)
    case paymentSucceeded(PaymentIntent)
    case paymentFailed(PaymentIntent)
    case chargeSucceeded(Charge)
    case chargeFailed(Charge)
    case chargeRefunded(Charge)
    /// `refund.created`, `refund.updated`, `refund.failed`, `charge.refund.updated`: the refund tells its own state.
    case refundChanged(Refund)
    case disputeCreated(Dispute)
    case disputeUpdated(Dispute)
    case disputeFundsWithdrawn(Dispute)
    case disputeFundsReinstated(Dispute)
    case disputeClosed(Dispute)
    /// A type that moves nothing here.
    case other(type: String)
  }

  /// Every type that ``Payload`` decodes: what a webhook endpoint should subscribe to, and reconciliation ask for.
  package static let handledTypes = [
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
    "checkout.session.expired", "payment_intent.succeeded", "payment_intent.payment_failed", "charge.succeeded",
    "charge.failed", "charge.refunded", "refund.created", "refund.updated", "refund.failed", "charge.refund.updated",
    "charge.dispute.created", "charge.dispute.updated", "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated", "charge.dispute.closed",
  ]

  /// Decodes a webhook's body, or an event of the list. Unknown types decode to `.other` whatever their object is.
  package static func decode(_ body: [UInt8]) throws(StripeDecodingError) -> StripeEvent {
    try StripeJSON.decode(StripeEvent.self, from: body)
  }

  package init(from decoder: any Decoder) throws {
    let event = try decoder.container(keyedBy: StripeKey.self)
    id = try event.required("id")
    type = try event.required("type")
    created = try event.required("created")
    livemode = try event.required("livemode")
    apiVersion = try event.optional("api_version")
    account = try event.optional("account")
    // Versions before 2017-05-25 have a bare request id here.
    let request = try? event.nested("request")
    idempotencyKey = try request?.optional("idempotency_key")
    payload = try Payload(type: type, event: event)
  }
}

extension StripeEvent.Payload {
  init(type: String, event: StripeContainer) throws {
    func object<T: Decodable>() throws -> T {
      try event.nestedContainer(keyedBy: StripeKey.self, forKey: "data").required("object")
    }
    switch type {
    case "checkout.session.completed": self = .checkoutCompleted(try object())
    case "checkout.session.async_payment_succeeded": self = .checkoutAsyncPaymentSucceeded(try object())
    case "checkout.session.async_payment_failed": self = .checkoutAsyncPaymentFailed(try object())
    case "checkout.session.expired": self = .checkoutExpired(try object())
    case "payment_intent.succeeded": self = .paymentSucceeded(try object())
    case "payment_intent.payment_failed": self = .paymentFailed(try object())
    case "charge.succeeded": self = .chargeSucceeded(try object())
    case "charge.failed": self = .chargeFailed(try object())
    case "charge.refunded": self = .chargeRefunded(try object())
    case "refund.created", "refund.updated", "refund.failed", "charge.refund.updated":
      self = .refundChanged(try object())
    case "charge.dispute.created": self = .disputeCreated(try object())
    case "charge.dispute.updated": self = .disputeUpdated(try object())
    case "charge.dispute.funds_withdrawn": self = .disputeFundsWithdrawn(try object())
    case "charge.dispute.funds_reinstated": self = .disputeFundsReinstated(try object())
    case "charge.dispute.closed": self = .disputeClosed(try object())
    default: self = .other(type: type)
    }
  }
}
