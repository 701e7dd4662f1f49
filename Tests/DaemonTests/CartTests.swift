import Foundation
import Market
import Outbound
import Store
import Testing

@testable import Daemon

@Suite("Carts")
struct CartTests {
  @Test("A cart of several vendors becomes one order: a line per listing, a part per vendor, one session")
  func opens() async throws {
    try await Shop.open { shop in
      let first = try await shop.listing(keys: 5, price: 1_000, title: "Alpha")
      let second = try await shop.listing(keys: 5, price: 250, title: "Beta")
      let sibling = try await shop.sibling(of: second, keys: 3, price: 30, title: "Gamma")
      let answer = try await shop.checkout([(sibling, 3), (first, 2), (second, nil)])
      #expect(answer.status == 201, "\(answer.text)")
      let order = try #require(answer.json["order"] as? [String: Any])
      let id = try #require(order["id"] as? Int)
      #expect(order["amount"] as? Int == 2_340)
      let lines = try await shop.sql(
        "SELECT title, quantity, unit_price, commission FROM gkm.order_line WHERE order_id = \(id) ORDER BY listing_id")
      #expect(lines == "Alpha|2|1000|200\nBeta|1|250|25\nGamma|3|30|9")
      let parts = try await shop.sql("SELECT amount FROM gkm.vendor_order WHERE order_id = \(id) ORDER BY vendor_id")
      #expect(parts == "2000\n340")
      let units = try await shop.sql(
        "SELECT count(*), count(DISTINCT order_line_id), max(position) FROM gkm.order_unit WHERE order_id = \(id)")
      #expect(units == "6|3|3")
      #expect(try await shop.sql("SELECT units_total FROM gkm.orders WHERE id = \(id)") == "6")
      #expect(try await shop.stockRow(first) == "3|2|0")
      #expect(try await shop.stockRow(second) == "4|1|0")
      #expect(try await shop.stockRow(sibling) == "0|3|0")
      #expect(try await shop.count("audit_event", where: "order_id = \(id) AND action = 'stock.reserved'") == 3)
      let session = try #require(answer.json["checkout_session"] as? String)
      #expect(try await shop.amountAtStripe(session) == 2_340)
    }
  }

  @Test("A cart of which one listing is short is refused whole, and names it")
  func allOrNothing() async throws {
    try await Shop.open { shop in
      let plenty = try await shop.listing(keys: 5, title: "Plenty")
      let short = try await shop.listing(keys: 1, title: "Short")
      let none = try await shop.listing(keys: 0, title: "None")
      let before = try await shop.footprint()
      let tooFew = try await shop.checkout([(plenty, 1), (short, 2)])
      #expect(tooFew.code == "STOCK_CHANGED")
      #expect(tooFew.fields == ["/lines/1/quantity"])
      #expect(tooFew.json["left"] as? Int == 1)
      let soldOut = try await shop.checkout([(none, 1), (plenty, 1)])
      #expect(soldOut.code == "SOLD_OUT")
      #expect(soldOut.fields == ["/lines/0/listing_id"])
      #expect((soldOut.json["detail"] as? String)?.hasPrefix("None is sold out.") == true)
      #expect(try await shop.footprint() == before)
      #expect(try await shop.stockRow(plenty) == "5|0|0")
      #expect(try await shop.stockRow(short) == "1|0|0")
    }
  }

  @Test("An order is in one currency, and worth no more than one payment can be")
  func money() async throws {
    try await Shop.open { shop in
      let euros = try await shop.listing(keys: 5)
      let yen = try await shop.listing(keys: 5, price: 1_200)
      let dear = try await shop.listing(keys: 5, price: 99_999_999)
      try await shop.rest("UPDATE gkm.listing SET currency = 'jpy' WHERE id = \(yen)")
      let before = try await shop.footprint()
      let mixed = try await shop.checkout([(euros, 1), (yen, 1)])
      #expect(mixed.status == 422)
      #expect(mixed.fields == ["/lines/1/listing_id"])
      let tooDear = try await shop.checkout([(dear, 1), (euros, 1)])
      #expect(tooDear.status == 422)
      #expect(tooDear.fields == ["/lines"])
      #expect(try await shop.checkout(dear, quantity: 10).status == 422)
      #expect(try await shop.footprint() == before)
      let alone = try await shop.checkout([(yen, 2)], more: #","currency":"jpy""#)
      #expect(alone.status == 201, "\(alone.text)")
    }
  }

  @Test("Carts that cross each other hold no key twice, leave none behind, and are refused for want of stock alone")
  func crossing() async throws {
    try await Shop.open { shop in
      var listings: [ListingID] = []
      for number in 1...4 { listings.append(try await shop.listing(keys: 15, title: "Game \(number)")) }
      let all = listings
      let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
        for buyer in 0..<80 {
          // Every pair, in both orders.
          let first = all[buyer % 4]
          let second = all[(buyer + 1 + buyer / 4 % 3) % 4]
          group.addTask { try await shop.checkout([(first, 1), (second, 1)], email: "buyer\(buyer)@example.com") }
        }
        return try await group.reduce(into: [HTTPResponse]()) { $0.append($1) }
      }
      let sold = answers.count { $0.status == 201 }
      let refused = answers.count { ["SOLD_OUT", "STOCK_CHANGED"].contains($0.code) }
      #expect(sold + refused == 80)
      let held = try await shop.sql("SELECT sum(reserved), min(available) FROM gkm.listing_stock")
      #expect(held.hasPrefix("\(2 * sold)|"))
      // A pair is refused only where one of its two is gone: no two listings are left over together.
      let left = try await shop.sql("SELECT count(*) FROM gkm.listing_stock WHERE available > 0")
      #expect(["0", "1"].contains(left))
      #expect(try await shop.count("orders") == sold)
      let halves = try await shop.sql(
        "SELECT count(*) FROM (SELECT order_id FROM gkm.reservation GROUP BY 1 HAVING count(*) <> 2) AS half")
      #expect(halves == "0")
    }
  }

  @Test("A cart that nobody paid gives back every listing's stock")
  func expires() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"100ms\"") { shop in
      let first = try await shop.listing(keys: 2)
      let second = try await shop.listing(keys: 3)
      #expect(try await shop.checkout([(first, 2), (second, 1)]).status == 201)
      #expect(try await shop.stockRow(first) == "0|2|0")
      try await shop.passReservationTime()
      try await shop.eventually { try await shop.stockRow(first) == "2|0|0" }
      try await shop.eventually { try await shop.stockRow(second) == "3|0|0" }
    }
  }
}

extension Shop {
  /// Another listing of the same vendor.
  func sibling(of listing: ListingID, keys: Int, price: Int64, title: String) async throws -> ListingID {
    let sibling = try await sql(
      """
      BEGIN; SET LOCAL session_replication_role = replica;
      WITH p AS (
        INSERT INTO gkm.product (title, platform) VALUES ('\(title)', 'Steam') RETURNING id
      ), l AS (
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency)
        SELECT v.vendor_id, p.id, \(price), 'eur' FROM p, gkm.listing v WHERE v.id = \(listing) RETURNING id, vendor_id
      )
      INSERT INTO gkm.listing_stock (listing_id, vendor_id) SELECT id, vendor_id FROM l RETURNING listing_id;
      COMMIT;
      """)
    let id = ListingID(try Self.number(sibling))
    try await stock(id, keys: keys)
    return id
  }

  func amountAtStripe(_ session: String) async throws -> Int? {
    let answer = try await http.send(
      HTTPRequest(
        url: "\(stripeURL)/v1/checkout/sessions/\(session)", headers: [("Authorization", "Bearer \(Shop.apiKey)")]))
    return answer.json["amount_total"] as? Int
  }
}

extension HTTPResponse {
  /// The fields that a problem names.
  var fields: [String] {
    ((json["errors"] as? [[String: Any]])?.compactMap { $0["field"] as? String } ?? []).sorted()
  }
}
