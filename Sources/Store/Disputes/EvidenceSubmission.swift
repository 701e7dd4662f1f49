package import Market
package import Postgres

/// What the daemon has to tell Stripe of a dispute.
package struct EvidenceSubmission: Sendable {
  package let call: EvidenceCall
  package let dispute: String
  package let order: OrderID
  /// Whether there is still something to tell.
  package let isWaiting: Bool
  /// By Stripe's names.
  package let fields: [String: String]
  /// The events that have told of the dispute so far, which an answer to a question asked now settles.
  package let reports: Set<String>

  /// `nil` where there is no such evidence.
  package static func read(_ session: borrowing Session, evidence id: EvidenceID) throws -> EvidenceSubmission? {
    guard let row = try EvidenceRow.read(session, where: "e.id = \(id)").first else { return nil }
    let reports = try PaymentQuestions.reports(session, dispute: row.dispute, of: row.orderID)
    return EvidenceSubmission(
      call: row.call, dispute: row.dispute, order: row.orderID, isWaiting: row.state.isOnItsWay,
      fields: row.evidence.named, reports: reports ?? [])
  }
}

/// What became of one call to Stripe about a dispute's evidence.
package struct EvidenceAnswer: Sendable {
  package enum Outcome: Sendable {
    case staged
    case submitted
    /// Stripe refused it, and nothing was done; the sentence says why.
    case refused(String)

    var state: EvidenceState {
      switch self {
      case .staged: .draft
      case .submitted: .submitted
      case .refused: .failed
      }
    }

    var action: AuditAction {
      switch self {
      case .staged: .disputeEvidenceStaged
      case .submitted: .disputeEvidenceSubmitted
      case .refused: .disputeEvidenceFailed
      }
    }

    var problem: String? { if case .refused(let problem) = self { problem } else { nil } }
  }

  package let call: EvidenceCall
  package let dispute: String
  package let outcome: Outcome
  /// The dispute's status as Stripe answered it; `nil` where it did not.
  package let status: String?

  package init(call: EvidenceCall, dispute: String, outcome: Outcome, status: String?) {
    self.call = call
    self.dispute = dispute
    self.outcome = outcome
    self.status = status
  }
}
