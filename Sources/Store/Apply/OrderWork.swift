import Market

/// One order of a batch: what it was, what its events say, and what is to become of it.
struct OrderWork {
  private(set) var snapshot: OrderSnapshot
  private(set) var facts: PaymentFacts
  private(set) var customer: String?
  private(set) var records: [PaymentRecord] = []
  /// The events that were merged, in order.
  private(set) var merged: [MergedEvent] = []
  /// The order's refund requests as they are stored, and as the facts make them; none where none can have a say.
  private(set) var requests: [(stored: RefundRequestRecord, settled: RefundRequestRecord)] = []

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

  /// Whether the order's refund requests have a say in what its units are.
  var needsRequests: Bool { facts.namesRefundRequests || snapshot.units.contains { $0.stored != .sold } }

  /// Sets what the units are, now that all facts are merged.
  mutating func settle(_ stored: [RefundRequestRecord]) {
    requests = stored.map { ($0, $0.settled(by: facts)) }
    let settled = requests.map(\.settled)
    for place in snapshot.units.indices {
      snapshot.units[place].state = RefundRequestRecord.state(of: snapshot.units[place].id, settled)
    }
  }

  /// The request that a refund carries out, where it is one of this order's.
  func request(of refund: RefundFact) -> RefundRequestID? {
    requests.first { $0.stored.id.description == refund.request }?.stored.id
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

  /// Its mail may be sent right after the commit: nothing has to be seen to before.
  var mayGoAtOnce: Bool { unit.delivery == nil && !order.isTokenDue }
}
