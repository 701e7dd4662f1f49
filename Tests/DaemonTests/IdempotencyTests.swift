import Foundation
import Logging
import Market
import Outbound
import Postgres
import Store
import Stripe
import Testing

@testable import Daemon

@Suite("Idempotency-Key")
struct IdempotencyTests {
  @Test("The same key with the same body is one order with one answer, however many come at once")
  func once() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 10)
      let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
        for _ in 0..<12 { group.addTask { try await shop.checkout(listing, quantity: 2, key: "abc") } }
        return try await group.reduce(into: [HTTPResponse]()) { $0.append($1) }
      }
      #expect(answers.map(\.status) == Array(repeating: 201, count: 12))
      #expect(Set(answers.map(\.text)).count == 1)
      #expect(try await shop.checkout(listing, quantity: 2, key: "abc").text == answers[0].text)
      #expect(try await shop.count("orders") == 1)
      #expect(try await shop.stockRow(listing) == "8|2|0")
      let other = try await shop.checkout(listing, quantity: 2, key: "abd")
      #expect(other.text != answers[0].text)
      #expect(try await shop.count("orders") == 2)
    }
  }

  @Test("The same key with another body is refused, names the key and changes nothing")
  func otherBody() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 10)
      #expect(try await shop.checkout(listing, key: "abc").status == 201)
      let before = try await shop.footprint()
      let reused = try await shop.checkout(listing, quantity: 3, key: "abc")
      #expect(reused.status == 422)
      #expect(reused.code == "IDEMPOTENCY_KEY_REUSED")
      #expect(reused.fields == ["Idempotency-Key"])
      for key in ["", "a b", String(repeating: "k", count: 256), "ключ"] {
        let bad = try await shop.checkout(listing, key: key)
        #expect(bad.status == 400, "\(key)")
        #expect(bad.fields == ["Idempotency-Key"], "\(key)")
      }
      #expect(try await shop.footprint() == before)
      try await shop.sql("UPDATE gkm.checkout_idempotency SET expires_at = now()")
      #expect(try await shop.checkout(listing, quantity: 3, key: "abc").status == 201)
    }
  }

  @Test("A refusal is repeated as it was; a new key is judged anew")
  func refusals() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 1)
      let refused = try await shop.checkout(listing, quantity: 2, key: "abc")
      #expect(refused.code == "STOCK_CHANGED")
      let more = try await shop.listing(keys: 5)
      try await shop.rest("UPDATE gkm.listing_stock SET available = 5 WHERE listing_id = \(listing)")
      #expect(try await shop.checkout(listing, quantity: 2, key: "abc").text == refused.text)
      #expect(try await shop.checkout(listing, quantity: 2, key: "abd").status == 201)
      #expect(try await shop.checkout(more, key: "abc").status == 422)
    }
  }

  @Test("Where Stripe made no session the key is free, and the next try is a new order")
  func failed() async throws {
    try await Shop.open(settings: "checkout.stripe_deadline = \"1s\"", knobs: ["api_500_rate": 1]) { shop in
      let listing = try await shop.listing(keys: 1)
      #expect(try await shop.checkout(listing, key: "abc").status == 503)
      #expect(try await shop.count("checkout_idempotency") == 0)
      try await shop.turn("api_500_rate", to: 0)
      #expect(try await shop.checkout(listing, key: "abc").status == 201)
      #expect(try await shop.sql("SELECT state FROM gkm.orders ORDER BY id") == "expired\nopen")
    }
  }

  @Test("Two daemons that are asked at once under one key open one order")
  func twoDaemons() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 40)
      let other = try shop.anotherDesk()
      for round in 0..<6 {
        let key = "round-\(round)"
        let numbers = try await withThrowingTaskGroup(of: String?.self) { group in
          for _ in 0..<4 {
            group.addTask {
              let answer = try await shop.checkout(listing, key: key)
              return (answer.json["order"] as? [String: Any])?["number"] as? String
            }
            group.addTask { try await other.open(try shop.request(listing, key: key)).number }
          }
          return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(numbers.count == 1 && numbers.first != .some(nil))
      }
      #expect(try await shop.count("orders") == 6)
      #expect(try await shop.stockRow(listing) == "34|6|0")
    }
  }

  @Test("A daemon that died between the reservation and the session leaves an order that the next request carries on")
  func crashed() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"100ms\"") { shop in
      let listing = try await shop.listing(keys: 3)
      // As far as the one that died came.
      let died = try await shop.reserve(listing, key: "abc")
      #expect(try await shop.stockRow(listing) == "2|1|0")
      let answer = try await shop.checkout(listing, key: "abc")
      #expect(answer.status == 201, "\(answer.text)")
      #expect((answer.json["order"] as? [String: Any])?["number"] as? String == died.number)
      #expect(try await shop.count("orders") == 1)
      let isHeld = try await shop.sql("SELECT expires_at > now() + interval '20 minutes' FROM gkm.reservation")
      #expect(isHeld == "t")
      let second = try await shop.reserve(listing, key: "left")
      // Nobody comes again in time: the hold ends, the key is free, and the next request is a new order.
      try await shop.rest(
        "UPDATE gkm.reservation SET expires_at = now() - interval '1 second' WHERE order_id = \(second.id)")
      try await shop.eventually { try await shop.stockRow(listing) == "2|1|0" }
      let fresh = try await shop.checkout(listing, key: "left")
      #expect(fresh.status == 201)
      #expect((fresh.json["order"] as? [String: Any])?["number"] as? String != second.number)
      #expect(try await shop.stockRow(listing) == "1|2|0")
    }
  }

  @Test("Where Stripe's answer is lost on the way, asking again finds the same session")
  func lostAnswer() async throws {
    let knobs = ["api_commit_then_timeout_rate": 1.0, "api_hold_ms": 100]
    try await Shop.open(knobs: knobs) { shop in
      let listing = try await shop.listing(keys: 1)
      let answer = try await shop.checkout(listing, key: "abc")
      #expect(answer.status == 201, "\(answer.text)")
      #expect(try await shop.checkout(listing, key: "abc").text == answer.text)
      #expect(try await shop.stockRow(listing) == "0|1|0")
      let sessions = try await shop.http.send(
        HTTPRequest(
          url: "\(shop.stripeURL)/v1/checkout/sessions", headers: [("Authorization", "Bearer \(Shop.apiKey)")]))
      #expect((sessions.json["data"] as? [Any])?.count == 1)
    }
  }

  @Test("Keys whose time is over are forgotten")
  func forgets() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"100ms\"") { shop in
      let listing = try await shop.listing(keys: 2)
      _ = try await shop.checkout(listing, key: "one")
      _ = try await shop.checkout(listing, key: "two")
      try await shop.sql(
        "UPDATE gkm.checkout_idempotency SET expires_at = now() WHERE order_id = (SELECT min(id) FROM gkm.orders)")
      try await shop.eventually { try await shop.count("checkout_idempotency") == 1 }
    }
  }
}

extension Shop {
  func checkout(_ listing: ListingID, quantity: Int = 1, key: String) async throws -> HTTPResponse {
    try await postJSON("/v1/checkout", Self.body(listing, quantity), headers: [("Idempotency-Key", key)])
  }

  private static func body(_ listing: ListingID, _ quantity: Int = 1) -> String {
    #"{"lines":[{"listing_id":\#(listing),"quantity":\#(quantity)}],"email":"buyer@example.com"}"#
  }

  /// The same request as `checkout` sends, for a desk without a server before it.
  func request(_ listing: ListingID, key: String) throws -> CheckoutRequest {
    let body = Array(Self.body(listing).utf8)
    var request = try CheckoutRequest.parse(body)
    request.wish.claim = IdempotencyClaim(path: "/v1/checkout", key: key, body: body, keptFor: .seconds(3_600))
    return request
  }

  private var checkoutSettings: CheckoutSettings {
    get throws {
      try Shop.configuration(market: market, redis: redis, stripeURL: stripeURL).checkout
    }
  }

  /// What another daemon would open orders with.
  func anotherDesk() throws -> CheckoutDesk {
    let logger = Logger(label: "another") { _ in SwiftLogNoOpLogHandler() }
    return CheckoutDesk(
      settings: try checkoutSettings, pool: pool, vault: vault,
      stripe: StripeClient(StripeConfiguration(apiBase: stripeURL, apiKey: Shop.apiKey), over: http),
      ticks: LiveTicks(nil),
      catalogue: CatalogueCache(
        redis: nil, installation: InstallationWatch(pool: pool, logger: logger), ttl: .zero),
      telemetry: Telemetry(factory: registry), logger: logger)
  }

  /// The first half of a checkout, after which a daemon may die.
  func reserve(_ listing: ListingID, key: String) async throws -> OpenedOrder {
    let reserver = Reserver(vault: vault, times: try checkoutSettings.reservationTimes)
    let wish = try request(listing, key: key).wish
    let outcomes = try await pool.write { try reserver.reserve($0, for: [wish]) }
    guard case .opened(let order) = outcomes.first else { throw Failure("not reserved: \(outcomes)") }
    return order
  }

  /// Changes what Stripe's stand-in does wrong.
  func turn(_ knob: String, to value: Double) async throws {
    let answer = try await http.send(
      HTTPRequest(
        method: "POST", url: "\(stripeURL)/_sim/knobs",
        headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array("\(knob)=\(value)".utf8)))
    guard answer.status == 200 else { throw Failure("\(knob): \(answer.text)") }
  }
}
