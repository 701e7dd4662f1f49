/// A dispute's status in Stripe's words.
///
/// Source: https://docs.stripe.com/api/disputes/object#dispute_object-status
package enum DisputeStatus: String, CaseIterable, Sendable, Codable {
  case warningNeedsResponse = "warning_needs_response"
  case warningUnderReview = "warning_under_review"
  case warningClosed = "warning_closed"
  case needsResponse = "needs_response"
  case underReview = "under_review"
  case chargeRefunded = "charge_refunded"
  case prevented
  case won
  case lost
  /// A word not known here: taken to be open, because freezing a delivery can be undone and sending cannot.
  case unrecognised

  package init(stripe word: String?) { self = word.flatMap(DisputeStatus.init(rawValue:)) ?? .unrecognised }

  /// Still an inquiry: the bank asks, no money was taken.
  package var isInquiry: Bool {
    switch self {
    case .warningNeedsResponse, .warningUnderReview, .warningClosed: true
    default: false
    }
  }

  package var standing: DisputeStanding {
    switch self {
    case .warningNeedsResponse, .warningUnderReview: .inquiry
    case .needsResponse, .underReview, .unrecognised: .open
    case .warningClosed, .chargeRefunded, .prevented: .closed
    case .won: .won
    case .lost: .lost
    }
  }
}

/// What a dispute means for its order, the least restrictive first.
package enum DisputeStanding: String, CaseIterable, Comparable, Sendable, Codable {
  /// Money kept.
  case won
  /// Ended without a decision; money kept.
  case closed
  /// The bank asks; nothing is frozen.
  case inquiry
  /// Money gone.
  case lost
  /// Nothing more may be delivered or paid out.
  case open

  private var rank: Int {
    switch self {
    case .won: 0
    case .closed: 1
    case .inquiry: 2
    case .lost: 3
    case .open: 4
    }
  }

  package static func < (left: DisputeStanding, right: DisputeStanding) -> Bool { left.rank < right.rank }
}
