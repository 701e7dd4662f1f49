import Foundation
import Market
import Outbound
import TestSupport
import Testing

@testable import Daemon

@Suite("The catalogue")
struct CatalogueTests {
  @Test("It pages by an opaque cursor, and shows what is for sale alone")
  func pages() async throws {
    try await Shop.open { shop in
      var ids: [Int64] = []
      for number in 1...5 { ids.append(try await shop.listing(keys: number, title: "Game \(number)").rawValue) }
      try await shop.rest("UPDATE gkm.listing SET state = 'paused' WHERE id = \(ids[2])")
      let first = try await shop.get("/v1/catalogue?limit=2")
      #expect(first.titles == ["Game 1", "Game 2"])
      let cursor = try #require(first.json["next"] as? String)
      let second = try await shop.get("/v1/catalogue?limit=2&cursor=\(cursor)")
      #expect(second.titles == ["Game 4", "Game 5"])
      let last = try #require(second.json["next"] as? String)
      let third = try await shop.get("/v1/catalogue?limit=2&cursor=\(last)")
      #expect(third.titles == [])
      #expect(third.json["next"] is NSNull)
      #expect(try await shop.get("/v1/listings/\(ids[0])").json["price"] as? Int == 1_999)
      #expect(try await shop.get("/v1/listings/\(ids[2])").status == 404)
      #expect(try await shop.checkout(ListingID(ids[2])).code == "NOT_FOR_SALE")
    }
  }

  @Test("It is narrowed by vendor, category, platform, currency and words of the title")
  func filters() async throws {
    try await Shop.open { shop in
      let alpha = try await shop.listing(keys: 1, title: "Stellar Drift")
      let beta = try await shop.sibling(of: alpha, keys: 1, price: 500, title: "Stellar Harbour % _ \\ Edition")
      let other = try await shop.listing(keys: 1, title: "Moon Drift")
      try await shop.rest(
        """
        UPDATE gkm.listing SET currency = 'usd' WHERE id = \(other);
        UPDATE gkm.product SET category = 'software', platform = 'GOG'
        WHERE id = (SELECT product_id FROM gkm.listing WHERE id = \(beta))
        """)
      let handle = try await shop.sql(
        "SELECT v.handle FROM gkm.vendor v JOIN gkm.listing l ON l.vendor_id = v.id WHERE l.id = \(alpha)")
      func found(_ query: String) async throws -> [Int] { try await shop.get("/v1/catalogue?\(query)").ids }
      let (a, b, c) = (Int(alpha.rawValue), Int(beta.rawValue), Int(other.rawValue))
      #expect(try await found("vendor=\(handle)") == [a, b])
      #expect(try await found("vendor=nobody") == [])
      #expect(try await found("currency=usd") == [c])
      #expect(try await found("category=Software") == [b])
      #expect(try await found("platform=gog") == [b])
      #expect(try await found("text=drift") == [a, c])
      #expect(try await found("text=drift%20STELLAR") == [a])
      #expect(try await found("text=%25%20%5C") == [b])
      #expect(try await found("text=%27%3B--") == [])
      #expect(try await found("vendor=\(handle)&text=stellar&currency=eur&limit=1") == [a])
    }
  }

  @Test("A parameter that is wrong is named")
  func refusals() async throws {
    try await Shop.open { shop in
      _ = try await shop.listing(keys: 1)
      _ = try await shop.listing(keys: 1)
      let next = try #require(try await shop.get("/v1/catalogue?limit=1").json["next"] as? String)
      for (query, field) in [
        ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"), ("limit=1&limit=2", "limit"), ("limit=%2B1", "limit"),
        ("cursor=x", "cursor"), ("cursor=\(next)&text=drift", "cursor"), ("cursor=AAAA", "cursor"),
        ("currency=EUR", "currency"), ("currency=euro", "currency"), ("vendor=A%20B", "vendor"), ("text=%0A", "text"),
        ("text=", "text"), ("text=%E2%80%AEx", "text"), ("text=\(String(repeating: "x", count: 81))", "text"),
        ("after=1", "after"), ("__proto__=1", "__proto__"),
      ] {
        let answer = try await shop.get("/v1/catalogue?\(query)")
        #expect(answer.status == 400, "\(query)")
        #expect(answer.fields == [field], "\(query): \(answer.text)")
      }
      for path in ["0", "-1", "x", "99999999999999999999", "1%00"] {
        let answer = try await shop.get("/v1/listings/\(path)")
        #expect(answer.status == 400, "\(path)")
        #expect(answer.fields == ["id"], "\(path)")
      }
      #expect(try await shop.get("/v1/listings/9223372036854775807").status == 404)
    }
  }

  @Test("It is kept in Redis, forgotten at once when stock changes, and whoever has it already is told so")
  func cached() async throws {
    try await Shop.open(settings: "api.catalogue_ttl = \"60s\"") { shop in
      let listing = try await shop.listing(keys: 5)
      let first = try await shop.get("/v1/catalogue")
      let tag = try #require(first.header("etag"))
      // A change that nobody tells the daemon of shows that the answer is a kept one.
      try await shop.rest("UPDATE gkm.listing SET price = 5000 WHERE id = \(listing)")
      #expect(try await shop.get("/v1/catalogue").text == first.text)
      let same = try await shop.get("/v1/catalogue", headers: [("If-None-Match", tag)])
      #expect(same.status == 304)
      #expect(same.body == [])
      // As caches ask that keep several versions.
      let several = try await shop.get("/v1/catalogue", headers: [("If-None-Match", #""other", W/\#(tag)"#)])
      #expect(several.status == 304, "\(several.text)")
      #expect(try await shop.checkout(listing, quantity: 2).status == 201)
      try await shop.eventually { try await shop.get("/v1/catalogue").text.contains(#""available":3"#) }
      let fresh = try await shop.get("/v1/catalogue", headers: [("If-None-Match", tag)])
      #expect(fresh.status == 200)
      #expect(fresh.text.contains(#""price":5000"#))
      let one = try await shop.get("/v1/listings/\(listing)")
      #expect(one.json["available"] as? Int == 3)
    }
  }

  @Test("Without Redis it is read from PostgreSQL")
  func withoutRedis() async throws {
    let redis = try await PrivateRedis.start()
    try await Shop.open(with: redis) { shop in
      let listing = try await shop.listing(keys: 5)
      #expect(try await shop.get("/v1/catalogue").ids == [Int(listing.rawValue)])
      try await redis.stop()
      #expect(try await shop.get("/v1/catalogue").status == 200)
      #expect(try await shop.checkout(listing).status == 201)
      #expect(try await shop.get("/v1/listings/\(listing)").json["available"] as? Int == 4)
    }
  }
}

extension HTTPResponse {
  private var listings: [[String: Any]] { json["listings"] as? [[String: Any]] ?? [] }
  var titles: [String] { listings.compactMap { $0["title"] as? String } }
  var ids: [Int] { listings.compactMap { $0["id"] as? Int } }
}
