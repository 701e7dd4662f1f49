import Market
import Postgres

extension ApplyTransaction {
  /// Posts what the orders' ledger entries lack. What is posted already is read only where something can be: an order
  /// that has just been paid has nothing.
  mutating func keepBooks(_ session: borrowing Session) throws {
    let due = works.filter(\.movesMoney)
    guard !due.isEmpty else { return }
    let posted = try PostedLedger.entries(session, of: due.filter(\.mayHaveEntries).map(\.snapshot.id))
    let allocations = try PostedLedger.allocations(
      session, of: Dictionary(uniqueKeysWithValues: due.map { ($0.snapshot.id, $0.facts) }))
    for work in due {
      var order = work.snapshot.ledger
      order.allocations = allocations[work.snapshot.id] ?? [:]
      let missing = Ledger.missing(order, facts: work.facts, posted: posted[work.snapshot.id] ?? [])
      if !missing.isEmpty, !work.isToldOf {
        try writes.audit.add(
          .ledgerPosted, .order(work.snapshot.id), order: work.snapshot.reference,
          details: ["entries": missing.map(\.name).joined(separator: " ")])
      }
      for entry in missing {
        writes.ledger.append(
          LedgerRow(
            order: work.snapshot.id, entry: entry, stripeEvent: work.lastEventID, postedAt: writes.audit.stamp.at))
        if entry.isCorrection { try noteCorrection(entry, work) }
      }
    }
  }

  /// What was posted turned out otherwise: somebody should be able to see when and why.
  private mutating func noteCorrection(_ entry: LedgerEntry, _ work: OrderWork) throws {
    try writes.audit.add(
      .ledgerCorrected, .order(work.snapshot.id), order: work.snapshot.reference, stripeEvent: work.lastEventID,
      details: ["entry": entry.name, "postings": String(entry.postings.count)])
  }
}

extension OrderWork {
  /// The order's ledger may lack something: money moved by these events, or somebody asked for a second look.
  var movesMoney: Bool {
    facts.isPaid && (isLookedAtAgain || !facts.hasSameMoney(as: snapshot.facts ?? PaymentFacts()))
  }

  /// Something may be posted of it: it was paid before.
  var mayHaveEntries: Bool { isLookedAtAgain || snapshot.facts?.isPaid == true }

  /// An audit event tells of what was heard of the order; of a mere look none does.
  var isToldOf: Bool { merged.contains { $0.id != nil || !$0.facts.isEmpty } }

  private var isLookedAtAgain: Bool { merged.contains { $0.id == nil && $0.facts.isEmpty } }
}
