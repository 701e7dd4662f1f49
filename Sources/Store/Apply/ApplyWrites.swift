import FoundationEssentials
import Market
import Postgres

/// What a batch of events changes, gathered order by order and written set by set.
struct ApplyWrites {
  struct OrderRow {
    let id: OrderID
    let state: OrderState
    let holdReason: String?
    /// Set the first time the order is paid.
    let isPaid: Bool
    /// How long it waits for stock.
    let restockUntil: Instant?
  }

  struct PaymentRow {
    let order: OrderID
    let facts: PaymentFacts
    let customer: String?
    let currency: Currency
  }

  struct AttemptRow {
    let order: OrderID
    let key: String
    let fact: AttemptFact
    let riskScore: Int64?
    let at: Instant
  }

  struct RefundRow {
    let order: OrderID
    let id: String
    let fact: RefundFact
    /// The request that it carries out.
    let request: RefundRequestID?
    let currency: Currency
    let createdAt: Instant
  }

  struct RequestRow {
    let id: RefundRequestID
    let state: RefundRequestState
    let refund: String?
    let problem: String?
  }

  struct DisputeRow {
    let order: OrderID
    let id: String
    let fact: DisputeFact
    let currency: Currency
    let createdAt: Instant
  }

  struct NewDelivery {
    let id: DeliveryID
    let order: OrderID
    let unit: OrderUnitID
    let vendor: VendorID
    let messageID: String
    let job: JobID
    /// Its first attempt is prepared in this very transaction.
    let isExpress: Bool
  }

  struct EventRow {
    let id: String
    let state: StripeEventState
    var order: OrderID?
    var problem: String?
  }

  struct StockDelta {
    var available = 0
    var reserved = 0
    var sold = 0
  }

  var audit: AuditBatch
  var orders: [OrderRow] = []
  /// Those of them that were not paid before: their vendors are told.
  var newlyPaid: [OrderID] = []
  var ledger: [LedgerRow] = []
  var payments: [PaymentRow] = []
  var intents: [(id: String, order: OrderID)] = []
  var attempts: [AttemptRow] = []
  var refunds: [RefundRow] = []
  var requests: [RequestRow] = []
  /// What somebody has to see to.
  var cases: [(kind: CaseKind, order: OrderID, text: String)] = []
  var units: [(id: OrderUnitID, state: OrderUnitState)] = []
  var disputes: [DisputeRow] = []
  var evidence: [EvidenceAnswer] = []
  var reservations: [(order: OrderID, listing: ListingID, state: String)] = []
  var taken: [(stockUnit: StockUnitID, unit: OrderUnitID, order: OrderID, vendor: VendorID)] = []
  var revoked: [StockUnitID] = []
  var newDeliveries: [NewDelivery] = []
  /// A delivery whose unit gets another key than the one it had.
  var renewedDeliveries: [NewDelivery] = []
  /// Units of an order that counted as delivered, and whose new key has yet to be.
  var undelivered: [OrderID: Int] = [:]
  var stopped: [DeliveryID] = []
  var resumed: [DeliveryID] = []
  var stock: [ListingID: StockDelta] = [:]
  var events: [EventRow] = []
  var parked: [(object: String, event: String)] = []
  /// Ids of Stripe objects whose order is known from now on.
  var linked: [String] = []
  /// Second looks for stock.
  var looks: [(order: OrderID, delay: Duration)] = []
  var jobs: [JobKind: [(subject: String, delay: Duration)]] = [:]
  /// The jobs that the batch completes.
  var done: [JobID] = []

  init(_ stamp: Stamp) { audit = AuditBatch(stamp) }

  mutating func changeStock(_ listing: ListingID, _ change: (inout StockDelta) -> Void) {
    change(&stock[listing, default: StockDelta()])
  }
}

extension ApplyWrites {
  /// Writes all of it in one round trip. Stock counters come last but for the fence, because buyers wait for them.
  func run(
    _ session: borrowing Session, lease: Lease, deliveryLease: Lease, noticeWindow: Duration, sendsReceipts: Bool
  ) throws {
    for one in cases { try CaseDesk.open(session, one.kind, one.order, text: one.text) }
    var statements: [(sql: SQL, expected: Int?)] = []
    func add(_ isWanted: Bool, _ sql: @autoclosure () -> SQL, expected: Int? = nil) {
      if isWanted { statements.append((sql(), expected)) }
    }
    let paymentStatement = payments.isEmpty ? nil : try paymentSQL()
    if let paymentStatement { statements.append((paymentStatement, payments.count)) }
    add(!intents.isEmpty, intentSQL, expected: intents.count)
    add(!attempts.isEmpty, attemptSQL, expected: attempts.count)
    add(!refunds.isEmpty, refundSQL, expected: refunds.count)
    add(!requests.isEmpty, requestSQL, expected: requests.count)
    add(!requests.isEmpty, requestUnitSQL)
    add(!units.isEmpty, unitSQL, expected: units.count)
    add(!disputes.isEmpty, disputeSQL, expected: disputes.count)
    add(!evidence.isEmpty, evidenceSQL, expected: evidence.count)
    add(!orders.isEmpty, orderSQL, expected: orders.count)
    add(!ledger.isEmpty, LedgerWriting.accounts(ledger))
    add(!ledger.isEmpty, LedgerWriting.entries(ledger), expected: LedgerWriting.postingCount(ledger))
    add(!reservations.isEmpty, reservationSQL)
    add(!revoked.isEmpty, revokedUnitSQL, expected: revoked.count)
    add(!revoked.isEmpty, endedAssignmentSQL, expected: revoked.count)
    add(!taken.isEmpty, takenUnitSQL, expected: taken.count)
    add(!taken.isEmpty, assignmentSQL, expected: taken.count)
    add(!newDeliveries.isEmpty, deliverySQL, expected: newDeliveries.count)
    add(!newDeliveries.isEmpty, deliveryJobSQL(deliveryLease))
    add(newDeliveries.contains(where: \.isExpress), deliveryAttemptSQL)
    add(!renewedDeliveries.isEmpty, renewedDeliverySQL, expected: renewedDeliveries.count)
    add(!undelivered.isEmpty, undeliveredSQL, expected: undelivered.count)
    add(!stopped.isEmpty, stoppedDeliverySQL)
    add(!resumed.isEmpty, resumedDeliverySQL)
    add(!events.isEmpty, eventSQL, expected: events.count)
    add(!parked.isEmpty, parkedSQL)
    add(!linked.isEmpty, unparkSQL)
    add(!looks.isEmpty, Restock.look(looks, besides: done))
    add(!newlyPaid.isEmpty, NoticeQueue.newOrders(newlyPaid, window: noticeWindow))
    add(sendsReceipts && !newlyPaid.isEmpty, CustomerNotices.received(newlyPaid))
    let returned = refunds.filter { $0.fact.status == .succeeded }
    add(!returned.isEmpty, CustomerNotices.refunded(returned))
    for (kind, list) in jobs { add(!list.isEmpty, JobQueue.add(kind, list)) }
    add(!audit.isEmpty, audit.statement, expected: audit.count)
    add(!stock.isEmpty, stockSQL, expected: stock.count)
    let freed = stock.filter { $0.value.available > 0 }.keys.sorted()
    add(!freed.isEmpty, Restock.wake(freed))
    add(!done.isEmpty, JobQueue.complete(done, lease: lease))

    let affected = try session.pipeline(statements.map(\.sql))
    for (statement, count) in zip(statements, affected) {
      if let expected = statement.expected, expected != count {
        throw ApplyConflict("\(count) rows instead of \(expected) in: \(statement.sql.text.prefix(120))")
      }
    }
    if !done.isEmpty, let completed = affected.last, completed != done.count {
      throw LeaseLost(jobs: done.count - completed)
    }
  }
}

/// Two events of a batch, or an event and what is stored, do not agree: the batch is taken apart and each of its events
/// applied alone.
package struct ApplyConflict: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
