import Foundation
import Market
import Outbound
import Testing

@testable import Daemon

@Suite("An order's own API")
struct OrderApiTests {
  @Test("Who has an order's token sees how it stands, by its number or its id")
  func shows() async throws {
    try await Shop.open { shop in
      let first = try await shop.listing(keys: 5, price: 1_000, title: "Alpha")
      let second = try await shop.listing(keys: 5, price: 250, title: "Beta")
      let opened = try await shop.checkout([(first, 2), (second, 1)])
      let order = try #require(opened.json["order"] as? [String: Any])
      let id = try #require(order["id"] as? Int)
      let number = try #require(order["number"] as? String)
      let token = try #require(order["token"] as? String)
      for reference in ["\(id)", number, number.lowercased(), String(number.dropFirst(3)).replacing("-", with: "")] {
        let answer = try await shop.order(reference, token: token)
        #expect(answer.status == 200, "\(reference): \(answer.text)")
        #expect(answer.json["state"] as? String == "open")
        #expect(answer.json["amount"] as? Int == 2_250)
        #expect((answer.json["lines"] as? [Any])?.count == 2)
        #expect((answer.json["keys"] as? [String: Int]) == ["total": 3, "ready": 0, "delivered": 0])
        #expect(!answer.text.contains("buyer@example.com"))
      }
      try await shop.rest(
        """
        UPDATE gkm.orders SET state = 'partially_refunded', paid_at = now() WHERE id = \(id);
        UPDATE gkm.payment SET refunded = 250, customer = 'cus_1' WHERE order_id = \(id);
        INSERT INTO gkm.refund (id, order_id, amount, currency, status, created_at)
        VALUES ('re_1', \(id), 250, 'eur', 'succeeded', now())
        """)
      let later = try await shop.order(number, token: token)
      #expect(later.json["refunded"] as? Int == 250)
      #expect(((later.json["refunds"] as? [[String: Any]])?.first?["state"] as? String) == "succeeded")
      #expect(!later.text.contains("cus_1"))
      let page = try #require(later.json["page"] as? String)
      #expect(try await shop.get(String(page.dropFirst("https://shop.example".count))).status == 200)
    }
  }

  @Test("A wrong token, another order's and an expired one are answered as an order that is not there")
  func refuses() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 5)
      let mine = try await shop.opened(listing)
      let other = try await shop.opened(listing)
      let before = try await shop.footprint()
      let unknown = try await shop.order("GK-0000-0000-00", token: mine.token)
      #expect(unknown.status == 404)
      let wrong = String(repeating: "A", count: 43)
      for (reference, token) in [
        (mine.number, other.token), (mine.number, wrong), (mine.number, "x"), ("\(mine.id + 1_000)", mine.token),
        ("nonsense", mine.token), (String(Int64.max), mine.token), (String(repeating: "9", count: 40), mine.token),
        (mine.number, mine.token + "A"),
      ] {
        let answer = try await shop.order(reference, token: token)
        #expect(answer.status == 404, "\(reference)")
        #expect(answer.text == unknown.text, "\(reference)")
        let portal = try await shop.portal(reference, token: token)
        #expect(portal.text == unknown.text, "\(reference)")
      }
      for headers in [[], [("Authorization", "Basic \(mine.token)")], [("Authorization", mine.token)]] {
        let answer = try await shop.get("/v1/orders/\(mine.number)", headers: headers)
        #expect(answer.status == 401)
        #expect(answer.header("www-authenticate") == "Bearer")
        #expect(answer.fields == ["Authorization"])
      }
      #expect(try await shop.get("/v1/orders/a%20b").fields == ["order"])
      let hash = shop.vault.token(order: OrderID(mine.id), generation: 2).storedHash
      try await shop.rest(
        "UPDATE gkm.orders SET token_generation = 2, token_hash = '\\x\(Hex.encode(hash))' WHERE id = \(mine.id)")
      #expect(try await shop.order(mine.number, token: mine.token).text == unknown.text)
      #expect(try await shop.footprint() == before)
    }
  }

  @Test("One token cannot be asked with more often than it may, wherever it is asked from")
  func limits() async throws {
    try await Shop.open(settings: "api.token_requests_per_minute = 3") { shop in
      let mine = try await shop.opened(try await shop.listing(keys: 1))
      try await shop.awayFromMinuteEnd()
      var answers: [HTTPResponse] = []
      for _ in 0..<5 { answers.append(try await shop.order(mine.number, token: mine.token)) }
      #expect(answers.map(\.status) == [200, 200, 200, 429, 429])
      #expect(answers[4].code == "TOO_MANY_REQUESTS")
      #expect((1...60).contains(Int(answers[4].header("retry-after") ?? "") ?? 0))
    }
  }

  @Test("The portal opens for who has paid, once under one key")
  func portal() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 5)
      let mine = try await shop.opened(listing)
      let early = try await shop.portal(mine.number, token: mine.token)
      #expect(early.status == 409)
      #expect(early.fields == ["/order"])
      let customer = try await shop.pay(mine.session)
      try await shop.rest("UPDATE gkm.payment SET customer = '\(customer)' WHERE order_id = \(mine.id)")
      let answer = try await shop.portal(mine.number, token: mine.token, key: "one")
      #expect(answer.status == 201, "\(answer.text)")
      #expect((answer.json["url"] as? String)?.hasPrefix("http") == true)
      #expect(try await shop.portal(mine.number, token: mine.token, key: "one").text == answer.text)
      let reused = try await shop.portal("\(mine.id)", token: mine.token, key: "one")
      #expect(reused.code == "IDEMPOTENCY_KEY_REUSED")
      #expect(try await shop.portal(mine.number, token: mine.token, key: "two").status == 201)
      for (body, fields) in [("{}", ["/order"]), (#"{"order":1}"#, ["/order"]), (#"{"order":"x","to":1}"#, ["/to"])] {
        let bad = try await shop.postJSON("/v1/portal", body, headers: [("Authorization", "Bearer \(mine.token)")])
        #expect(bad.status == 422)
        #expect(bad.fields == fields)
      }
    }
  }
}

extension Shop {
  struct Opened {
    let id: Int64
    let number: String
    let token: String
    let session: String
  }

  func opened(_ listing: ListingID) async throws -> Opened {
    let answer = try await checkout(listing)
    guard let order = answer.json["order"] as? [String: Any], let id = order["id"] as? Int,
      let number = order["number"] as? String, let token = order["token"] as? String,
      let session = answer.json["checkout_session"] as? String
    else { throw Failure("no order: \(answer.text)") }
    return Opened(id: Int64(id), number: number, token: token, session: session)
  }

  func order(_ reference: String, token: String) async throws -> HTTPResponse {
    try await get("/v1/orders/\(reference)", headers: [("Authorization", "Bearer \(token)")])
  }

  func portal(_ reference: String, token: String, key: String? = nil) async throws -> HTTPResponse {
    let headers = [("Authorization", "Bearer \(token)")] + (key.map { [("Idempotency-Key", $0)] } ?? [])
    return try await postJSON("/v1/portal", #"{"order":"\#(reference)"}"#, headers: headers)
  }

  /// Pays a session at Stripe's stand-in; answers who the customer is there.
  func pay(_ session: String) async throws -> String {
    _ = try await http.send(HTTPRequest(method: "POST", url: "\(stripeURL)/_sim/sessions/\(session)/pay"))
    let answer = try await http.send(
      HTTPRequest(
        url: "\(stripeURL)/v1/checkout/sessions/\(session)", headers: [("Authorization", "Bearer \(Shop.apiKey)")]))
    guard let customer = answer.json["customer"] as? String else { throw Failure("no customer: \(answer.text)") }
    return customer
  }
}
