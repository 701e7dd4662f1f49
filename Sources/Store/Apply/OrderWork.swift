import Market

/// One order of a batch: what it was, what its events say, and what is to become of it.
struct OrderWork {
  let snapshot: OrderSnapshot
  private(set) var facts: PaymentFacts
  private(set) var customer: String?
  private(set) var records: [PaymentRecord] = []
  /// The events that were merged, in order.
  private(set) var merged: [MergedEvent] = []

  struct MergedEvent {
    let id: String?
    let type: String
    let facts: [StripeFact]
    /// The order was unpaid before it and is paid by it.
    let madePaid: Bool
  }

  init(_ snapshot: OrderSnapshot) {
    self.snapshot = snapshot
    facts = snapshot.facts ?? PaymentFacts()
    customer = snapshot.customer
  }

  mutating func merge(_ event: EventToApply, _ content: EventContent) {
    let wasPaid = facts.isPaid
    for fact in content.facts { facts.merge(fact.delta) }
    customer = customer ?? content.customer
    records += content.records
    merged.append(
      MergedEvent(
        id: event.eventID, type: event.type, facts: content.facts, madePaid: !wasPaid && facts.isPaid))
  }

  var changesFacts: Bool { facts != (snapshot.facts ?? PaymentFacts()) || customer != snapshot.customer }

  /// Intents that nothing had told of before.
  var newIntents: [String] {
    facts.intents.keys.filter { snapshot.facts?.intents[$0] == nil }.sorted()
  }

  /// Charges that nothing had told of before.
  var newCharges: [String] {
    facts.attempts.keys.filter { $0.hasPrefix("ch_") && snapshot.facts?.attempts[$0] == nil }.sorted()
  }

  /// The event to name beside what follows from all of them.
  var lastEventID: String? { merged.last(where: { $0.id != nil })?.id }
}

/// A unit that is to get a key.
struct UnitToBind {
  let order: OrderSnapshot
  let unit: UnitSnapshot
  /// It holds reserved stock; else its stock is taken from what is free.
  let isReserved: Bool
  let stripeEvent: String?
}
