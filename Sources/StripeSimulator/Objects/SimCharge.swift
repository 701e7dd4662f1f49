/// A Charge: one attempt to take money.
struct SimCharge: Sendable {
  struct Card: Sendable, Equatable {
    var brand = "visa"
    var last4 = "4242"
    var country = "US"
    var riskLevel = "normal"
    var riskScore: Int64 = 12
  }

  struct Failure: Sendable {
    var code: String
    var declineCode: String?
    var message: String
  }

  var id: String
  var created: Int64
  var amount: Int64
  var amountRefunded: Int64 = 0
  var currency: String
  var status: String
  var failure: Failure?
  var paymentIntent: String
  var paymentMethod: String
  var card: Card
  var customer: String?
  var buyer: SimSession.Buyer
  var metadata: [String: String]
  var balanceTransaction: String?
  /// Its refunds, oldest first.
  var refunds: [String] = []
  /// Its disputes, oldest first.
  var disputes: [String] = []

  var json: JSON {
    [
      "id": .string(id), "object": "charge", "amount": .int(amount),
      "amount_captured": .int(status == "succeeded" ? amount : 0), "amount_refunded": .int(amountRefunded),
      "application": nil, "application_fee": nil, "application_fee_amount": nil,
      "balance_transaction": JSON(balanceTransaction),
      "billing_details": [
        "address": [
          "city": nil, "country": JSON(buyer.country), "line1": nil, "line2": nil, "postal_code": nil, "state": nil,
        ], "email": JSON(buyer.email), "name": JSON(buyer.name), "phone": nil, "tax_id": nil,
      ],
      "calculated_statement_descriptor": "GLOBALKEYMARKET", "captured": .bool(status == "succeeded"),
      "created": .int(created), "currency": .string(currency), "customer": JSON(customer), "description": nil,
      "disputed": .bool(!disputes.isEmpty), "failure_balance_transaction": nil, "failure_code": JSON(failure?.code),
      "failure_message": JSON(failure?.message), "fraud_details": [:], "livemode": false, "metadata": JSON(metadata),
      "on_behalf_of": nil, "outcome": outcome, "paid": .bool(status == "succeeded"),
      "payment_intent": .string(paymentIntent), "payment_method": .string(paymentMethod),
      "payment_method_details": ["card": cardDetails, "type": "card"], "receipt_email": nil, "receipt_number": nil,
      "receipt_url": nil, "refunded": .bool(amountRefunded >= amount && status == "succeeded" && amount > 0),
      "review": nil, "shipping": nil, "source": nil, "source_transfer": nil, "statement_descriptor": nil,
      "statement_descriptor_suffix": nil, "status": .string(status), "transfer_data": nil, "transfer_group": nil,
    ]
  }

  private var outcome: JSON {
    guard status != "pending" else { return nil }
    return [
      "network_status": .string(failure == nil ? "approved_by_network" : "declined_by_network"),
      "reason": JSON(failure?.declineCode ?? failure?.code), "risk_level": .string(card.riskLevel),
      "risk_score": .int(card.riskScore),
      "seller_message": .string(failure == nil ? "Payment complete." : "The bank declined the payment."),
      "type": .string(failure == nil ? "authorized" : "issuer_declined"),
    ]
  }

  private var cardDetails: JSON {
    [
      "amount_authorized": .int(amount), "brand": .string(card.brand),
      "checks": ["address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"],
      "country": .string(card.country), "exp_month": 12, "exp_year": 2034,
      "fingerprint": .string("sim\(card.brand)\(card.last4)"), "funding": "credit", "installments": nil,
      "last4": .string(card.last4), "mandate": nil, "network": .string(card.brand), "three_d_secure": nil,
      "wallet": nil,
    ]
  }
}
