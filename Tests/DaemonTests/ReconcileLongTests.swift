import Market
import Outbound
import Postgres
import Store
import Stripe
import TestSupport
import Testing

@testable import Daemon

@Suite("Reconciliation where Stripe's word is often lost", .serialized) struct ReconcileLongTests {
  @Test("What is neither sent nor listed is read from the objects: payment, refund, dispute and its end")
  func objects() async throws {
    try await ReconcileTests.open(knobs: ["event_unlisted_rate": 1]) { shop in
      let order = try await shop.buy()
      try await shop.eventually { try await shop.state(of: order) == "delivered" }
      #expect(try await shop.count("stripe_event") == 0)
      let intent = try await shop.sql("SELECT id FROM gkm.payment_intent")
      _ = try await shop.stripe.createRefund(
        RefundRequest(paymentIntent: intent, amount: 500, metadata: [:]), idempotencyKey: "r1")
      try await shop.eventually { try await shop.state(of: order) == "partially_refunded" }
      let opened = try await shop.atStripe("/_sim/disputes", "session=\(order.session)")
      let dispute = try #require(opened.json["id"] as? String, "\(opened.text)")
      try await shop.eventually { try await shop.state(of: order) == "disputed" }
      _ = try await shop.atStripe("/_sim/disputes/\(dispute)", "status=won")
      try await shop.eventually { try await shop.state(of: order) == "partially_refunded" }
      try await shop.eventually {
        try await shop.sql("SELECT funds_withdrawn, funds_reinstated, status FROM gkm.dispute") == "t|t|won"
      }
      try await shop.eventually { try await shop.count("recon_break", where: "state <> 'healed'") == 0 }
      // Whichever looks first finds it: the lists of objects, or the balance.
      for kinds in ["'refund_unknown', 'balance_unknown'", "'dispute_unknown', 'balance_unknown'"] {
        #expect(try await shop.count("recon_break", where: "kind IN (\(kinds))") > 0)
      }
      try await shop.eventually { try await shop.count("balance_line") == 4 }
      let results = try await shop.verify()
      #expect(results.allSatisfy { $0.isKept }, "\(results.filter { !$0.isKept })")
    }
  }

  @Test("With a clock ten minutes off webhooks are refused, and orders end right all the same")
  func skew() async throws {
    try await ReconcileTests.open(knobs: ["webhook_skew_s": 600]) { shop in
      _ = try await shop.atStripe("/_sim/webhook", "url=http://127.0.0.1:\(shop.port)/webhooks/stripe")
      let order = try await shop.buy()
      try await shop.eventually { shop.registry.exposition().contains("outcome=\"too_new\"}") }
      try await shop.eventually { try await shop.state(of: order) == "delivered" }
      #expect(try await shop.count("stripe_event", where: "arrival <> 'listed'") == 0)
    }
  }

  @Test("While Stripe fails a run waits and then goes on; nothing else is troubled") func stripeIsDown() async throws {
    try await ReconcileTests.open(settings: "[stripe]\ndeadline = \"1s\"\n" + ReconcileTests.hasty) { shop in
      _ = try await shop.atStripe("/_sim/faults", "kind=500&path=/v1/events&times=6")
      _ = try await shop.atStripe("/_sim/faults", "kind=429&path=/v1/payment_intents&times=3")
      let order = try await shop.buy()
      try await shop.eventually { try await shop.count("recon_run", where: "failures > 0") > 0 }
      #expect(try await shop.get("/readyz").status == 200)
      try await shop.eventually(within: .seconds(60)) { try await shop.state(of: order) == "delivered" }
    }
  }

  @Test(
    "A third of the webhooks lost, a tenth of the events never listed, some twice, late and out of order: every order ends right"
  )
  func lossy() async throws {
    let mail = try await PrivateMail.start()
    let knobs = [
      "webhook_drop_rate": 0.3, "event_unlisted_rate": 0.1, "webhook_duplicate_rate": 0.1,
      "webhook_reorder_rate": 0.3, "webhook_reorder_window_ms": 1_000, "api_429_rate": 0.03, "api_500_rate": 0.03,
    ]
    try await Shop.open(
      parts: Set(DaemonPart.allCases), settings: ReconcileTests.hasty, knobs: knobs, mail: mail.url
    ) { shop in
      _ = try await shop.atStripe("/_sim/webhook", "url=http://127.0.0.1:\(shop.port)/webhooks/stripe")
      let listing = try await shop.listing(keys: 200)
      var wanted: [(sale: Shop.Sale, states: Set<String>)] = []
      for number in 0..<60 {
        let sale = try await shop.patient { try await shop.open(listing) }
        wanted.append((sale, try await shop.play(number, sale)))
      }
      for (sale, states) in wanted {
        try await shop.eventually(within: .seconds(180)) { states.contains(try await shop.state(of: sale)) }
      }
      try await shop.eventually(within: .seconds(120)) {
        try await shop.count("recon_break", where: "state <> 'healed'") == 0
      }
      let results = try await shop.verify()
      #expect(results.allSatisfy { $0.isKept }, "\(results.filter { !$0.isKept })")
      #expect(try await shop.count("stripe_event", where: "arrival = 'listed'") > 0)
    }
    try await mail.stop()
  }
}

extension Shop {
  /// What a customer does, by turns; answers how the order may end.
  fileprivate func play(_ number: Int, _ sale: Sale) async throws -> Set<String> {
    switch number % 6 {
    case 0:
      _ = try await atStripe("/_sim/sessions/\(sale.session)/pay", "outcome=declined&decline_code=insufficient_funds")
      _ = try await atStripe("/_sim/sessions/\(sale.session)/pay")
      return ["delivered"]
    case 1:
      _ = try await atStripe(
        "/_sim/sessions/\(sale.session)/pay", "outcome=async&settles=succeeded&settle_after=1")
      return ["delivered"]
    case 2:
      _ = try await atStripe("/_sim/sessions/\(sale.session)/pay", "outcome=async&settles=failed&settle_after=1")
      return ["payment_failed"]
    case 3:
      let paid = try await atStripe("/_sim/sessions/\(sale.session)/pay")
      guard let intent = paid.json["payment_intent"] as? String else { throw Failure(paid.text) }
      _ = try await patient {
        try await stripe.createRefund(
          RefundRequest(paymentIntent: intent, amount: nil, metadata: [:]), idempotencyKey: "refund \(sale.id)")
      }
      return ["refunded"]
    case 4:
      _ = try await atStripe("/_sim/sessions/\(sale.session)/pay")
      _ = try await atStripe("/_sim/disputes", "session=\(sale.session)")
      return ["disputed"]
    default:
      _ = try await atStripe("/_sim/sessions/\(sale.session)/pay")
      return ["delivered"]
    }
  }

  /// Stripe's stand-in refuses now and then: again, for a while.
  fileprivate func patient<T>(_ body: () async throws -> T) async throws -> T {
    for _ in 0..<20 {
      if let value = try? await body() { return value }
      try await Task.sleep(for: .milliseconds(100))
    }
    return try await body()
  }
}
