import Market

/// One order of the demo's history, as it is at the present point of the story.
struct DemoOrder {
  struct Line {
    let id: OrderLineID
    /// Its place among the demo's listings.
    let listing: Int
    let quantity: Int
    let unitPrice: Int64
    let choice: CommissionChoice
    let commission: Int64
    var reservation = "held"
    var stockVersion: Int64 = 0
  }

  struct Unit {
    let id: OrderUnitID
    let delivery: DeliveryID
    /// Its place among the order's lines.
    let line: Int
    let listing: Int
    let positionInLine: Int
    var key: StockUnitID?
    var assignedAt: Instant?
    var endedAt: Instant?
    var state: DeliveryState?
    var attempts: [Attempt] = []
    var attemptsInRound = 0
    var messageID = ""
    var createdAt: Instant?
    var updatedAt: Instant?
    var nextAttemptAt: Instant?
    var confirmedAt: Instant?
    var lastReply: String?
    var version: Int64 = 1

    var isAssigned: Bool { key != nil && endedAt == nil }
  }

  struct Attempt {
    let startedAt: Instant
    var outcome = AttemptOutcome.prepared
    var endedAt: Instant?
    var reply: String?
  }

  let id: OrderID
  let number: String
  let customer: DemoCustomer
  let createdAt: Instant
  let currency: Currency
  let amount: Int64
  /// Until when the stock is held.
  let expiresAt: Instant
  let session: String
  let intent: String
  let charge: String
  let stripeCustomer: String
  var lines: [Line]
  var units: [Unit]
  var isDropped = false

  var state = OrderState.open
  var holdReason: HoldReason?
  var facts = PaymentFacts()
  var knownCustomer: String?
  var isSessionKnown = false
  var unitsDelivered = 0
  var paidAt: Instant?
  var deliveredAt: Instant?
  var updatedAt: Instant
  var version: Int64 = 1
  var paymentVersion: Int64 = 1
  var paymentUpdatedAt: Instant
  var waitsForStock = false
  /// What lists show beside the facts, by the object's id.
  var records: [String: Record] = [:]

  struct Record {
    let createdAt: Instant
    let riskScore: Int32?
    var recordedAt: Instant
    var updatedAt: Instant
  }

  var reference: (id: OrderID, number: String) { (id, number) }
  var total: Money { Money(amount, currency) }
  var terms: OrderTerms { OrderTerms(total: total, unitCount: units.count) }

  func isReserved(_ unit: Unit) -> Bool { !unit.isAssigned && lines[unit.line].reservation == "held" }

  var fulfilment: Fulfilment {
    Fulfilment(
      reserved: units.count { isReserved($0) }, assigned: units.count(where: \.isAssigned),
      confirmed: units.count { $0.isAssigned && $0.state == .confirmed }, isFrozen: state == .held || state == .disputed
    )
  }
}

/// A listing with its counter.
struct DemoListing {
  let id: ListingID
  let vendor: VendorID
  /// Its place in `DemoCatalogue.vendors`.
  let seller: Int
  let product: ProductID
  let category: String
  let title: String
  let price: Money
  var keys: ArraySlice<StockUnitID> = []
  var available: Int64 = 0
  var reserved: Int64 = 0
  var sold: Int64 = 0
  var version: Int64 = 1
}

/// One thing that happens to an order.
enum DemoStep {
  case checkout
  /// The Checkout Session is made.
  case session
  case stripe(DemoEvent)
  /// Our own clock ends the order before Stripe's does.
  case timeout
  /// An attempt to send ends.
  case settle(unit: Int, DemoEnding)
  /// The next attempt begins.
  case prepare(unit: Int)
  /// A person asks for more attempts.
  case retry(unit: Int, by: String, reason: String)
  /// The customer looks at the keys.
  case reveal
}

/// How an attempt to send ends.
struct DemoEnding {
  let outcome: AttemptOutcome
  let reply: String
  /// When the next attempt is due; `nil`: there is none.
  var next: Instant?

  static func confirmed(_ reply: String) -> DemoEnding { DemoEnding(outcome: .confirmed, reply: reply) }
}

/// One event of Stripe's.
struct DemoEvent {
  let id: String
  let type: String
  let facts: [StripeFact]
  /// The Stripe object it tells of, if lists show it, and its risk score.
  var object: String?
  var riskScore: Int32?
  var tellsCustomer = false
}

/// A thing of an order's story and its time.
struct DemoMoment {
  let at: Instant
  /// Its place among the orders.
  let order: Int
  let step: DemoStep
}
