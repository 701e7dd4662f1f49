/// A Checkout Session.
struct SimSession: Sendable {
  struct Item: Sendable {
    var id: String
    var name: String
    var description: String?
    var currency: String
    var unitAmount: Int64
    var quantity: Int64
    var metadata: [String: String]
  }

  var id: String
  var created: Int64
  var expiresAt: Int64
  var status = "open"
  var paymentStatus = "unpaid"
  var currency: String
  var amountTotal: Int64
  var items: [Item]
  var clientReferenceID: String?
  var metadata: [String: String]
  var intentMetadata: [String: String]
  var successURL: String
  var cancelURL: String?
  var createsCustomer: Bool
  var customer: String?
  var customerEmail: String?
  /// What the customer gave on the page.
  var buyer: Buyer?
  var paymentIntent: String?
  var locale: String?
  var url: String

  struct Buyer: Sendable {
    var email: String?
    var name: String?
    var country: String?
  }

  var json: JSON {
    [
      "id": .string(id), "object": "checkout.session", "adaptive_pricing": nil, "after_expiration": nil,
      "allow_promotion_codes": nil, "amount_subtotal": .int(amountTotal), "amount_total": .int(amountTotal),
      "automatic_tax": ["enabled": false, "liability": nil, "status": nil], "billing_address_collection": nil,
      "cancel_url": JSON(cancelURL), "client_reference_id": JSON(clientReferenceID), "client_secret": nil,
      "consent": nil, "consent_collection": nil, "created": .int(created), "currency": .string(currency),
      "custom_fields": [], "customer": JSON(customer),
      "customer_creation": .string(createsCustomer ? "always" : "if_required"), "customer_details": details,
      "customer_email": JSON(customerEmail), "discounts": [], "expires_at": .int(expiresAt), "invoice": nil,
      "livemode": false, "locale": JSON(locale), "metadata": JSON(metadata), "mode": "payment",
      "payment_intent": JSON(paymentIntent), "payment_link": nil, "payment_method_collection": "if_required",
      "payment_method_options": [:], "payment_method_types": ["card"], "payment_status": .string(paymentStatus),
      "phone_number_collection": ["enabled": false], "recovered_from": nil, "setup_intent": nil,
      "shipping_address_collection": nil, "shipping_cost": nil, "shipping_options": [], "status": .string(status),
      "submit_type": nil, "subscription": nil, "success_url": .string(successURL),
      "total_details": ["amount_discount": 0, "amount_shipping": 0, "amount_tax": 0], "ui_mode": "hosted",
      "url": status == "open" ? .string(url) : nil,
    ]
  }

  private var details: JSON {
    guard let buyer else {
      guard let customerEmail else { return nil }
      return Self.details(email: customerEmail, name: nil, address: nil)
    }
    return Self.details(
      email: buyer.email, name: buyer.name,
      address: [
        "city": nil, "country": JSON(buyer.country), "line1": nil, "line2": nil, "postal_code": nil, "state": nil,
      ])
  }

  private static func details(email: String?, name: String?, address: JSON) -> JSON {
    [
      "address": address, "email": JSON(email), "name": JSON(name), "phone": nil, "tax_exempt": "none", "tax_ids": [],
    ]
  }

  var lineItems: JSON {
    [
      "object": "list", "data": .array(items.map(\.json)), "has_more": false,
      "url": .string("/v1/checkout/sessions/\(id)/line_items"),
    ]
  }
}

extension SimSession.Item {
  var json: JSON {
    let total = unitAmount * quantity
    return [
      "id": .string(id), "object": "item", "amount_discount": 0, "amount_subtotal": .int(total), "amount_tax": 0,
      "amount_total": .int(total), "currency": .string(currency), "description": .string(name),
      "price": [
        "id": .string("price_\(id.dropFirst(3))"), "object": "price", "active": false, "billing_scheme": "per_unit",
        "currency": .string(currency), "livemode": false, "metadata": [:],
        "product": .string("prod_\(id.dropFirst(3))"),
        "recurring": nil, "type": "one_time", "unit_amount": .int(unitAmount),
        "unit_amount_decimal": .string(String(unitAmount)),
      ],
      "quantity": .int(quantity),
    ]
  }
}
