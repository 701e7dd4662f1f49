import Foundation
import Logging
import Market
import Outbound
import Postgres
import Store
import Stripe
import TestSupport
import Testing

@testable import Daemon

@Suite("The end of a hold") struct SweepTests {
  @Test("While Stripe does not say that nobody can pay any more, the stock stays held")
  func stripeFirst() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"600s\"") { shop in
      let listing = try await shop.listing(keys: 1)
      let session = try #require(try await shop.checkout(listing).json["checkout_session"] as? String)
      try await shop.passReservationTime()
      let client = StripeClient(
        StripeConfiguration(
          apiBase: shop.stripeURL, apiKey: Shop.apiKey, attemptTimeout: .seconds(5), deadline: .seconds(1)),
        over: shop.http)
      var logger = Logger(label: "test")
      logger.logLevel = .critical
      let sweep = ReservationSweep(
        pool: shop.pool, stripe: client, interval: .seconds(600), ticks: LiveTicks(nil),
        telemetry: Telemetry(factory: shop.registry), logger: logger)
      _ = try await shop.atStripe("/_sim/knobs", "api_500_rate=1")
      #expect(try await sweep.sweep() == 0)
      #expect(try await shop.stockRow(listing) == "0|1|0")
      #expect(try await shop.sql("SELECT state FROM gkm.orders") == "open")
      _ = try await shop.atStripe("/_sim/knobs", "api_500_rate=0")
      #expect(try await sweep.sweep() == 1)
      #expect(try await shop.stockRow(listing) == "1|0|0")
      #expect(try await shop.sessionAtStripe(session) == "expired")
      // Who comes to pay now is not let in: nobody is charged without a hold.
      let late = try await shop.atStripe("/_sim/sessions/\(session)/pay")
      #expect(late.status >= 400, "\(late.text)")
      #expect(try await sweep.sweep() == 0)
    }
  }

  @Test("Two daemons that end the same hold give its stock back once")
  func twice() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"50ms\"") { shop in
      let listing = try await shop.listing(keys: 3)
      for _ in 1...3 { #expect(try await shop.checkout(listing).status == 201) }
      try await shop.daemons(1, only: "checkout") { _ in
        try await shop.passReservationTime()
        try await shop.eventually { try await shop.stockRow(listing) == "3|0|0" }
      }
      #expect(try await shop.count("audit_event", where: "action = 'stock.released'") == 3)
      #expect(try await shop.count("orders", where: "state = 'expired'") == 3)
    }
  }
}
