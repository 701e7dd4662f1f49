/// What a Checkout Session is made of. All amounts are minor units as Stripe counts them.
package struct CheckoutSessionRequest: Sendable {
  package struct Item: Sendable {
    package var name: String
    package var description: String?
    /// Lower or upper case; sent in lower case.
    package var currency: String
    package var unitAmount: Int64
    package var quantity: Int64
    /// The product's metadata: what a listing is called on our side.
    package var metadata: [String: String]

    package init(
      name: String, description: String? = nil, currency: String, unitAmount: Int64, quantity: Int64,
      metadata: [String: String] = [:]
    ) {
      self.name = name
      self.description = description
      self.currency = currency
      self.unitAmount = unitAmount
      self.quantity = quantity
      self.metadata = metadata
    }
  }

  package var items: [Item]
  /// At most 200 characters.
  package var clientReferenceID: String
  /// Put on the session and on its payment intent, where `order_id` must be.
  package var metadata: [String: String]
  /// May hold `{CHECKOUT_SESSION_ID}`.
  package var successURL: String
  package var cancelURL: String
  /// Unix seconds, from 30 minutes to 24 hours ahead.
  package var expiresAt: Int64
  package var customerEmail: String?
  /// An IETF tag that Stripe knows, or `auto`.
  package var locale: String?

  package init(
    items: [Item], clientReferenceID: String, metadata: [String: String], successURL: String, cancelURL: String,
    expiresAt: Int64, customerEmail: String? = nil, locale: String? = nil
  ) {
    self.items = items
    self.clientReferenceID = clientReferenceID
    self.metadata = metadata
    self.successURL = successURL
    self.cancelURL = cancelURL
    self.expiresAt = expiresAt
    self.customerEmail = customerEmail
    self.locale = locale
  }

  /// The request as Stripe reads it (https://docs.stripe.com/api/checkout/sessions/create).
  package var parameters: FormParameters {
    var form = FormParameters()
    form.add("mode", "payment")
    form.add("client_reference_id", clientReferenceID)
    form.add("customer_creation", "always")
    form.add("customer_email", customerEmail)
    form.add("success_url", successURL)
    form.add("cancel_url", cancelURL)
    form.add("expires_at", expiresAt)
    form.add("locale", locale)
    for (index, item) in items.enumerated() {
      let prefix = "line_items[\(index)]"
      form.add("\(prefix)[quantity]", item.quantity)
      form.add("\(prefix)[price_data][currency]", item.currency.lowercased())
      form.add("\(prefix)[price_data][unit_amount]", item.unitAmount)
      form.add("\(prefix)[price_data][product_data][name]", item.name)
      form.add("\(prefix)[price_data][product_data][description]", item.description)
      form.add("\(prefix)[price_data][product_data][metadata]", item.metadata)
    }
    form.add("metadata", metadata)
    form.add("payment_intent_data[metadata]", metadata)
    return form
  }
}

extension StripeClient {
  package func createCheckoutSession(
    _ request: CheckoutSessionRequest, idempotencyKey: String
  ) async throws(StripeError) -> CheckoutSession {
    try await perform(.post("/checkout/sessions", request.parameters, idempotencyKey: idempotencyKey))
  }

  package func checkoutSession(_ id: String) async throws(StripeError) -> CheckoutSession {
    try await perform(.get("/checkout/sessions/\(FormParameters.escape(id))"))
  }

  /// Closes an open session, so that its stock can be released. Stripe refuses one that is complete or expired.
  package func expireCheckoutSession(
    _ id: String, idempotencyKey: String? = nil
  ) async throws(StripeError) -> CheckoutSession {
    try await perform(
      .post("/checkout/sessions/\(FormParameters.escape(id))/expire", FormParameters(), idempotencyKey: idempotencyKey))
  }

  /// Sessions, newest first.
  package func checkoutSessions(
    paymentIntent: String? = nil, status: CheckoutSession.Status? = nil, created: StripeTimeRange = .always
  ) -> StripeList<CheckoutSession> {
    var form = FormParameters()
    form.add("payment_intent", paymentIntent)
    form.add("status", status?.rawValue)
    created.add(to: &form)
    return list("/checkout/sessions", form) { $0.id }
  }

  package func paymentIntent(_ id: String) async throws(StripeError) -> PaymentIntent {
    try await perform(.get("/payment_intents/\(FormParameters.escape(id))"))
  }

  /// A short-lived link to the customer's portal, which leads back to `returnURL`.
  package func createPortalSession(
    customer: String, returnURL: String, idempotencyKey: String? = nil
  ) async throws(StripeError) -> PortalSession {
    var form = FormParameters()
    form.add("customer", customer)
    form.add("return_url", returnURL)
    return try await perform(.post("/billing_portal/sessions", form, idempotencyKey: idempotencyKey))
  }
}
