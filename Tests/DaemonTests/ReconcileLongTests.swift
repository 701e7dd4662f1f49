import Market
import Outbound
import Postgres
import Store
import Stripe
import TestSupport
import Testing

@testable import Daemon

@Suite("Reconciliation where Stripe's word is often lost", .serialized) struct ReconcileLongTests {
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
