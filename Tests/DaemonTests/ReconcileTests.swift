import Foundation
import Logging
import Market
import Outbound
import Postgres
import Store
import Stripe
import Synchronization
import TestSupport
import Testing

@testable import Daemon

/// What Stripe says reaches the market also where its webhooks do not.
@Suite("Reconciliation, with a daemon and Stripe's stand-in") struct ReconcileTests {
  /// Everything is due at once, and nothing counts as in flight.
  static let hasty = """
    [reconcile]
    events_interval = "300ms"
    events_lateness = "0s"
    objects_interval = "700ms"
    objects_overlap = "1h"
    balance_interval = "1s"
    balance_overlap = "1h"
    lateness = "0s"
    requests_per_second = 100
    """

  static func open(
    knobs: [String: Double] = [:], settings: String = Self.hasty, parts: Set<DaemonPart> = Set(DaemonPart.allCases),
    _ body: @Sendable @escaping (Shop) async throws -> Void
  ) async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: parts, settings: settings, knobs: knobs, mail: mail.url) { try await body($0) }
    try await mail.stop()
  }

  @Test("An event that never came is fetched from the list, takes the same way, and its order's story says so")
  func missedEvent() async throws {
    try await Self.open { shop in
      let order = try await shop.buy()
      try await shop.eventually { try await shop.state(of: order) == "delivered" }
      #expect(try await shop.sql("SELECT DISTINCT arrival FROM gkm.stripe_event") == "listed")
      #expect(try await shop.count("stripe_event", where: "state NOT IN ('done', 'pending')") == 0)
      let story = try await shop.pool.read { try OrderStory.read($0, order: order.number) }
      #expect(story?.events.isEmpty == false && story?.events.allSatisfy { $0.arrival == .listed } == true)
      // Sent after all, it is a repeat.
      _ = try await shop.atStripe("/_sim/webhook", "url=http://127.0.0.1:\(shop.port)/webhooks/stripe")
      let event = try await shop.sql("SELECT event_id FROM gkm.stripe_event LIMIT 1")
      let before = try await shop.count("stripe_event")
      _ = try await shop.atStripe("/_sim/events/\(event)/resend")
      try await shop.eventually { shop.registry.exposition().contains("outcome=\"duplicate\"} 1") }
      #expect(try await shop.count("stripe_event") == before)
      try await shop.eventually { try await shop.count("recon_break", where: "state <> 'healed'") == 0 }
    }
  }

  @Test("Money without an order, and an order paid by what Stripe does not know, are breaks that stay one row each")
  func breaks() async throws {
    try await Self.open(parts: [.intake, .checkout, .workers, .reconcile]) { shop in
      let session = try await shop.stripe.createCheckoutSession(
        CheckoutSessionRequest(
          items: [.init(name: "Key", currency: "EUR", unitAmount: 4_200, quantity: 1)], clientReferenceID: "x",
          metadata: ["order_id": "GK-NONE"], successURL: "https://m.example/", cancelURL: "https://m.example/",
          expiresAt: Int64(Date().timeIntervalSince1970) + 3_600), idempotencyKey: "s1")
      _ = try await shop.atStripe("/_sim/sessions/\(session.id)/pay")
      let order = try await shop.open()
      let paid = """
        {"id":"cs_x","object":"checkout.session","mode":"payment","status":"complete","payment_status":"paid",\
        "amount_total":1999,"currency":"eur","payment_intent":"pi_of_nobody","metadata":{"order_id":"\(order.id)"}}
        """
      #expect(try await shop.deliver(EventBody.make(object: paid)).status == 200)
      _ = try await shop.atStripe("/_sim/balance", "type=adjustment&category=dispute&amount=-77&source=dp_nobody")
      let wanted = """
        balance_unknown|-77, balance_unknown|4200, payment_not_at_stripe|1999, payment_without_order|4200
        """
      func open() async throws -> String {
        try await shop.sql(
          """
          SELECT string_agg(
            kind || '|' || coalesce(stripe_amount, our_amount), ', ' ORDER BY kind, coalesce(stripe_amount, our_amount))
          FROM gkm.recon_break WHERE state = 'open'
          """)
      }
      try await shop.eventually { try await open() == wanted }
      let runs = try await shop.count("recon_run", where: "outcome = 'good' AND kind = 'objects'")
      try await shop.eventually {
        try await shop.count("recon_run", where: "outcome = 'good' AND kind = 'objects'") > runs + 2
      }
      #expect(try await open() == wanted)
      let health = try await shop.pool.read { try ReconHealth.read($0) }
      #expect(health.openBreaks == 4 && health.kinds.allSatisfy { $0.lastGood != nil })
      try await shop.eventually { shop.registry.exposition().contains("gkm_breaks_open 4") }
    }
  }

  @Test("A dry run tells what it would do and changes nothing; without it that is done") func once() async throws {
    try await Self.open(parts: [.intake, .checkout]) { shop in
      let order = try await shop.buy()
      let configuration = try Shop.configuration(
        market: shop.market, redis: shop.redis, stripeURL: shop.stripeURL, settings: Self.hasty)
      let since = ReconcileOnce.now() - .seconds(3_600)
      func run(dry: Bool) async throws -> [String] {
        let lines = Mutex<[String]>([])
        let once = ReconcileOnce(
          configuration: configuration, from: since, until: nil, isDry: dry, logger: Logger(label: "tests"))
        let count = try await once.run(ReconKind.allCases) { line in lines.withLock { $0.append(line) } }
        #expect(count == lines.withLock { $0.count })
        return lines.withLock { $0 }
      }
      let before = try await shop.footprint()
      let told = try await run(dry: true)
      #expect(told.contains { $0.hasPrefix("missed event") && $0.contains("checkout.session.completed") })
      #expect(told.contains { $0.contains("payment_missed") && $0.contains(order.number) })
      #expect(told.contains { $0.contains("balance_unknown") })
      #expect(try await shop.footprint() == before)
      #expect(try await shop.count("recon_run") + shop.count("recon_break") + shop.count("balance_line") == 0)
      _ = try await run(dry: false)
      #expect(try await shop.count("stripe_event", where: "arrival = 'listed'") > 0)
      #expect(try await shop.count("recon_break", where: "kind = 'payment_missed' AND state = 'open'") == 1)
      #expect(try await shop.count("job", where: "kind = 'recheck'") > 0)
      #expect(try await shop.count("recon_run", where: "outcome = 'good' AND period IS NULL") == 3)
    }
  }
}

extension Shop {
  struct Sale: Sendable {
    let id: Int64
    let number: String
    let session: String
  }

  /// Opens an order for one key of a listing of its own.
  func open() async throws -> Sale {
    try await open(try await listing(keys: 3))
  }

  func open(_ listing: ListingID) async throws -> Sale {
    let answer = try await checkout(listing)
    guard let order = answer.json["order"] as? [String: Any], let id = order["id"] as? Int,
      let number = order["number"] as? String, let session = answer.json["checkout_session"] as? String
    else { throw Failure("no order: \(answer.text)") }
    return Sale(id: Int64(id), number: number, session: session)
  }

  /// Opens an order and pays it at Stripe, which may or may not tell.
  func buy() async throws -> Sale {
    let sale = try await open()
    let paid = try await atStripe("/_sim/sessions/\(sale.session)/pay")
    guard paid.status == 200 else { throw Failure("not paid: \(paid.text)") }
    return sale
  }

  func state(of sale: Sale) async throws -> String {
    try await sql("SELECT state FROM gkm.orders WHERE id = \(sale.id)")
  }

  /// Stripe as the market itself would call it.
  var stripe: StripeClient { StripeClient(StripeConfiguration(apiBase: stripeURL, apiKey: Self.apiKey), over: http) }

  /// Every promise, looked into.
  func verify() async throws -> [Verification.Result] {
    let connection = try await PostgresConnection.connect(market.daemon)
    let results = try await Verification().run(connection)
    await connection.close()
    return results
  }
}
