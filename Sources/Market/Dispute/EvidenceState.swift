/// Where a dispute's evidence stands.
package enum EvidenceState: String, CaseIterable, Sendable {
  case draft
  /// On its way to Stripe, to be kept there and shown to nobody yet.
  case staging
  /// On its way to Stripe, and from there to the bank.
  case submitting
  case submitted
  /// Stripe refused it; it can be changed and tried again.
  case failed

  /// Whether the daemon has it in hand.
  package var isOnItsWay: Bool { self == .staging || self == .submitting }
}

/// One call to Stripe about a dispute's evidence.
///
/// Its name goes into the Idempotency-Key, and its mark into the dispute's metadata: so that whoever takes the call up
/// again after a crash, however late, finds out whether it was heard.
package struct EvidenceCall: Hashable, Sendable {
  package let evidence: EvidenceID
  /// Counts the calls that were asked for.
  package let round: Int32
  /// Submitted to the bank, which can be done once; else only staged.
  package let submits: Bool

  package init(evidence: EvidenceID, round: Int32, submits: Bool) {
    self.evidence = evidence
    self.round = round
    self.submits = submits
  }

  /// The key of the dispute's metadata that holds the mark.
  package static let metadataKey = "gkm_evidence"

  package var idempotencyKey: String { "gkm-evidence-\(evidence)-\(round)" }

  package var mark: String { "\(evidence)/\(round)/\(submits ? "submit" : "stage")" }

  /// Whether a dispute that bears `mark` has heard this call already. Evidence that was ever submitted is heard whatever
  /// its round was: it is never submitted again.
  package func wasHeard(_ mark: String) -> Bool {
    mark == self.mark || Self.isSubmission(mark) && mark.hasPrefix("\(evidence)/")
  }

  /// Whether `mark` is of a call that submitted.
  package static func isSubmission(_ mark: String) -> Bool { mark.hasSuffix("/submit") }
}
