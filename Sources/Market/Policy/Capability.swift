/// Who stands before a door: a person's role, or the customer, who is known only by an order's token.
package enum Actor: String, CaseIterable, Sendable {
  case customer, vendor, support, ops, admin
}

/// What an actor may do with a capability.
package enum Grant: Sendable, Equatable {
  case yes
  /// Only what is theirs.
  case own
  /// A request that ops or admin approves.
  case ask
  /// With a second person's approval.
  case secondPerson
  /// Numbers only, never the rows' contents.
  case counts
  case no
}

/// Everything that anybody may be allowed to do, and to whom it is allowed: the one policy from which the database's
/// grants, the console's commands and the HTTP endpoints' rules are made.
package enum Capability: String, CaseIterable, Sendable {
  case readOrders, readPayments, find
  case manageCases
  case resendSameAddress, resendOtherAddress
  case retryDelivery
  case replaceKey
  case holdOrder, releaseOrder
  case refundWithinLimit, refundAboveLimit
  case revealKey
  case readStock, manageStock
  case readCommission, writeCommission
  case readLedger
  case readBreaks, manageBreaks
  case prepareEvidence, submitEvidence
  case readAudit, verifyAudit, resumeAudit
  case manageNotices
  case readWork, manageWork
  case readSettings, writeSettings
  case managePeople, breakGlass, eraseCustomer
}

extension Capability {
  /// One row of the policy, in the order customer, vendor, support, ops, admin.
  private var row: (Grant, Grant, Grant, Grant, Grant) {
    switch self {
    case .readOrders: (.own, .own, .yes, .yes, .yes)
    case .readPayments: (.own, .own, .yes, .yes, .yes)
    case .find: (.no, .own, .yes, .yes, .yes)
    case .manageCases: (.own, .own, .yes, .yes, .yes)
    case .resendSameAddress: (.own, .no, .yes, .yes, .yes)
    case .resendOtherAddress: (.no, .no, .ask, .yes, .yes)
    case .retryDelivery: (.no, .no, .no, .yes, .yes)
    case .replaceKey: (.no, .no, .ask, .yes, .yes)
    case .holdOrder: (.no, .no, .yes, .yes, .yes)
    case .releaseOrder: (.no, .no, .no, .yes, .yes)
    case .refundWithinLimit: (.no, .no, .ask, .yes, .yes)
    case .refundAboveLimit: (.no, .no, .ask, .secondPerson, .secondPerson)
    case .revealKey: (.own, .no, .no, .yes, .yes)
    case .readStock: (.no, .own, .counts, .yes, .yes)
    case .manageStock: (.no, .own, .no, .yes, .yes)
    case .readCommission: (.no, .own, .no, .yes, .yes)
    case .writeCommission: (.no, .no, .no, .no, .yes)
    case .readLedger: (.no, .own, .no, .yes, .yes)
    case .readBreaks: (.no, .no, .yes, .yes, .yes)
    case .manageBreaks: (.no, .no, .no, .yes, .yes)
    case .prepareEvidence: (.no, .no, .yes, .yes, .yes)
    case .submitEvidence: (.no, .no, .no, .yes, .yes)
    case .readAudit: (.no, .own, .yes, .yes, .yes)
    case .verifyAudit: (.no, .no, .yes, .yes, .yes)
    case .resumeAudit: (.no, .no, .no, .no, .yes)
    case .manageNotices: (.no, .own, .no, .yes, .yes)
    case .readWork: (.no, .no, .yes, .yes, .yes)
    case .manageWork: (.no, .no, .no, .yes, .yes)
    case .readSettings: (.no, .no, .yes, .yes, .yes)
    case .writeSettings: (.no, .no, .no, .no, .yes)
    case .managePeople: (.no, .no, .no, .no, .yes)
    // With the code from the envelope, which an admin sealed: an admin has no need of it.
    case .breakGlass: (.no, .no, .yes, .yes, .no)
    case .eraseCustomer: (.no, .no, .no, .no, .yes)
    }
  }

  /// What `actor` may do.
  package func grant(to actor: Actor) -> Grant {
    switch actor {
    case .customer: row.0
    case .vendor: row.1
    case .support: row.2
    case .ops: row.3
    case .admin: row.4
    }
  }

  /// What a signed-in person of `role` may do; the daemon is not a person and may nothing here.
  package func grant(to role: Role) -> Grant {
    switch role {
    case .vendor: grant(to: Actor.vendor)
    case .support: grant(to: Actor.support)
    case .ops: grant(to: Actor.ops)
    case .admin: grant(to: Actor.admin)
    case .daemon: .no
    }
  }

  /// The sentence's end after "may", for help and refusals.
  package var title: String {
    switch self {
    case .readOrders: "see orders and their timelines"
    case .readPayments: "see payment attempts, refunds and disputes"
    case .find: "find by anything"
    case .manageCases: "write notes and work on cases"
    case .resendSameAddress: "resend to the same address"
    case .resendOtherAddress: "resend to another address"
    case .retryDelivery: "retry a delivery"
    case .replaceKey: "replace a bad key"
    case .holdOrder: "hold an order"
    case .releaseOrder: "release a held order"
    case .refundWithinLimit: "refund up to the limit"
    case .refundAboveLimit: "refund above the limit"
    case .revealKey: "reveal a key"
    case .readStock: "see stock"
    case .manageStock: "import and withdraw stock"
    case .readCommission: "see commission and payout settings"
    case .writeCommission: "change commission and payout settings"
    case .readLedger: "see the ledger and balances"
    case .readBreaks: "see reconciliation breaks"
    case .manageBreaks: "work on reconciliation breaks"
    case .prepareEvidence: "prepare dispute evidence"
    case .submitEvidence: "submit dispute evidence"
    case .readAudit: "read the audit log"
    case .verifyAudit: "verify the audit log"
    case .resumeAudit: "resume the sealing of a restored audit log"
    case .manageNotices: "say where a vendor is told, and of what"
    case .readWork: "see workers and queues"
    case .manageWork: "pause and redrive work"
    case .readSettings: "see the market's settings"
    case .writeSettings: "change the market's settings"
    case .managePeople: "manage people"
    case .breakGlass: "break the glass, with the sealed code"
    case .eraseCustomer: "erase a customer"
    }
  }
}
