/// A Dispute (https://docs.stripe.com/api/disputes/object): what we read of it.
package struct Dispute: Sendable, Equatable, Decodable {
  /// Where the dispute stands. Not monotone: it can go back.
  package struct Status: StripeOpenString {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static let warningNeedsResponse = Self(rawValue: "warning_needs_response")
    package static let warningUnderReview = Self(rawValue: "warning_under_review")
    package static let warningClosed = Self(rawValue: "warning_closed")
    package static let needsResponse = Self(rawValue: "needs_response")
    package static let underReview = Self(rawValue: "under_review")
    package static let won = Self(rawValue: "won")
    package static let lost = Self(rawValue: "lost")
    package static let prevented = Self(rawValue: "prevented")

    /// An inquiry: no money was withdrawn.
    package var isInquiry: Bool { rawValue.hasPrefix("warning_") }
    /// Whether Stripe takes evidence now.
    package var needsResponse: Bool { self == .needsResponse || self == .warningNeedsResponse }
    /// Whether it still freezes delivery and payout. An unknown status does.
    package var isOpen: Bool { ![.won, .lost, .warningClosed, .prevented].contains(self) }
  }

  package let id: String
  package let livemode: Bool
  package let status: Status
  /// `fraudulent`, `product_not_received`, …
  package let reason: String
  /// In minor units as Stripe counts them.
  package let amount: Int64
  /// Lower case, as Stripe writes it.
  package let currency: String
  package let chargeID: String
  package let paymentIntentID: String?
  /// When the evidence is due, in Unix seconds.
  package let evidenceDueBy: Int64?
  package let hasEvidence: Bool
  package let submissionCount: Int64
  package let isChargeRefundable: Bool
  package let balanceTransactions: [BalanceTransaction]
  package let metadata: [String: String]
  /// Unix seconds.
  package let created: Int64?

  package init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    id = try object.required("id")
    livemode = try object.optional("livemode") ?? false
    status = try object.required("status")
    reason = try object.optional("reason") ?? "general"
    amount = try object.required("amount")
    currency = try object.required("currency")
    guard let charge = try object.reference("charge") else {
      throw DecodingError.keyNotFound(
        StripeKey("charge"), .init(codingPath: decoder.codingPath, debugDescription: "a dispute without a charge"))
    }
    chargeID = charge
    paymentIntentID = try object.reference("payment_intent")
    let details = try object.nested("evidence_details")
    evidenceDueBy = try details?.optional("due_by")
    hasEvidence = try details?.optional("has_evidence") ?? false
    submissionCount = try details?.optional("submission_count") ?? 0
    isChargeRefundable = try object.optional("is_charge_refundable") ?? false
    balanceTransactions = try object.optional("balance_transactions") ?? []
    metadata = try object.metadata()
    created = try object.optional("created")
  }
}
