extension Ledger {
  /// The entries that an order lacks, in the order in which to post them: what leads from what is posted to what its facts
  /// say, parted into the things that happened. Fees are not among the facts, and must not be among `posted`.
  ///
  /// Whatever the order in which events were heard and however they were grouped, the accounts end the same: each entry
  /// is the difference between two positions, and the last leads to the position of all facts. Nothing is posted of an
  /// order that is not paid.
  package static func missing(
    _ order: LedgerOrder, facts: PaymentFacts, posted: [LedgerEntry]
  ) -> [LedgerEntry] {
    let target = position(of: order, facts: facts)
    var current = LedgerPosition(posted)
    var names = Set(posted.map(\.name))
    let fresh = steps(order, facts, names).filter { !names.contains($0) }
    var entries: [LedgerEntry] = []
    for (place, name) in fresh.enumerated() {
      names.insert(name)
      let isLast = place == fresh.count - 1
      let next = isLast ? target : position(of: order, facts: facts.told(names, of: order))
      let postings = next.postings(since: current)
      if !postings.isEmpty { entries.append(LedgerEntry(name: name, postings: postings)) }
      current = next
    }
    let rest = target.postings(since: current)
    if !rest.isEmpty {
      let number = posted.count(where: \.isCorrection) + 1
      entries.append(LedgerEntry(name: "\(LedgerEntry.correctionPrefix)\(number)", postings: rest))
    }
    return entries
  }

  /// The names of what happened, as far as the facts tell. A refund that failed is told of only where it was posted.
  private static func steps(_ order: LedgerOrder, _ facts: PaymentFacts, _ posted: Set<String>) -> [String] {
    let payments = facts.payments
    guard !payments.isEmpty else { return [] }
    let sale = salePlace(order, facts, payments)
    var steps = sale == nil ? [] : [saleName]
    steps += payments.indices.filter { $0 != sale }.map { heldName(payments[$0].paymentIntent) }
    let counted = facts.moneyReturns(of: payments)
    steps += counted.filter { !$0.isDispute }.map(\.entry)
    steps += facts.refunds.filter { !$0.value.status.counts && posted.contains("refund:\($0.key)") }.keys.sorted()
      .map { "refund_failed:\($0)" }
    for (id, dispute) in facts.disputes.sorted(by: { $0.key < $1.key }) where dispute.isTaken {
      steps.append("dispute:\(id):withdrawn")
      if dispute.fundsReinstated { steps.append("dispute:\(id):reinstated") }
    }
    return steps
  }

  static let saleName = "sale"

  static func heldName(_ intent: String?) -> String { "held:\(intent ?? "session")" }
}

extension PaymentFacts {
  /// As if only what these entries stand for had been told.
  fileprivate func told(_ names: Set<String>, of order: LedgerOrder) -> PaymentFacts {
    var told = self
    let payments = payments
    let sale = Ledger.salePlace(order, self, payments)
    for (place, payment) in payments.enumerated() {
      guard let intent = payment.paymentIntent else { continue }
      let name = place == sale ? Ledger.saleName : Ledger.heldName(intent)
      if !names.contains(name) { told.intents[intent] = nil }
    }
    for (id, refund) in refunds {
      let isPosted = names.contains("refund:\(id)")
      if refund.status.counts {
        if !isPosted { told.refunds[id] = nil }
      } else if isPosted && !names.contains("refund_failed:\(id)") {
        told.refunds[id]?.status = .succeeded
      }
    }
    for charge in reportedRefunds.keys where !names.contains("refunded:\(charge)") {
      told.reportedRefunds[charge] = nil
    }
    for id in disputes.keys {
      if !names.contains("dispute:\(id):withdrawn") {
        told.disputes[id] = nil
      } else if !names.contains("dispute:\(id):reinstated") {
        told.disputes[id]?.fundsReinstated = false
      }
    }
    return told
  }
}
