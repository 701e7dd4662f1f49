import Market
package import Postgres

/// Applies a batch of events: from facts to orders, keys and deliveries, in one transaction.
///
/// Locks are taken in one order everywhere: orders by id, stock counters by id; units of stock are skipped while
/// somebody else has them, never waited for.
package struct ApplyTransaction {
  let context: ApplyContext
  /// Deliveries that may be sent by whoever called, right after the commit.
  let expressSlots: Int
  var works: [OrderWork] = []
  var writes: ApplyWrites
  var result = ApplyResult()
  /// Free stock that earlier orders of the batch get.
  var promised: [ListingID: Int] = [:]

  private init(_ context: ApplyContext, stamp: Stamp, expressSlots: Int) {
    self.context = context
    self.expressSlots = expressSlots
    writes = ApplyWrites(stamp)
  }

  /// Runs inside the caller's transaction. Throws `ApplyConflict` when the batch has to be taken apart, `LeaseLost`
  /// when another worker has some of its jobs by now: nothing of the batch may be committed then.
  package static func run(
    _ session: borrowing Session, _ events: [EventToApply], _ context: ApplyContext
  ) throws -> ApplyResult {
    let links = try LinkResolution(session, events, isThorough: context.isThorough)
    let (orders, stamp, deliversFreely) = try OrderSnapshot.lock(session, links.orderIDs)
    var transaction = ApplyTransaction(context, stamp: stamp, expressSlots: deliversFreely ? context.expressSlots : 0)
    try transaction.gather(events, links, orders)
    var bindings: [UnitToBind] = []
    for index in transaction.works.indices {
      bindings += try transaction.decide(session, transaction.works[index])
    }
    try transaction.keepBooks(session)
    try transaction.bind(session, bindings)
    transaction.writes.done = events.map(\.job)
    try transaction.writes.run(
      session, lease: context.lease, deliveryLease: context.deliveryLease, noticeWindow: context.noticeWindow,
      sendsReceipts: context.sendsReceipts)
    return transaction.result
  }

  /// Sorts the events to their orders; what has none is parked, ignored or put into quarantine.
  private mutating func gather(
    _ events: [EventToApply], _ links: LinkResolution, _ orders: [OrderSnapshot]
  ) throws {
    works = orders.map { OrderWork($0) }
    let places = Dictionary(uniqueKeysWithValues: orders.enumerated().map { ($1.id, $0) })
    for (place, event) in events.enumerated() {
      switch event.reading {
      case .settled: break
      case .ignored:
        result.ignored += 1
        settle(event, .ignored)
      case .quarantined(let problem):
        try quarantine(event, problem)
      case .content(let content):
        if let problem = links.conflicts[place] {
          try quarantine(event, problem)
        } else if let index = links.orders[place].flatMap({ places[$0] }) {
          result.applied += 1
          works[index].merge(event, content)
          settle(event, .done, order: works[index].snapshot.id)
        } else {
          try park(event, content.references)
        }
      }
    }
  }

  private mutating func settle(
    _ event: EventToApply, _ state: StripeEventState, order: OrderID? = nil, problem: String? = nil
  ) {
    guard let id = event.eventID else { return }
    writes.events.append(ApplyWrites.EventRow(id: id, state: state, order: order, problem: problem))
  }

  private mutating func quarantine(_ event: EventToApply, _ problem: String) throws {
    guard let id = event.eventID else { return }
    result.quarantined += 1
    settle(event, .quarantined, problem: problem)
    try writes.audit.add(
      .stripeEventQuarantined, .stripeEvent(id), stripeEvent: id,
      details: ["problem": SafeText.cleaned(problem, limit: 500), "type": event.type])
  }

  private mutating func park(_ event: EventToApply, _ references: EventReferences) throws {
    guard let id = event.eventID else { return }
    let objects = references.waitingFor
    guard !objects.isEmpty else { return try quarantine(event, "it names nothing by which an order could be found") }
    result.parked += 1
    settle(event, .parked, problem: "no order is known yet for \(objects.joined(separator: ", "))")
    writes.parked += objects.map { ($0, id) }
    try writes.audit.add(
      .stripeEventParked, .stripeEvent(id), stripeEvent: id,
      details: ["type": event.type, "waits_for": objects.joined(separator: " ")])
  }
}
