import Market
import TestSupport

/// What the pure parts need a world for, and no more: rows that change all at once or not at all.
///
/// It models PostgreSQL's rules of commit, not PostgreSQL: a transaction sees one state and replaces it as a whole
/// (values are copied, so there is nothing in between); its answer may be lost whether or not it was committed; a job is
/// whoever's token stands on it, and is due when its time has come; a stock counter changes only where its version is
/// the one that was read. Locks, isolation levels, disks and SQL are not in it: the tests with real servers have them.
struct World {
  struct Job {
    enum Kind { case apply, deliver, restock }
    let kind: Kind
    let subject: Int
    var dueAt: Int64
    var token: UInt64?
    var attempts = 0
  }

  struct Order {
    let quantity: Int
    var facts = PaymentFacts()
    var state = OrderState.open
    var reserved: Int
    /// By unit: the key that it has.
    var keys: [Int: Int] = [:]
    var confirmed: Set<Int> = []
    var isFrozen = false
    var isStockGone = false
    var ledger: [LedgerEntry] = []
  }

  struct Delivery {
    let order: Int
    let unit: Int
    let key: Int
    var state = DeliveryState.pending
    var attempts: [AttemptOutcome] = []
  }

  /// Why a transaction did not answer.
  enum Lost: Error { case rolledBack, unknown }
  struct Stale: Error {}

  var now: Int64 = 0
  var available = 0
  var version = 0
  var freeKeys: [Int] = []
  /// Every key that was ever given, with its unit: none may come twice.
  var given: [Int: Int] = [:]
  var imported = 0
  var orders: [Order] = []
  var events: [Int: (order: Int, fact: StripeFact)] = [:]
  var jobs: [Int: Job] = [:]
  var deliveries: [Delivery] = []
  var log: [[UInt8]] = []
  var sealed = MerkleTree()
  private var nextJob = 0

  static let price: Int64 = 1_999
  static let lease = LeasePolicy(.seconds(12))
  static let attemptLimit = 12

  /// A transaction: all of it or nothing; and now and then nobody hears which.
  mutating func write<Value>(_ dice: inout Dice, faults: Bool, _ body: (inout World) throws -> Value) throws -> Value {
    var next = self
    let value = try body(&next)
    let fate = faults ? dice.number(0...19) : 19
    if fate == 0 { throw Lost.rolledBack }
    self = next
    if fate == 1 { throw Lost.unknown }
    return value
  }

  mutating func add(_ kind: Job.Kind, _ subject: Int, after delay: Int64 = 0) {
    nextJob += 1
    jobs[nextJob] = Job(kind: kind, subject: subject, dueAt: now + delay)
  }

  /// Claims what is due, the oldest first.
  mutating func claim(_ kind: Job.Kind, limit: Int, token: UInt64) -> [Int] {
    let due = jobs.filter { $0.value.kind == kind && $0.value.dueAt <= now }
      .sorted { ($0.value.dueAt, $0.key) < ($1.value.dueAt, $1.key) }.prefix(limit).map(\.key)
    for id in due {
      jobs[id]?.dueAt = now + Self.lease.duration.milliseconds
      jobs[id]?.token = token
      jobs[id]?.attempts += 1
    }
    return due
  }

  func isHeld(_ job: Int, by token: UInt64) -> Bool { jobs[job]?.token == token }

  func terms(_ order: Int) -> OrderTerms {
    OrderTerms(total: total(order), unitCount: orders[order].quantity)
  }

  func total(_ order: Int) -> Money { Money(Self.price * Int64(orders[order].quantity), .eur) }

  func ledgerOrder(_ order: Int) -> LedgerOrder {
    LedgerOrder(
      total: total(order),
      lines: [
        LedgerOrder.Line(
          id: OrderLineID(Int64(order)), vendor: VendorID(1), amount: total(order).amount,
          commission: total(order).amount / 10)
      ])
  }
}

// MARK: What a worker does about an order, in one transaction.

extension World {
  /// Adds a fact, and makes the order what its facts say. Answers the deliveries that it began.
  mutating func apply(_ fact: StripeFact?, to order: Int) -> [Int] {
    if let fact {
      orders[order].facts.merge(fact.delta)
    } else {
      orders[order].isStockGone = false
    }
    var begun: [Int] = []
    var decision = decide(order)
    // Each action is counted before the reducer is asked again; it must come to rest.
    for _ in 0..<8 {
      let before = fulfilment(order)
      for action in decision.actions { begun += carryOut(action, order) }
      decision = decide(order)
      if fulfilment(order) == before { break }
    }
    orders[order].state = decision.state
    if decision.state == .unfulfillable { add(.restock, order, after: 30_000) }
    orders[order].ledger += Ledger.missing(
      ledgerOrder(order), facts: orders[order].facts, posted: orders[order].ledger)
    log.append(Array("order \(order) is \(decision.state.rawValue)".utf8))
    return begun
  }

  private func decide(_ order: Int) -> OrderDecision {
    OrderReducer.reduce(order: terms(order), facts: orders[order].facts, fulfilment: fulfilment(order))
  }

  private func fulfilment(_ order: Int) -> Fulfilment {
    let one = orders[order]
    return Fulfilment(
      reserved: one.reserved, assigned: one.keys.count, confirmed: one.confirmed.count, isFrozen: one.isFrozen,
      isStockGone: one.isStockGone)
  }

  private mutating func carryOut(_ action: OrderAction, _ order: Int) -> [Int] {
    switch action {
    case .bindKeys(let count): return bind(count, order)
    case .reserveAgain(let count):
      if available >= count {
        available -= count
        version += 1
        orders[order].reserved += count
      } else {
        orders[order].isStockGone = true
      }
    case .releaseReservation:
      available += orders[order].reserved
      version += 1
      orders[order].reserved = 0
    case .freezeDelivery: orders[order].isFrozen = true
    case .resumeDelivery: orders[order].isFrozen = false
    case .cancelDeliveries:
      for place in deliveries.indices where deliveries[place].order == order {
        if [.pending, .retrying].contains(deliveries[place].state) { deliveries[place].state = .cancelled }
      }
    case .revokeKeys:
      orders[order].keys = [:]
      orders[order].confirmed = []
    case .alert, .fetchDispute, .listRefunds, .revokeRefunded, .releaseSpare: break
    }
    return []
  }

  private mutating func bind(_ count: Int, _ order: Int) -> [Int] {
    var begun: [Int] = []
    for unit in (0..<orders[order].quantity).filter({ orders[order].keys[$0] == nil }).prefix(count) {
      let key = freeKeys.removeFirst()
      if given.updateValue(order * 100 + unit, forKey: key) != nil { preconditionFailure("key \(key) was given twice") }
      orders[order].keys[unit] = key
      orders[order].reserved -= 1
      deliveries.append(Delivery(order: order, unit: unit, key: key))
      begun.append(deliveries.count - 1)
    }
    return begun
  }

  /// What becomes of a delivery whose turn has come, by the rule that the real claim follows.
  mutating func prepare(_ delivery: Int) -> DeliveryTurn {
    let one = deliveries[delivery]
    let order = orders[one.order]
    let turn = DeliveryTurn(
      one.state, isHeldBack: false,
      isDeliverable: DeliveryTurn.delivers(order.state) && order.keys[one.unit] == one.key,
      attemptsInRound: one.attempts.count, attemptLimit: Self.attemptLimit)
    if turn.losesLastAttempt, let last = one.attempts.indices.last { deliveries[delivery].attempts[last] = .unknown }
    switch turn.step {
    case .send:
      deliveries[delivery].state = .sending
      deliveries[delivery].attempts.append(.prepared)
    case .cancel: deliveries[delivery].state = .cancelled
    case .giveUp: deliveries[delivery].state = .failed
    case .drop, .wait: break
    }
    return turn
  }

  /// Notes how an attempt ended.
  mutating func settle(_ delivery: Int, attempt: Int, _ outcome: AttemptOutcome) {
    deliveries[delivery].attempts[attempt] = outcome
    deliveries[delivery].state = outcome == .confirmed ? .confirmed : .retrying
    guard outcome == .confirmed else { return }
    let one = deliveries[delivery]
    if orders[one.order].keys[one.unit] == one.key { orders[one.order].confirmed.insert(one.unit) }
    orders[one.order].state = decide(one.order).state
    log.append(Array("delivery \(delivery) arrived".utf8))
  }
}

extension Duration {
  var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
