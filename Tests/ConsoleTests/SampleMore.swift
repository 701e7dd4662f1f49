import Market
import Terminal

@testable import Console
@testable import Store

/// More of the sample's day: work, people, boards, a story, a form.
extension Sample {
  static let dead: [DeadLetterRow] = [
    dead(80, "deliver", "40", "the mail server refused the sender: 550"),
    dead(79, "apply", "evt_1Nabc", "the event has no object"),
    dead(78, "deliver", "42", "the mail server refused the sender: 550"),
  ]

  private static func dead(_ id: Int64, _ kind: String, _ subject: String, _ problem: String) -> DeadLetterRow {
    DeadLetterRow(
      id: id, kind: kind, subject: subject, state: id == 78 ? .redriven : .dead, attempts: 12, problem: problem,
      createdAt: now - .seconds(7_200), diedAt: now - .seconds(60), settledAt: id == 78 ? now : nil,
      settledBy: id == 78 ? "ops_anna" : nil, version: 1)
  }

  static let jobs: [JobRow] = JobState.allCases.enumerated().map { index, state in
    JobRow(
      id: Int64(95 - index), kind: index == 0 ? "apply" : "deliver",
      subject: index == 0 ? "evt_1Nabc" : "\(40 + index)",
      state: state, priority: 1, attempts: Int64(index), runAt: now + .seconds(Int64(index * 8)),
      createdAt: now - .seconds(30))
  }

  static let breaks: [BreakRow] = zip(BreakState.allCases, BreakKind.allCases).enumerated().map { place, pair in
    BreakRow(
      id: Int64(60 - place), kind: pair.1.rawValue, object: "pi_3QxLkABCDEFGHIJKLMNOP\(place)",
      order: place == 1 ? nil : orders[place].number, state: pair.0, ours: place == 1 ? nil : 1_999,
      stripes: place == 2 ? nil : 1_899, currency: "eur", detail: "it is paid at Stripe, and this order is not",
      owner: "ops", assignee: pair.0 == .assigned ? "ops_anna" : nil,
      explanation: pair.0 == .explained ? "another shop's sale" : nil, openedAt: now - .seconds(Int64(600 * place)),
      changedAt: now, ageSeconds: Int64(600 * place), version: 1)
  }

  /// One with an end, one disabled, one whose time is over, an admin, and one who is admin by the broken glass.
  static let people: [PersonRow] =
    Role.people.enumerated().map { person(Int64(9 - $0), $1) } + [person(5, .admin)]

  private static let states: [Int64: PersonState] = [8: .disabled, 7: .expired, 5: .glass]

  private static func person(_ id: Int64, _ role: Role) -> PersonRow {
    PersonRow(
      id: id, login: id == 5 ? "ops_night" : "\(role.rawValue)_anna", name: "Anna \(role.rawValue)", role: role,
      vendor: role == .vendor ? "keyhaus" : nil, createdAt: now - .seconds(86_400),
      disabledAt: id == 8 || id == 7 ? now : nil,
      expiresAt: id == 9 ? now + .seconds(40 * 86_400) : id == 7 ? now - .seconds(5) : nil,
      elevatedUntil: id == 5 ? now + .seconds(1_800) : nil, lastSeenAt: id == 7 ? nil : now - .seconds(300),
      sessions: id == 9 ? 1 : 0, elevatedFrom: id == 5 ? .ops : nil, state: states[id] ?? .active, version: 1)
  }

  static let cases: [CaseRow] = CaseState.allCases.enumerated().map { supportCase(Int64(70 - $0), $1) }

  private static func supportCase(_ id: Int64, _ state: CaseState) -> CaseRow {
    CaseRow(
      id: id, queue: .support, kind: state == .open ? "unfulfillable" : "key does not work", order: "GK-7Q2M-4XK1-9R",
      vendor: state == .waiting ? "keyhaus" : nil, state: state, audience: .internal,
      priority: state == .open ? .urgent : .normal, assignee: state == .open ? nil : "support_anna",
      dueAt: now + .seconds(3_600), openedBy: "gkm_daemon", createdAt: now - .seconds(600), updatedAt: now,
      closedAt: state == .closed ? now : nil, version: 2)
  }

  static let refunds: [RefundRow] = RefundRequestState.allCases.enumerated().map { refund(Int64(90 - $0), $1) }

  private static func refund(_ id: Int64, _ state: RefundRequestState) -> RefundRow {
    RefundRow(
      id: id, order: "GK-7Q2M-4XK1-9R", orderID: OrderID(1_001), request: RefundRequestID(id),
      refund: state.isOpen ? nil : "re_3Q8a\(id)", state: state, scope: state == .sent ? "units" : "whole",
      amount: Money(1_999, .eur), reason: "the customer bought it twice", requestedBy: "support_anna",
      approvals: state == .awaitingApproval ? 0 : 1, approvalsNeeded: 1,
      problem: state == .failed ? "lost_or_stolen_card" : nil, createdAt: now - .seconds(600), updatedAt: now,
      version: 2)
  }

  static let pulse = Pulse(
    placed: (0..<60).map { ($0 * 7) % 11 }, paid: (0..<60).map { ($0 * 5) % 9 },
    delivered: (0..<60).map { $0 < 50 ? ($0 * 5) % 9 : 0 }, isSampleFull: false,
    deliveryMedian: .milliseconds(840), deliverySlow: .seconds(41),
    orders: ["held": 2, "paid": 12, "paid_unfulfillable": 0], deliveries: ["pending": 4, "failed": 7, "retrying": 3],
    jobsDue: 1_234, oldestDue: .seconds(95), deadJobs: 3, emptyListings: 1, lowListings: 5, quarantinedEvents: 1,
    parkedEvents: 2)

  static let work = [
    WorkOverview(kind: "apply", due: 1_200, underWay: 64, later: 3, oldestDue: .seconds(95), mostAttempts: 5),
    WorkOverview(kind: "deliver", underWay: 2, later: 7, mostAttempts: 1), WorkOverview(kind: "restock"),
  ]

  static let deadLetters = [
    DeadLetterSummary(
      kind: "deliver", problem: "the mail server refused the sender: 550", count: 2, lastSubject: "41", lastAt: now)
  ]

  static let alerts: [AlertRow] = AlertState.allCases.enumerated().map { place, state in
    AlertRow(
      id: Int64(31 - place), rule: AlertRule.allCases[place].rawValue, subject: place == 0 ? "5s" : "deliver",
      state: state, detail: "14 jobs are due, the oldest for 95 s", value: 95, since: now - .seconds(300),
      firedAt: state == .pending ? nil : now - .seconds(240), resolvedAt: state == .resolved ? now : nil, notified: 1,
      ackedBy: state == .firing ? "ops_anna" : nil, silencedUntil: state == .pending ? now + .seconds(3_600) : nil,
      version: 2)
  }

  static let workers: [WorkerRow] = WorkerState.allCases.enumerated().map { place, state in
    WorkerRow(
      id: Int64(9 - place), host: "shop\(place)", pid: Int64(4_711 + place), state: state,
      parts: "checkout,intake,pages,workers", holding: place < 2 ? "apply 64, deliver 3" : "", programVersion: "0.1.0",
      startedAt: now - .seconds(86_400), lastSeen: now - .seconds(Int64(place * 20)), silentSeconds: Int64(place * 20),
      clockOffset: .milliseconds(place == 1 ? 2_400 : 0), redisDownSince: place == 1 ? now : nil, stripeFailures: 0)
  }

  static let firing = [
    FiringAlert(
      rule: "smtp", subject: "", detail: "7 of 7 mails of the last 5 min were not taken", age: .seconds(190),
      isAcknowledged: false),
    FiringAlert(
      rule: "low_stock", subject: "12", detail: "0 left (mark 5): Starfall Odyssey of keyhaus", age: .seconds(7_300),
      isAcknowledged: true),
  ]

  static let storyHeader = [
    StoryFact("State", "● delivered", .stateOk), StoryFact("Customer", "anna.schmidt@example.com"),
    StoryFact("Total", "39.98 EUR"), StoryFact("Items", "2× Starfall Odyssey (keyhaus)"),
    StoryFact("Created", "2026-10-28 15:06:40.000"),
    StoryFact("Delivered", "2026-10-28 15:06:41.204, 840 ms after payment"),
    StoryFact("Session", "cs_test_a1", .textDim), StoryFact("Payment", "pi_3PZ", .textDim),
  ]

  static let storyLines: [StoryLine] = [
    story(0, "checkout.created", "·", .text, ""), story(1, "stock.reserved", "·", .text, "version 8 · after 9"),
    story(2, "stripe.checkout.session.completed", "◆", .key, "evt_1Nabc"),
    story(3, "payment.succeeded", "●", .stateOk, "evt_1Nabc"),
    story(4, "delivery.refused", "✗", .stateFailed, "“550 5.1.1 no such mailbox”"),
    story(5, "delivery.confirmed", "●", .stateOk, "250 2.0.0 Ok"),
  ]

  private static func story(_ index: Int, _ title: String, _ symbol: String, _ style: StyleID, _ detail: String)
    -> StoryLine
  {
    StoryLine(
      key: "a\(index)", time: "15:06:4\(index).000", symbol: symbol, style: style, title: title, detail: detail,
      full: ["action \(title)", "subject order 1000", "actor gkm_daemon"], copyText: title)
  }

  static let found: FindState = {
    var find = FindState()
    find.edit = LineEdit("anna")
    find.selected = 1
    find.hits = OrdersScreen.display(page(.orders), role: .ops, clock: ClockFormat(offset: 0, isUTC: true)).prefix(4)
      .map { FoundOrder(by: "email", row: $0) }
    return find
  }()

  static let foundNothing: FindState = {
    var find = FindState()
    find.edit = LineEdit("nobody@example.com")
    find.hits = []
    return find
  }()

  /// A form in the middle of its way: what it comes to is shown, and has to be typed.
  static let previewed: FormState = {
    var form = FormState(
      action: .retryDeliveries([]), title: "Refund GK-7Q2M-4XK3-9R",
      lines: ["2× Starfall Odyssey (keyhaus), 39.98 EUR paid."],
      fields: [
        FormField("amount", "Amount", .text(least: 1), "19.99"),
        FormField("scope", "Scope", .choice(["one unit", "all"]), "one unit"), .reason, .typed("19.99"),
      ], confirmTitle: "Refund", hasPreview: true)
    form.preview = ["The customer gets 19.99 EUR back; 19.99 EUR of the order stay.", "Keyhaus pays 17.99 EUR of it."]
    form.focus = .field(3)
    form.problem = "Type 19.99 to confirm"
    return form
  }()
}
