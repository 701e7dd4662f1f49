/// The names of the critical steps, as they stand in an audit record: `subject.verb` in dots.
///
/// A name is never given a second meaning and never removed: old records are read by it.
package enum AuditAction: String, CaseIterable, Sendable {
  case checkoutCreated = "checkout.created"
  case checkoutSessionCreated = "checkout.session.created"
  case checkoutRefused = "checkout.refused"
  case checkoutExpired = "checkout.expired"

  case stockReserved = "stock.reserved"
  case stockReleased = "stock.released"
  case stockImportBegun = "stock.import.begun"
  case stockImportQueued = "stock.import.queued"
  case stockImportStarted = "stock.import.started"
  case stockImportChecked = "stock.import.checked"
  case stockImportFailed = "stock.import.failed"
  case stockImportCancelled = "stock.import.cancelled"
  case stockImported = "stock.imported"
  case stockWithdrawn = "stock.withdrawn"
  case stockQuarantined = "stock.quarantined"
  case stockRevoked = "stock.revoked"
  case stockThresholdChanged = "stock.threshold.changed"

  case stripeEventApplied = "stripe.event.applied"
  case stripeEventParked = "stripe.event.parked"
  case stripeEventQuarantined = "stripe.event.quarantined"
  case stripeEventReplayed = "stripe.event.replayed"

  case paymentSucceeded = "payment.succeeded"
  case paymentPending = "payment.pending"
  case paymentFailed = "payment.failed"
  case paymentAttemptSucceeded = "payment.attempt.succeeded"
  case paymentAttemptFailed = "payment.attempt.failed"

  case orderHeld = "order.held"
  case orderReleased = "order.released"
  case orderStateChanged = "order.state.changed"
  case orderUnfulfillable = "order.unfulfillable"
  case orderNoted = "order.noted"
  case orderAddressChanged = "order.address.changed"

  case askMade = "ask.made"
  case askApproved = "ask.approved"
  case askRefused = "ask.refused"
  case askWithdrawn = "ask.withdrawn"

  case keyAssigned = "key.assigned"
  case keyReplaced = "key.replaced"
  case keyRevealRequested = "key.reveal.requested"
  case keyRevealed = "key.revealed"
  case keyRevealAsked = "key.reveal.asked"
  case keyRevealApproved = "key.reveal.approved"
  case keyRevealRejected = "key.reveal.rejected"
  case keyRevealFetched = "key.reveal.fetched"
  case keyRevealExpired = "key.reveal.expired"
  case keyRevealFailed = "key.reveal.failed"
  case keyFindRequested = "key.find.requested"
  case keyFindAnswered = "key.find.answered"
  case keyFindFetched = "key.find.fetched"
  case keyFindFailed = "key.find.failed"

  case deliveryPrepared = "delivery.prepared"
  case deliveryConfirmed = "delivery.confirmed"
  case deliveryDeferred = "delivery.deferred"
  case deliveryRefused = "delivery.refused"
  case deliveryUnknown = "delivery.unknown"
  case deliveryFrozen = "delivery.frozen"
  case deliveryResumed = "delivery.resumed"
  case deliveryCancelled = "delivery.cancelled"
  case deliveryRetryRequested = "delivery.retry.requested"
  case deliveryResendRequested = "delivery.resend.requested"
  case deliveryBounced = "delivery.bounced"
  case noticeBounced = "notice.bounced"
  case addressProven = "address.proven"

  case refundRequested = "refund.requested"
  case refundApproved = "refund.approved"
  case refundRejected = "refund.rejected"
  case refundCancelled = "refund.cancelled"
  case refundSending = "refund.sending"
  case refundDeferred = "refund.deferred"
  case refundSettled = "refund.settled"
  case refundRecorded = "refund.recorded"
  case refundFailed = "refund.failed"
  case disputeOpened = "dispute.opened"
  case disputeUpdated = "dispute.updated"
  case disputeClosed = "dispute.closed"
  case disputeEvidencePrepared = "dispute.evidence.prepared"
  case disputeEvidenceEdited = "dispute.evidence.edited"
  case disputeEvidenceRequested = "dispute.evidence.requested"
  case disputeEvidenceStaged = "dispute.evidence.staged"
  case disputeEvidenceFailed = "dispute.evidence.failed"
  case disputeEvidenceSubmitted = "dispute.evidence.submitted"

  case caseOpened = "case.opened"
  case caseTaken = "case.taken"
  case caseReleased = "case.released"
  case caseAssigned = "case.assigned"
  case caseNoted = "case.noted"
  case caseAnswered = "case.answered"
  case caseClosed = "case.closed"

  case settingChanged = "setting.changed"
  case personAdded = "person.added"
  case personChanged = "person.changed"
  case personDisabled = "person.disabled"
  case personEnabled = "person.enabled"
  case vendorAdded = "vendor.added"
  case vendorChanged = "vendor.changed"
  case productAdded = "product.added"
  case productChanged = "product.changed"
  case listingAdded = "listing.added"
  case listingChanged = "listing.changed"
  case commissionChanged = "commission.changed"
  case commissionEnded = "commission.ended"
  case commissionWithdrawn = "commission.withdrawn"
  case commissionResumed = "commission.resumed"
  case ledgerPosted = "ledger.posted"
  case ledgerCorrected = "ledger.corrected"
  case ledgerFeePosted = "ledger.fee.posted"
  case dataKeyCreated = "data_key.created"
  case dataKeyRewrapped = "data_key.rewrapped"
  case exchangeKeyPublished = "exchange_key.published"

  case noticeSent = "notice.sent"
  case noticeFailed = "notice.failed"
  case webhookAdded = "webhook.added"
  case webhookChanged = "webhook.changed"
  case webhookRotated = "webhook.rotated"
  case webhookDisabled = "webhook.disabled"
  case webhookEnabled = "webhook.enabled"
  case webhookRemoved = "webhook.removed"
  case webhookSecretRequested = "webhook.secret.requested"
  case webhookSecretHanded = "webhook.secret.handed"
  case webhookTested = "webhook.tested"

  case jobBuried = "job.buried"
  case jobRedriven = "job.redriven"
  case jobDiscarded = "job.discarded"
  case jobEdited = "job.edited"
  case workPaused = "work.paused"
  case workResumed = "work.resumed"
  case workLimited = "work.limited"
  case alertAcknowledged = "alert.acknowledged"
  case alertSilenced = "alert.silenced"
  case alertUnsilenced = "alert.unsilenced"
  case reconBreakOpened = "recon.break.opened"
  case reconBreakChanged = "recon.break.changed"
  case reconBreakReopened = "recon.break.reopened"
  case reconBreakAssigned = "recon.break.assigned"
  case reconBreakExplained = "recon.break.explained"
  case reconBreakHealed = "recon.break.healed"
  case reconBreakClosed = "recon.break.closed"

  case breakGlassSealed = "break_glass.sealed"
  case breakGlassWithdrawn = "break_glass.withdrawn"
  case breakGlassUsed = "break_glass.used"
  case breakGlassRefused = "break_glass.refused"
  case breakGlassEnded = "break_glass.ended"
  case customerErased = "customer.erased"
  case databaseRestored = "database.restored"
  case auditResumed = "audit.resumed"
}

/// As what the actor acted.
package enum AuditRole: String, CaseIterable, Sendable {
  case support, ops, vendor, admin
  /// `gkmd serve`.
  case daemon
  case sealer
  /// `gkmd migrate`, `gkmd bootstrap`.
  case migrator
  /// Through the order page, by its token.
  case customer

  package init(_ role: Role) {
    switch role {
    case .support: self = .support
    case .ops: self = .ops
    case .vendor: self = .vendor
    case .admin: self = .admin
    case .daemon: self = .daemon
    }
  }
}
