package import Market

/// A job of the kind `apply`, with its event as the database has it.
package struct ClaimedEvent: Sendable {
  package let job: ClaimedJob
  /// `nil` where the event is gone.
  package let state: StripeEventState?
  package let type: String
  /// The bytes that Stripe signed; `nil` where they were pruned.
  package let body: [UInt8]?
  /// Whether the market deals in real money, and so whose events are its.
  package let livemode: Bool

  package init(job: ClaimedJob, state: StripeEventState?, type: String, body: [UInt8]?, livemode: Bool) {
    self.job = job
    self.state = state
    self.type = type
    self.body = body
    self.livemode = livemode
  }

  package var eventID: String { job.subject }
}

/// One thing to apply to an order, with the job that asked for it.
package struct EventToApply: Sendable {
  package let job: JobID
  /// `evt_…`; `nil` where no event stands behind it: what Stripe answered when asked, or a mere second look.
  package let eventID: String?
  /// The event's type, or what stands in its place, for the record.
  package let type: String
  package let reading: Reading

  package enum Reading: Sendable {
    case content(EventContent)
    /// Of a type that moves nothing here.
    case ignored
    /// Readable by nobody here; the sentence says why.
    case quarantined(String)
    /// Settled before: only its job is left.
    case settled
  }

  package init(job: JobID, eventID: String?, type: String, reading: Reading) {
    self.job = job
    self.eventID = eventID
    self.type = type
    self.reading = reading
  }
}

/// What an event says, in the market's words.
package struct EventContent: Sendable {
  package var references: EventReferences
  package var facts: [StripeFact]
  package var records: [PaymentRecord]
  /// `cus_…`
  package var customer: String?

  package init(
    references: EventReferences, facts: [StripeFact] = [], records: [PaymentRecord] = [], customer: String? = nil
  ) {
    self.references = references
    self.facts = facts
    self.records = records
    self.customer = customer
  }

  /// A second look at an order, with nothing new.
  package static func order(_ id: OrderID, facts: [StripeFact] = [], records: [PaymentRecord] = []) -> EventContent {
    EventContent(references: EventReferences(order: .id(id)), facts: facts, records: records)
  }
}

/// By what an event can be linked to its order.
package struct EventReferences: Sendable, Hashable {
  /// Our own name for the order, from its metadata or client_reference_id.
  package enum Order: Sendable, Hashable {
    case id(OrderID)
    case number(String)
    /// Set, but no name of an order of ours.
    case foreign(String)

    /// Reads what stands in `metadata.order_id`: an internal id or a number.
    package init(_ text: String) {
      if let id = Int64(text), id > 0, String(id) == text {
        self = .id(OrderID(id))
      } else if let number = OrderNumber(text) {
        self = .number(number.text)
      } else {
        self = .foreign(text)
      }
    }

    var text: String {
      switch self {
      case .id(let id): id.description
      case .number(let text), .foreign(let text): text
      }
    }
  }

  package var order: Order?
  /// `cs_…`
  package var session: String?
  /// `pi_…`
  package var intent: String?
  /// `ch_…`
  package var charge: String?

  package init(order: Order? = nil, session: String? = nil, intent: String? = nil, charge: String? = nil) {
    self.order = order
    self.session = session
    self.intent = intent
    self.charge = charge
  }

  /// Under what an event waits for its order.
  var waitingFor: [String] {
    let names = [intent, charge, session, order.map { "order:\($0.text)" }]
    return names.compactMap { $0 }.map { String($0.prefix(255)) }
  }
}

/// What lists show of a payment's objects beyond the facts that decide.
package enum PaymentRecord: Sendable {
  case attempt(key: String, riskScore: Int64?, at: Instant)
  case refund(id: String, currency: Currency, createdAt: Instant)
  case dispute(id: String, currency: Currency, createdAt: Instant)
  /// No row of a list: what Stripe answered to our evidence.
  case evidence(EvidenceAnswer)
}
