import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// A rush on one listing over HTTP, against `gkmd` as it is installed: one process, and two that share the database.
@Suite struct RushLongTests {
  private static let keys = 100
  private static let buyers = 1_000

  @Test(arguments: [1, 2]) func everyKeyIsSoldOnceEverybodyElseIsToldAndNobodyIsCharged(daemons: Int) async throws {
    try await Shop.open(parts: [.pages]) { shop in
      let listing = try await shop.listing(keys: Self.keys)
      try await shop.daemons(daemons, only: "checkout") { urls in
        let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
          for number in 0..<Self.buyers {
            let body = Array(
              #"{"lines":[{"listing_id":\#(listing)}],"email":"buyer\#(number)@example.com"}"#.utf8)
            let request = HTTPRequest(
              method: "POST", url: urls[number % urls.count] + "/v1/checkout",
              headers: [("Content-Type", "application/json")], body: body)
            group.addTask { try await shop.http.send(request) }
          }
          return try await group.reduce(into: [HTTPResponse]()) { $0.append($1) }
        }
        var codes: [String: Int] = [:]
        for answer in answers { codes[answer.status == 201 ? "sold" : answer.code ?? "none", default: 0] += 1 }
        #expect(codes["sold"] == Self.keys, "\(codes)")
        #expect((codes["SOLD_OUT"] ?? 0) + (codes["STOCK_CHANGED"] ?? 0) == Self.buyers - Self.keys, "\(codes)")
        let refusals = answers.filter { $0.status != 201 }
        #expect(refusals.allSatisfy { $0.status == 409 && $0.text.contains("You have not been charged.") })
        #expect(try await shop.stockRow(listing) == "0|\(Self.keys)|0")
        #expect(try await shop.count("orders") == Self.keys)
        let held = try await shop.sql("SELECT count(*), sum(quantity) FROM gkm.reservation WHERE state = 'held'")
        #expect(held == "\(Self.keys)|\(Self.keys)")
        // A page to pay on was made for those who hold a key, and for nobody else.
        let pages = answers.compactMap { $0.json["checkout_session"] as? String }
        #expect(Set(pages).count == Self.keys)
        let known = try await shop.http.send(
          HTTPRequest(
            url: "\(shop.stripeURL)/v1/checkout/sessions?limit=100",
            headers: [("Authorization", "Bearer \(Shop.apiKey)")]))
        let sessions = known.json["data"] as? [[String: Any]] ?? []
        #expect(known.json["has_more"] as? Bool == false)
        #expect(Set(sessions.compactMap { $0["id"] as? String }) == Set(pages))
        #expect(sessions.allSatisfy { $0["payment_status"] as? String == "unpaid" })
      }
    }
  }

  /// Twice as much stock as buyers, through gates of their own on 50 connections: nobody is refused.
  @Test(arguments: [1, 2]) func whereThereIsEnoughEverybodyIsServed(gates: Int) async throws {
    try await Shop.open(parts: [.pages]) { shop in
      let listing = try await shop.listing(keys: 5_000)
      let settings = try Shop.configuration(market: shop.market, redis: shop.redis, stripeURL: shop.stripeURL).checkout
      let reserver = Reserver(vault: shop.vault, times: settings.reservationTimes)
      let pools = (0..<gates).map { _ in PostgresPool(shop.market.daemon, maximum: 50 / gates) }
      let doors = pools.map {
        ReservationGate(
          settings: settings, reserver: reserver, pool: $0, telemetry: Telemetry(factory: shop.registry))
      }
      let served = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<2_000 {
          let wish = ReservationWish([CartLine(listing)], email: "buyer\(number)@example.com")
          let door = doors[number % doors.count]
          group.addTask { if case .opened = try await door.reserve(wish) { true } else { false } }
        }
        return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(served == 2_000)
      #expect(try await shop.stockRow(listing) == "3000|2000|0")
      for pool in pools { await pool.close() }
    }
  }

  /// Carts of several listings in every order, through two gates: all or nothing, no circle of waiting, none left over.
  @Test func cartsThatCrossEachOtherOverTwoDaemonsAreWholeAndNoneWaitsForEver() async throws {
    try await Shop.open(parts: [.pages]) { shop in
      var listings: [ListingID] = []
      for number in 1...6 { listings.append(try await shop.listing(keys: 100, title: "Game \(number)")) }
      let all = listings
      try await shop.daemons(2, only: "checkout") { urls in
        let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
          for number in 0..<600 {
            // Three listings of the six, each time others, and each time in another order.
            let first = number % 6
            let picked = [first, (first + 1 + number / 6 % 2) % 6, (first + 3 + number / 12 % 2) % 6]
            let turned = number % 2 == 0 ? picked : picked.reversed()
            let lines = turned.map { #"{"listing_id":\#(all[$0]),"quantity":1}"# }.joined(separator: ",")
            let body = Array(#"{"lines":[\#(lines)],"email":"buyer\#(number)@example.com"}"#.utf8)
            let request = HTTPRequest(
              method: "POST", url: urls[number % 2] + "/v1/checkout",
              headers: [("Content-Type", "application/json")], body: body)
            group.addTask { try await shop.http.send(request) }
          }
          return try await group.reduce(into: [HTTPResponse]()) { $0.append($1) }
        }
        let sold = answers.count { $0.status == 201 }
        let refused = answers.count { ["SOLD_OUT", "STOCK_CHANGED"].contains($0.code) }
        #expect(sold + refused == 600, "\(answers.first { $0.status != 201 && $0.status != 409 }?.text ?? "")")
        let held = try await shop.sql("SELECT sum(reserved), sum(available + reserved) FROM gkm.listing_stock")
        #expect(held == "\(3 * sold)|600")
        let parts = try await shop.sql(
          "SELECT count(*) FROM (SELECT order_id FROM gkm.reservation GROUP BY 1 HAVING count(*) <> 3) AS part")
        #expect(parts == "0")
      }
    }
  }
}
