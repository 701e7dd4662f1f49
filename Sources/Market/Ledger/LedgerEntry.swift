/// Where an amount stands: an account and, where it belongs to one, the order's line.
package struct LedgerSlot: Hashable, Sendable {
  package let account: LedgerAccount
  package let line: OrderLineID?

  package init(_ account: LedgerAccount, line: OrderLineID? = nil) {
    self.account = account
    self.line = line
  }

  /// Accounts in the order of their kinds, the lines of one in theirs.
  fileprivate var place: (Int, Int64, Int64, String) {
    let kind = LedgerAccount.Kind.allCases.firstIndex(of: account.kind) ?? 0
    return (kind, line?.rawValue ?? 0, account.vendor?.rawValue ?? 0, account.currency.code)
  }
}

/// One amount on one account. Debits are positive, credits negative; never zero.
package struct LedgerPosting: Hashable, Sendable {
  package let slot: LedgerSlot
  /// In minor units of the account's currency.
  package let amount: Int64

  package init(_ slot: LedgerSlot, _ amount: Int64) {
    self.slot = slot
    self.amount = amount
  }
}

/// One thing that happened to an order's money. Its postings sum to zero in each currency.
///
/// Names: `sale`; `held:pi_…` (received, but not as wanted); `refund:re_…`, `refund_failed:re_…`; `refunded:ch_…` (a charge
/// said so, its refunds are not known yet); `dispute:dp_…:withdrawn`, `…:reinstated`; `correction:1` (what was known
/// turned out otherwise); `fee:txn_…`. An order has each at most once.
package struct LedgerEntry: Hashable, Sendable {
  package let name: String
  package let postings: [LedgerPosting]

  package init(name: String, postings: [LedgerPosting]) {
    self.name = name
    self.postings = postings
  }

  /// Something was posted before that does not hold any more.
  package var isCorrection: Bool { name.hasPrefix(Self.correctionPrefix) }

  static let correctionPrefix = "correction:"

  /// Fees come from Stripe's balance transactions, not from the order's facts.
  package var isFee: Bool { name.hasPrefix("fee:") }
}

/// What stands on an order's accounts, line by line. No slot holds a zero.
package struct LedgerPosition: Hashable, Sendable {
  package private(set) var amounts: [LedgerSlot: Int64] = [:]

  package init() {}

  /// The sum of entries.
  package init(_ entries: some Sequence<LedgerEntry>) {
    for entry in entries {
      for posting in entry.postings { add(posting.amount, to: posting.slot) }
    }
  }

  package var isEmpty: Bool { amounts.isEmpty }

  package mutating func add(_ amount: Int64, to slot: LedgerSlot) {
    let sum = (amounts[slot] ?? 0).addingClamped(amount)
    amounts[slot] = sum == 0 ? nil : sum
  }

  mutating func add(_ amount: Int64, to account: LedgerAccount, line: OrderLineID? = nil) {
    add(amount, to: LedgerSlot(account, line: line))
  }

  /// What leads from `earlier` to here, in a fixed order.
  func postings(since earlier: LedgerPosition) -> [LedgerPosting] {
    Set(amounts.keys).union(earlier.amounts.keys).sorted { $0.place < $1.place }.compactMap { slot in
      let change = (amounts[slot] ?? 0) - (earlier.amounts[slot] ?? 0)
      return change == 0 ? nil : LedgerPosting(slot, change)
    }
  }

  /// The sum over all slots, by currency; without those that are zero.
  package var imbalance: [Currency: Int64] {
    amounts.reduce(into: [Currency: Int64]()) { $0[$1.key.account.currency, default: 0] += $1.value }
      .filter { $0.value != 0 }
  }

  /// What stands on one account, over all lines.
  package func balance(of account: LedgerAccount) -> Int64 {
    amounts.reduce(0) { $1.key.account == account ? $0 + $1.value : $0 }
  }
}
