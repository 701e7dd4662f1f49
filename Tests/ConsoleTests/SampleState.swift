import Market
import Terminal

@testable import Console
@testable import Store

/// A console as it is in the middle of a day, without a database: the same for every run.
enum Sample {
  static let now = Instant(unixSeconds: 1_793_200_000)

  static func viewer(_ role: Role) -> Viewer {
    Viewer(
      login: "\(role.rawValue)_anna", displayName: "Anna", role: role, vendor: role == .vendor ? VendorID(1) : nil,
      vendorName: role == .vendor ? "Keyhaus" : nil)
  }

  static func state(_ role: Role, size: Size, kind: ListKind = .orders) -> AppState {
    var state = AppState(size: size, host: "ops@gkm localhost", isUTC: true)
    state.viewer = viewer(role)
    state.connection = .signedIn
    state.isLive = role.isStaff
    state.screens = [.list(ListState(kind: kind))]
    return state
  }

  /// The state after its list was read.
  static func loaded(_ role: Role, size: Size, kind: ListKind = .orders) -> AppState {
    var state = state(role, size: size, kind: kind)
    _ = update(&state, .input(.key(Key(.function(5)))), now: now)
    let rows = kind.screen.display(page(kind), role: role, clock: state.clock)
    _ = update(
      &state, .listLoaded(generation: state.list?.generation ?? 0, rows: rows, isFirstPage: true), now: now)
    return state
  }

  static func page(_ kind: ListKind) -> ListPage {
    switch kind {
    case .orders: ListPage(.orders, orders)
    case .payments: ListPage(.payments, payments)
    case .deliveries: ListPage(.deliveries, deliveries)
    case .stock: ListPage(.stock, stock)
    case .audit: ListPage(.audit, audit)
    case .cases: ListPage(.cases, cases)
    case .refunds: ListPage(.refunds, refunds)
    case .disputes: ListPage(.disputes, disputes)
    case .events: ListPage(.events, events)
    case .dead: ListPage(.dead, dead)
    case .jobs: ListPage(.jobs, jobs)
    case .people: ListPage(.people, people)
    case .ledger: ListPage(.ledger, ledger)
    case .balances: ListPage(.balances, balances)
    case .commission: ListPage(.commission, commission)
    case .vendors: ListPage(.vendors, vendors)
    case .breaks: ListPage(.breaks, breaks)
    case .asks: ListPage(.asks, asks)
    case .reveals: ListPage(.reveals, reveals)
    case .alerts: ListPage(.alerts, alerts)
    case .workers: ListPage(.workers, workers)
    case .imports: ListPage(.imports, imports)
    case .notices: ListPage(.notices, notices)
    }
  }

  /// Names from many scripts, one of them hostile.
  private static let customers = [
    "anna.schmidt@example.com", "иван@пример.рф", "佐藤花子@example.jp", "evil\u{1B}[2J\u{202E}gpj.exe@example.com",
    "maría@example.es",
  ]

  static let orders: [OrderRow] = OrderState.allCases.enumerated().map { order($0, $1) }

  private static func order(_ index: Int, _ state: OrderState) -> OrderRow {
    let total = Money(Int64(1_999 + index * 100), index % 4 == 0 ? .jpy : .eur)
    return OrderRow(
      id: Int64(1_000 - index), number: "GK-7Q2M-4XK\(index % 10)-9R", state: state,
      customer: customers[index % customers.count], vendors: index % 3 == 0 ? ["keyhaus", "pixelport"] : ["keyhaus"],
      title: "Starfall Odyssey ×2", total: total,
      checkoutSession: "cs_test_\(index)", paymentIntent: "pi_\(index)", unitsTotal: 2, unitsDelivered: 1,
      holdReason: state == .held ? "amount_mismatch" : nil, createdAt: now - .seconds(60 * index),
      paidAt: now - .seconds(30), deliveredAt: state == .delivered ? now : nil, version: 3, idIsInternal: false)
  }

  static let payments: [PaymentRow] = (0..<6).map { payment($0) }

  private static func payment(_ index: Int) -> PaymentRow {
    PaymentRow(
      id: Int64(600 - index), order: "GK-7Q2M-4XK\(index)-9R", orderID: OrderID(1_000),
      charge: "ch_3PZ\(index)Qexample",
      intent: "pi_\(index)", outcome: index % 2 == 0 ? "succeeded" : "failed",
      code: index % 2 == 0 ? nil : "card_declined", declineCode: index == 1 ? "insufficient_funds" : nil, message: nil,
      amount: Money(1_999, .eur), cardBrand: "visa", cardLast4: "4242", riskLevel: "normal",
      attemptedAt: now - .seconds(index))
  }

  static let deliveries: [DeliveryRow] = DeliveryState.allCases.enumerated().map { delivery($0, $1) }

  private static func delivery(_ index: Int, _ state: DeliveryState) -> DeliveryRow {
    DeliveryRow(
      id: Int64(50 - index), order: "GK-7Q2M-4XK\(index)-9R", orderID: OrderID(1_000), vendor: "keyhaus",
      recipient: customers[index % customers.count], channel: "email", state: state, attempts: Int64(index),
      nextAttemptAt: state == .retrying ? now + .seconds(8) : nil, confirmedAt: state == .confirmed ? now : nil,
      lastReply: state == .failed ? "550 5.1.1 no such mailbox" : nil, createdAt: now - .seconds(90), updatedAt: now,
      version: 4)
  }

  static let stock: [StockRow] = (0..<6).map { stock($0) }

  private static func stock(_ index: Int) -> StockRow {
    StockRow(
      id: Int64(30 - index), vendor: "keyhaus", title: "Starfall Odyssey \(index)", platform: "PC", region: "global",
      price: Money(1_999, .eur), state: index == 4 ? "paused" : "active", available: Int64(index * 3),
      reserved: 1, sold: 40, lowStock: 5, version: 9)
  }

  static let audit: [AuditRow] = [
    "delivery.confirmed", "delivery.refused", "key.assigned", "payment.succeeded", "stock.reserved", "order.held",
  ].enumerated().map { audit($0, $1) }

  private static func audit(_ index: Int, _ action: String) -> AuditRow {
    AuditRow(
      id: Int64(9_000 - index), at: now - .seconds(index), actor: "gkm_daemon", action: action, subjectKind: "order",
      subjectID: "1000", order: "GK-7Q2M-4XK1-9R", vendor: "keyhaus", stripeEvent: index == 3 ? "evt_1Nabc" : nil,
      body: "gkm-audit v1\naction \(action)\ndetail.reply 250 2.0.0 Ok\n")
  }
}
