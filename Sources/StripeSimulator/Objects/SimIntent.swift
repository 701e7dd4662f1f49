/// A PaymentIntent.
struct SimIntent: Sendable {
  var id: String
  var created: Int64
  var amount: Int64
  var amountReceived: Int64 = 0
  var currency: String
  var status = "requires_payment_method"
  var customer: String?
  var metadata: [String: String]
  var latestCharge: String?
  var paymentMethod: String?
  var lastError: JSON = nil
  /// The session it pays.
  var session: String?
  /// Its charges, oldest first.
  var charges: [String] = []

  var json: JSON {
    [
      "id": .string(id), "object": "payment_intent", "amount": .int(amount), "amount_capturable": 0,
      "amount_details": ["tip": [:]], "amount_received": .int(amountReceived), "application": nil,
      "application_fee_amount": nil, "automatic_payment_methods": nil, "canceled_at": nil, "cancellation_reason": nil,
      "capture_method": "automatic_async", "client_secret": .string("\(id)_secret_\(id.suffix(8))"),
      "confirmation_method": "automatic", "created": .int(created), "currency": .string(currency),
      "customer": JSON(customer), "description": nil, "last_payment_error": lastError,
      "latest_charge": JSON(latestCharge), "livemode": false, "metadata": JSON(metadata), "next_action": nil,
      "on_behalf_of": nil, "payment_method": JSON(paymentMethod), "payment_method_options": [:],
      "payment_method_types": ["card"], "processing": nil, "receipt_email": nil, "review": nil,
      "setup_future_usage": nil, "shipping": nil, "source": nil, "statement_descriptor": nil,
      "statement_descriptor_suffix": nil, "status": .string(status), "transfer_data": nil, "transfer_group": nil,
    ]
  }
}
