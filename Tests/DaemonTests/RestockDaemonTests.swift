import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// Paid too late for its stock, with real refunds at Stripe's stand-in and two daemons that both work on it.
@Suite("Late payments") struct RestockDaemonTests {
  /// Opens an order and gives its stock back, as if its session had been lost; answers its session and its id.
  private func forsaken(_ shop: Shop, _ url: String, _ listing: ListingID, quantity: Int) async throws
    -> (session: String, id: OrderID)
  {
    let body = Array(
      #"{"lines":[{"listing_id":\#(listing),"quantity":\#(quantity)}],"email":"late@example.com"}"#.utf8)
    let answer = try await shop.http.send(
      HTTPRequest(
        method: "POST", url: "\(url)/v1/checkout", headers: [("Content-Type", "application/json")], body: body))
    let session = try #require(answer.json["checkout_session"] as? String, "\(answer.text)")
    let id = OrderID(Int64(try #require((answer.json["order"] as? [String: Any])?["id"] as? Int)))
    _ = try await shop.pool.write { try ReservationRelease.release($0, id, .expired) }
    return (session, id)
  }

  private func state(_ shop: Shop, _ order: OrderID) async throws -> String {
    try await shop.sql("SELECT state FROM gkm.orders WHERE id = \(order)")
  }

  @Test("What no stock came for is paid back at Stripe once, and what did come is delivered")
  func paidBack() async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.pages]) { shop in
      let window = ["GKM_RESTOCK_WINDOW": "3s", "SMTP_URL": mail.url]
      try await shop.daemons(2, only: "intake,checkout,pages,workers", window) { urls in
        _ = try await shop.atStripe("/_sim/webhook", "url=\(urls[0])/webhooks/stripe")
        let vault = KeyVault(master: try MasterKey(file: Array(Shop.processKey.utf8)))
        let listing = try await shop.listing(keys: 0)
        try await shop.stock(listing, keys: 1...3, sealedBy: vault)
        let whole = try await forsaken(shop, urls[0], listing, quantity: 1)
        let part = try await forsaken(shop, urls[1], listing, quantity: 2)
        let quick = try await forsaken(shop, urls[0], listing, quantity: 2)
        // Paid first and second: two of three keys, then the third for an order of two.
        for order in [quick, part, whole] {
          let paid = try await shop.atStripe("/_sim/sessions/\(order.session)/pay")
          #expect(paid.status == 200, "\(paid.text)")
          try await shop.eventually(within: .seconds(60)) {
            try await shop.count("orders", where: "id = \(order.id) AND paid_at IS NOT NULL") == 1
          }
        }
        try await shop.eventually(within: .seconds(60)) { try await state(shop, quick.id) == "delivered" }
        try await shop.eventually(within: .seconds(60)) { try await state(shop, whole.id) == "refunded" }
        try await shop.eventually(within: .seconds(60)) { try await state(shop, part.id) == "partially_refunded" }
        // Stock that comes afterwards is nobody's but the next buyer's.
        try await shop.stock(listing, keys: 10...14, sealedBy: vault)
        try await shop.eventually(within: .seconds(60)) { try await shop.count("job") == 0 }
        #expect(try await shop.stockRow(listing) == "5|0|3")
        let refunds = try await shop.sql(
          "SELECT order_id, count(*), sum(amount), min(status) FROM gkm.refund GROUP BY 1 ORDER BY order_id")
        #expect(refunds == "\(whole.id)|1|1999|succeeded\n\(part.id)|1|1999|succeeded")
        #expect(try await shop.count("refund_request") == 2)
        #expect(try await shop.count("support_case", where: "kind = 'unfulfillable'") == 2)
        let keys = try await shop.sql(
          "SELECT count(*), count(DISTINCT stock_unit_id) FROM gkm.assignment WHERE active")
        #expect(keys == "3|3")
      }
    }
    try await mail.stop()
  }

  @Test("Stock that comes within its time is delivered, and nothing is paid back")
  func restocked() async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.pages]) { shop in
      try await shop.daemons(2, only: "intake,checkout,pages,workers", ["SMTP_URL": mail.url]) { urls in
        _ = try await shop.atStripe("/_sim/webhook", "url=\(urls[1])/webhooks/stripe")
        let vault = KeyVault(master: try MasterKey(file: Array(Shop.processKey.utf8)))
        let listing = try await shop.listing(keys: 0)
        try await shop.stock(listing, keys: 1...1, sealedBy: vault)
        let late = try await forsaken(shop, urls[0], listing, quantity: 1)
        let quick = try await forsaken(shop, urls[1], listing, quantity: 1)
        for order in [quick, late] {
          _ = try await shop.atStripe("/_sim/sessions/\(order.session)/pay")
          try await shop.eventually(within: .seconds(60)) {
            try await shop.count("orders", where: "id = \(order.id) AND paid_at IS NOT NULL") == 1
          }
        }
        try await shop.eventually { try await state(shop, late.id) == "paid_unfulfillable" }
        try await shop.stock(listing, keys: 2...2, sealedBy: vault)
        try await shop.eventually(within: .seconds(60)) { try await state(shop, late.id) == "delivered" }
        #expect(try await shop.count("refund_request") == 0)
        #expect(try await shop.sql("SELECT state FROM gkm.support_case") == "closed")
        #expect(try await shop.stockRow(listing) == "0|0|2")
      }
    }
    try await mail.stop()
  }
}

extension Shop {
  /// Keys that other daemons than this test's own can open.
  func stock(_ listing: ListingID, keys: ClosedRange<Int>, sealedBy vault: KeyVault) async throws {
    _ = try await pool.write { session in
      var importer = StockImport(vault)
      let lines = keys.map { StockImport.Line(number: $0, key: "KEY-\(listing)-\($0)") }
      return try importer.run(session, into: listing, lines, source: "test").accepted
    }
  }
}
