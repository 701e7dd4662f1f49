/// A Refund.
struct SimRefund: Sendable {
  var id: String
  var created: Int64
  var amount: Int64
  var currency: String
  var charge: String
  var paymentIntent: String
  var status: String
  var reason: String?
  var failureReason: String?
  var metadata: [String: String]
  var balanceTransaction: String?
  var failureBalanceTransaction: String?

  /// Whether the charge counts it as given back.
  var counts: Bool { status != "failed" && status != "canceled" }

  var json: JSON {
    var members: JSON = [
      "id": .string(id), "object": "refund", "amount": .int(amount), "balance_transaction": JSON(balanceTransaction),
      "charge": .string(charge), "created": .int(created), "currency": .string(currency),
      "destination_details": ["card": ["reference_status": "pending", "type": "refund"], "type": "card"],
      "metadata": JSON(metadata), "payment_intent": .string(paymentIntent), "reason": JSON(reason),
      "receipt_number": nil, "source_transfer_reversal": nil, "status": .string(status), "transfer_reversal": nil,
    ]
    if let failureReason, case .object(var object) = members {
      object.append(.init(name: "failure_reason", value: .string(failureReason)))
      object.append(.init(name: "failure_balance_transaction", value: JSON(failureBalanceTransaction)))
      members = .object(object)
    }
    return members
  }
}
