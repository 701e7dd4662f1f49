/// Where a refund request stands.
///
///     awaiting_approval ─► approved ─► sending ─► sent ─► succeeded
///          │    │             │           │         │         │
///          ▼    ▼             ▼           ▼         ▼         ▼
///     rejected cancelled  cancelled     failed    failed    failed
package enum RefundRequestState: String, CaseIterable, Sendable, Codable {
  /// Somebody else has to agree.
  case awaitingApproval = "awaiting_approval"
  /// Everybody who has to has agreed; Stripe has not been asked yet.
  case approved
  /// Stripe has been asked, or may have been, and its answer is not known.
  case sending
  /// Stripe took it; the money is on its way.
  case sent
  case succeeded
  /// The money stayed, or came back: Stripe refused, or the customer's bank did.
  case failed
  case rejected
  case cancelled

  /// Where a request stands once Stripe has a refund for it in this status: what Stripe says goes before whatever is
  /// written here.
  package init(refund status: RefundFact.Status) {
    switch status {
    case .pending, .requiresAction: self = .sent
    case .succeeded: self = .succeeded
    case .failed, .canceled: self = .failed
    }
  }

  /// Whether Stripe may still be asked, or have been asked, for money that no refund accounts for yet.
  package var isOpen: Bool {
    switch self {
    case .awaitingApproval, .approved, .sending: true
    case .sent, .succeeded, .failed, .rejected, .cancelled: false
    }
  }

  /// Whether the money goes or may go: its units are not refunded by anything else.
  package var isLive: Bool {
    switch self {
    case .awaitingApproval, .approved, .sending, .sent, .succeeded: true
    case .failed, .rejected, .cancelled: false
    }
  }
}

/// Where one unit of an order stands, apart from its key and delivery.
package enum OrderUnitState: String, CaseIterable, Sendable, Codable {
  case sold
  /// A refund of it is on its way to Stripe: its key is neither sent nor shown until it is known whether the money goes.
  case refunding
  /// Its money went back, or is on its way: its key is revoked.
  case refunded
  /// The customer's bank took the order's money back.
  case cancelled
}
