/// A Dispute.
struct SimDispute: Sendable {
  static let evidenceFields = [
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
  ]

  /// Those that take the id of an uploaded file.
  static let fileFields: Set<String> = [
    "cancellation_policy", "customer_communication", "customer_signature", "duplicate_charge_documentation", "receipt",
    "refund_policy", "service_documentation", "shipping_documentation", "uncategorized_file",
  ]

  var id: String
  var created: Int64
  var amount: Int64
  var currency: String
  var charge: String
  var paymentIntent: String
  var reason: String
  var status: String
  var evidence: [String: String] = [:]
  var dueBy: Int64
  var submissions: Int64 = 0
  var metadata: [String: String] = [:]
  var balanceTransactions: [SimBalanceTransaction] = []

  var isInquiry: Bool { status.hasPrefix("warning_") }
  var isClosed: Bool { ["won", "lost", "warning_closed"].contains(status) }

  var json: JSON {
    [
      "id": .string(id), "object": "dispute", "amount": .int(amount),
      "balance_transactions": .array(balanceTransactions.map(\.json)), "charge": .string(charge),
      "created": .int(created), "currency": .string(currency), "enhanced_eligibility_types": [],
      "evidence": .object(Self.evidenceFields.map { .init(name: $0, value: JSON(evidence[$0])) }),
      "evidence_details": [
        "due_by": .int(dueBy), "enhanced_eligibility": [:], "has_evidence": .bool(!evidence.isEmpty),
        "past_due": false, "submission_count": .int(submissions),
      ],
      "is_charge_refundable": .bool(isInquiry && !isClosed), "livemode": false, "metadata": JSON(metadata),
      "payment_intent": .string(paymentIntent),
      "payment_method_details": [
        "card": [
          "brand": "visa", "case_type": .string(isInquiry ? "inquiry" : "chargeback"), "network_reason_code": "10.4",
        ], "type": "card",
      ],
      "reason": .string(reason), "status": .string(status),
    ]
  }
}
