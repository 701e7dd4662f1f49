import Stripe

/// All that the simulator remembers. A value behind one lock: every operation on it is one step, as if in a
/// transaction, and what it emits is taken away after.
struct SimulatorState: Sendable {
  var configuration: SimulatorConfiguration
  /// Where hosted pages live: the server's own address, once known.
  var publicURL = ""
  var knobs: Knobs
  var faults: [ScriptedFault] = []

  var sessions: BoundedStore<SimSession>
  var intents: BoundedStore<SimIntent>
  var charges: BoundedStore<SimCharge>
  var refunds: BoundedStore<SimRefund>
  var disputes: BoundedStore<SimDispute>
  var customers: BoundedStore<SimCustomer>
  var balance: BoundedStore<SimBalanceTransaction>
  var events: BoundedStore<SimEvent>
  var answers: IdempotencyStore

  /// Sessions by when they expire.
  var expiries = Heap<Expiry>()
  /// Asynchronous payments by when they are settled.
  var settlements = Heap<Settlement>()
  /// Disputes under review by when the bank decides.
  var verdicts = Heap<Verdict>()
  /// Events emitted and not yet handed to the webhook sender.
  var outbox: [SimEvent] = []
  var counters: [String: Int] = [:]

  struct Expiry: Comparable, Sendable {
    var at: Int64
    var session: String
    static func < (left: Expiry, right: Expiry) -> Bool { left.at < right.at }
  }

  struct Settlement: Comparable, Sendable {
    var at: Int64
    var session: String
    var succeeds: Bool
    static func < (left: Settlement, right: Settlement) -> Bool { left.at < right.at }
  }

  struct Verdict: Comparable, Sendable {
    var at: Int64
    var dispute: String
    var isWon: Bool
    static func < (left: Verdict, right: Verdict) -> Bool { left.at < right.at }
  }

  init(_ configuration: SimulatorConfiguration) {
    let limits = configuration.limits
    self.configuration = configuration
    self.knobs = configuration.knobs
    sessions = BoundedStore(limit: limits.objects)
    intents = BoundedStore(limit: limits.objects)
    charges = BoundedStore(limit: limits.objects)
    refunds = BoundedStore(limit: limits.objects)
    disputes = BoundedStore(limit: limits.objects)
    customers = BoundedStore(limit: limits.objects)
    balance = BoundedStore(limit: limits.objects)
    events = BoundedStore(limit: limits.events)
    answers = IdempotencyStore(limit: limits.idempotencyKeys)
  }

  mutating func count(_ name: String, by amount: Int = 1) {
    counters[name, default: 0] += amount
  }

  /// Whether something that happens at `rate` happens now.
  func happens(_ rate: Double) -> Bool {
    rate > 0 && Double.random(in: 0..<1) < rate
  }

  /// A new id in Stripe's manner: a prefix and random letters and digits.
  static func newID(_ prefix: String, length: Int = 24) -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(length)
    while bytes.count < length {
      var bits = generator.next()
      // Ten digits to a word: 62^10 is below 2^60.
      for _ in 0..<min(10, length - bytes.count) {
        bytes.append(alphabet[Int(bits % 62)])
        bits /= 62
      }
    }
    return prefix + String(decoding: bytes, as: UTF8.self)
  }
}

// MARK: Events

extension SimulatorState {
  /// The API call that an event comes of.
  struct Cause: Sendable {
    var requestID: String?
    var idempotencyKey: String?
    static let customer = Cause()
  }

  /// Records an event about `object` and queues its delivery.
  mutating func emit(_ type: String, _ object: JSON, previous: JSON? = nil, cause: Cause, now: Int64) {
    let id = Self.newID("evt_1")
    var data: [JSON.Member] = [.init(name: "object", value: object)]
    if let previous { data.append(.init(name: "previous_attributes", value: previous)) }
    let body: JSON = [
      "id": .string(id), "object": "event", "api_version": .string(StripeConfiguration.pinnedVersion),
      "created": .int(now), "data": .object(data), "livemode": false, "pending_webhooks": 1,
      "request": ["id": JSON(cause.requestID), "idempotency_key": JSON(cause.idempotencyKey)],
      "type": .string(type),
    ]
    let event = SimEvent(
      id: id, type: type, created: now, isListed: !happens(knobs.eventUnlistedRate), body: body.bytes)
    events[id] = event
    count("events")
    let types = configuration.webhookTypes
    if types.contains("*") || types.contains(type) { outbox.append(event) }
  }

  /// Takes what is to be delivered.
  mutating func takeOutbox() -> [SimEvent] {
    guard !outbox.isEmpty else { return [] }
    defer { outbox = [] }
    return outbox
  }
}
