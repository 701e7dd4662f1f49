/// One object as Stripe's API gives it, in the market's words.
package struct StatedObject: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case session, intent, charge, refund, dispute

    /// By the beginning of an id of Stripe's; `nil` for an object that is not looked at.
    package init?(id: String) {
      let prefixes: [(String, Kind)] = [
        ("cs_", .session), ("pi_", .intent), ("ch_", .charge), ("py_", .charge), ("re_", .refund), ("pyr_", .refund),
        ("dp_", .dispute), ("du_", .dispute), ("pdp_", .dispute),
      ]
      guard let found = prefixes.first(where: { id.hasPrefix($0.0) }) else { return nil }
      self = found.1
    }
  }

  package let kind: Kind
  /// `cs_…`, `pi_…`, `ch_…`, `re_…`, `dp_…`.
  package let id: String
  /// Stripe's word.
  package let status: String
  /// The amount that it is about.
  package let amount: Money?
  package let createdAt: Instant
  /// What an event about it would have told; nothing for what is still under way.
  package let facts: [StripeFact]
  /// Money moved by it.
  package let isMoney: Bool
  /// Another object of the same payment is looked at too, and tells of the payment as a whole.
  package let isPart: Bool

  package init(
    _ kind: Kind, id: String, status: String, amount: Money?, createdAt: Instant, facts: [StripeFact], isMoney: Bool,
    isPart: Bool = false
  ) {
    self.kind = kind
    self.id = id
    self.status = status
    self.amount = amount
    self.createdAt = createdAt
    self.facts = facts
    self.isMoney = isMoney
    self.isPart = isPart
  }
}

/// An order as reconciliation holds it against what Stripe says.
package struct HeldOrder: Sendable {
  package let id: OrderID
  package let number: String
  package let total: Money
  package let facts: PaymentFacts

  package init(id: OrderID, number: String, total: Money, facts: PaymentFacts) {
    self.id = id
    self.number = number
    self.total = total
    self.facts = facts
  }
}
