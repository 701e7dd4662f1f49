/// A Customer.
struct SimCustomer: Sendable {
  var id: String
  var created: Int64
  var email: String?
  var name: String?
  var metadata: [String: String] = [:]

  var json: JSON {
    [
      "id": .string(id), "object": "customer", "address": nil, "balance": 0, "created": .int(created),
      "currency": nil, "default_source": nil, "delinquent": false, "description": nil, "discount": nil,
      "email": JSON(email), "invoice_prefix": .string(String(id.suffix(8)).uppercased()), "livemode": false,
      "metadata": JSON(metadata), "name": JSON(name), "phone": nil, "preferred_locales": [], "shipping": nil,
      "tax_exempt": "none", "test_clock": nil,
    ]
  }
}

/// A movement on the balance.
struct SimBalanceTransaction: Sendable {
  var id: String
  var created: Int64
  var type: String
  var category: String
  var amount: Int64
  var fee: Int64
  var currency: String
  var source: String
  var description: String?

  var json: JSON {
    var fees: [JSON] = []
    if fee != 0 {
      fees.append([
        "amount": .int(fee), "application": nil, "currency": .string(currency),
        "description": "Stripe processing fees", "type": "stripe_fee",
      ])
    }
    return [
      "id": .string(id), "object": "balance_transaction", "amount": .int(amount),
      "available_on": .int(created + 2 * 86_400), "balance_type": "payments", "created": .int(created),
      "currency": .string(currency), "description": JSON(description), "exchange_rate": nil, "fee": .int(fee),
      "fee_details": .array(fees), "net": .int(amount - fee), "reporting_category": .string(category),
      "source": .string(source), "status": "pending", "type": .string(type),
    ]
  }
}

/// A customer portal session.
struct SimPortalSession: Sendable {
  var id: String
  var created: Int64
  var customer: String
  var returnURL: String?
  var url: String

  var json: JSON {
    [
      "id": .string(id), "object": "billing_portal.session", "configuration": "bpc_simulated",
      "created": .int(created), "customer": .string(customer), "flow": nil, "livemode": false, "locale": nil,
      "on_behalf_of": nil, "return_url": JSON(returnURL), "url": .string(url),
    ]
  }
}

/// An event with its body as it is delivered and listed.
struct SimEvent: Sendable {
  var id: String
  var type: String
  var created: Int64
  var isListed: Bool
  var body: [UInt8]
}
