import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("Checkout")
struct CheckoutTests {
  @Test("An order is opened: stock held, a page to pay on, everything noted and audited")
  func opens() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 5, price: 1_999)
      let answer = try await shop.checkout(listing, quantity: 2, more: #","name":"Zoë","locale":"es""#)
      #expect(answer.status == 201, "\(answer.text)")
      let order = try #require(answer.json["order"] as? [String: Any])
      let id = try #require(order["id"] as? Int)
      let number = try #require(order["number"] as? String)
      #expect(OrderNumber(number)?.text == number)
      #expect(order["amount"] as? Int == 3_998)
      #expect(order["currency"] as? String == "eur")
      #expect(order["state"] as? String == "open")
      let session = try #require(answer.json["checkout_session"] as? String)
      #expect((answer.json["url"] as? String)?.hasPrefix(shop.stripeURL) == true)

      let row = try await shop.sql(
        "SELECT state, checkout_session, customer_name, locale, units_total FROM gkm.orders WHERE id = \(id)")
      #expect(row == "open|\(session)|Zoë|es|2")
      #expect(try await shop.stockRow(listing) == "3|2|0")
      let line = try await shop.sql(
        "SELECT quantity, unit_price, commission_bps, commission FROM gkm.order_line WHERE order_id = \(id)")
      #expect(line == "2|1999|1000|400")
      let masked = try await shop.sql("SELECT customer_masked, amount FROM gkm.vendor_order WHERE order_id = \(id)")
      #expect(masked == "b•••@e•••.com|3998")
      let reservation = try await shop.sql(
        "SELECT state, quantity, expires_at > now() + interval '31 minutes' FROM gkm.reservation WHERE order_id = \(id)"
      )
      #expect(reservation == "held|2|t")
      let actions = try await shop.sql("SELECT action FROM gkm.audit_event WHERE order_id = \(id) ORDER BY id")
      #expect(actions == "checkout.created\nstock.reserved\ncheckout.session.created")
      let token = shop.vault.token(order: OrderID(Int64(id)), generation: 1)
      let hash = try await shop.sql("SELECT encode(token_hash, 'hex') FROM gkm.orders WHERE id = \(id)")
      #expect(hash == Hex.encode(token.storedHash))
    }
  }

  @Test("A request that is wrong is refused field by field, and changes nothing")
  func validates() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 3)
      let before = try await shop.footprint()
      let line = #""lines":[{"listing_id":\#(listing)}]"#
      let good = #"\#(line),"email":"buyer@example.com""#
      let email = #""email":"buyer@example.com""#
      func lines(_ text: String) -> String { #"{"lines":[\#(text)],\#(email)}"# }
      func quantity(_ text: String) -> String { lines(#"{"listing_id":\#(listing),"quantity":\#(text)}"#) }
      let bodies: [(String, Int, String, [String])] = [
        ("not json", 400, "MALFORMED", []), ("", 400, "MALFORMED", []), ("{", 400, "MALFORMED", []),
        (#"{\#(good),\#(email)}"#, 400, "MALFORMED", []), ("[]", 422, "INVALID", [""]),
        ("{}", 422, "INVALID", ["/email", "/lines"]), (#"{\#(good),"lines/~":1}"#, 422, "INVALID", ["/lines~1~0"]),
        (lines(""), 422, "INVALID", ["/lines"]), (lines("{}"), 422, "INVALID", ["/lines/0/listing_id"]),
        (lines(Array(repeating: "{}", count: 21).joined(separator: ",")), 422, "INVALID", ["/lines"]),
        (lines(#"{"listing_id":\#(listing)},{"listing_id":\#(listing)}"#), 422, "INVALID", ["/lines/1/listing_id"]),
        (lines(#"{"listing_id":-1}"#), 422, "INVALID", ["/lines/0/listing_id"]),
        (lines(#"{"listing_id":99999999999999999999}"#), 422, "INVALID", ["/lines/0/listing_id"]),
        (quantity("0"), 422, "INVALID", ["/lines/0/quantity"]), (quantity("-1"), 422, "INVALID", ["/lines/0/quantity"]),
        (quantity(#""2""#), 422, "INVALID", ["/lines/0/quantity"]),
        (quantity("1.5"), 422, "INVALID", ["/lines/0/quantity"]),
        (quantity("1e400"), 422, "INVALID", ["/lines/0/quantity"]),
        (quantity("9223372036854775808"), 422, "INVALID", ["/lines/0/quantity"]),
        (quantity("101"), 422, "INVALID", ["/lines/0/quantity"]),
        (quantity("11"), 422, "INVALID", ["/lines/0/quantity"]),
        (#"{\#(good),"name":"a\u202Eb"}"#, 422, "INVALID", ["/name"]),
        (#"{\#(good),"name":"a\nb"}"#, 422, "INVALID", ["/name"]),
        (#"{\#(good),"name":" "}"#, 422, "INVALID", ["/name"]),
        (#"{\#(good),"locale":"klingon"}"#, 422, "INVALID", ["/locale"]),
        (#"{\#(good),"currency":"EUR"}"#, 422, "INVALID", ["/currency"]),
        (#"{\#(good),"currency":"usd"}"#, 422, "INVALID", ["/lines/0/listing_id"]),
        (#"{\#(good),"price":1}"#, 422, "INVALID", ["/price"]),
        (#"{\#(line),"email":"nobody"}"#, 422, "INVALID", ["/email"]),
        (#"{\#(line),"email":"a@b"}"#, 422, "INVALID", ["/email"]),
        (#"{\#(line),"email":"a@b..c"}"#, 422, "INVALID", ["/email"]),
        (#"{\#(line),"email":"a\r\nBcc: x@y.z"}"#, 422, "INVALID", ["/email"]),
        (lines(#"{"listing_id":999999999}"#), 404, "UNKNOWN_LISTING", ["/lines/0/listing_id"]),
        (
          lines(#"{"listing_id":\#(listing)},{"listing_id":999999999}"#), 404, "UNKNOWN_LISTING",
          ["/lines/1/listing_id"]
        ),
      ]
      for (body, status, code, fields) in bodies {
        let answer = try await shop.postJSON("/v1/checkout", body)
        #expect(answer.status == status, "\(body): \(answer.text)")
        #expect(answer.code == code, "\(body)")
        let named = (answer.json["errors"] as? [[String: Any]])?.compactMap { $0["field"] as? String } ?? []
        #expect(named.sorted() == fields, "\(body)")
        #expect(answer.header("content-type") == "application/problem+json")
      }
      #expect(try await shop.footprint() == before)
      #expect(try await shop.stockRow(listing) == "3|0|0")
    }
  }

  @Test("Many buyers for few keys: exactly the keys are sold, and everybody else is told so")
  func rush() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 20)
      let answers = try await shop.checkouts(listing, buyers: 200)
      let sold = answers.count { $0.status == 201 }
      #expect(sold == 20)
      var refusals: [String: Int] = [:]
      for answer in answers where answer.status == 409 && answer.text.contains("You have not been charged.") {
        refusals[answer.code ?? "none", default: 0] += 1
      }
      let busy = refusals.keys.filter { $0 != "SOLD_OUT" && $0 != "STOCK_CHANGED" }
      #expect(busy == [])
      #expect(refusals.values.reduce(0, +) == 180)
      #expect(try await shop.stockRow(listing) == "0|20|0")
      #expect(try await shop.count("orders") == 20)
      #expect(try await shop.count("reservation", where: "state = 'held'") == 20)
      let late = try await shop.checkout(listing)
      #expect(late.code == "SOLD_OUT")
    }
  }

  @Test("Who wants more than is left is told how many there are")
  func tooFew() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 2, title: "Moon Harbour")
      let answer = try await shop.checkout(listing, quantity: 3)
      #expect(answer.status == 409)
      #expect(answer.code == "STOCK_CHANGED")
      #expect(answer.json["left"] as? Int == 2)
      #expect(
        (answer.json["detail"] as? String)
          == "The stock of Moon Harbour changed while you were checking out; 2 left. You have not been charged.")
    }
  }

  @Test("Two daemons that sell the same listing sell each key once and refuse nobody falsely")
  func twoDaemons() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 60)
      let other = ReservationGate(
        settings: try Shop.configuration(
          market: shop.market, redis: shop.redis, stripeURL: shop.stripeURL
        ).checkout,
        reserver: Reserver(
          vault: shop.vault, times: .init(opening: .seconds(70), payable: .seconds(1_860), grace: .seconds(60))),
        pool: shop.pool, telemetry: Telemetry(factory: shop.registry))
      let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<100 {
          group.addTask {
            if number % 2 == 0 { return try await shop.checkout(listing).status == 201 }
            let wish = ReservationWish([CartLine(listing)], email: "buyer\(number)@example.com")
            if case .opened = try await other.reserve(wish) { return true }
            return false
          }
        }
        return try await group.reduce(into: [Bool]()) { $0.append($1) }
      }
      let sold = outcomes.count { $0 }
      #expect(sold == 60)
      #expect(try await shop.stockRow(listing) == "0|60|0")
      let versions = try await shop.sql(
        "SELECT max(stock_version) < (SELECT version + 1 FROM gkm.listing_stock) FROM gkm.reservation")
      #expect(versions == "t")
    }
  }

  @Test("Where Stripe makes no session the stock is free again, and the order says why")
  func stripeRefuses() async throws {
    try await Shop.open(settings: "checkout.stripe_deadline = \"1s\"", knobs: ["api_500_rate": 1]) { shop in
      let listing = try await shop.listing(keys: 1)
      let answer = try await shop.checkout(listing)
      #expect(answer.status == 503)
      #expect(answer.code == "PAYMENT_UNAVAILABLE")
      #expect(try await shop.stockRow(listing) == "1|0|0")
      #expect(try await shop.sql("SELECT state FROM gkm.orders") == "expired")
      #expect(try await shop.sql("SELECT state FROM gkm.reservation") == "released")
      #expect(try await shop.count("audit_event", where: "action IN ('checkout.refused', 'stock.released')") == 2)
    }
  }

  @Test("A reservation that nobody paid ends with its session closed at Stripe and its stock free")
  func expires() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"100ms\"") { shop in
      let listing = try await shop.listing(keys: 1)
      let answer = try await shop.checkout(listing)
      #expect(answer.status == 201, "\(answer.text)")
      #expect(try await shop.checkout(listing).code == "SOLD_OUT")
      try await shop.passReservationTime()
      try await shop.eventually { try await shop.stockRow(listing) == "1|0|0" }
      #expect(try await shop.sql("SELECT state FROM gkm.orders") == "expired")
      let session = try #require(answer.json["checkout_session"] as? String)
      #expect(try await shop.sessionAtStripe(session) == "expired")
      let actions = try await shop.sql("SELECT action FROM gkm.audit_event ORDER BY id DESC LIMIT 2")
      #expect(actions == "stock.released\ncheckout.expired")
      #expect(try await shop.checkout(listing).status == 201)
    }
  }

  @Test("Stock stays held for a session that was paid in the last moment")
  func paidInTime() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"100ms\"") { shop in
      let listing = try await shop.listing(keys: 1)
      let session = try #require(try await shop.checkout(listing).json["checkout_session"] as? String)
      let paid = try await shop.http.send(
        HTTPRequest(method: "POST", url: "\(shop.stripeURL)/_sim/sessions/\(session)/pay"))
      #expect(paid.status == 200, "\(paid.text)")
      try await shop.passReservationTime()
      try await Task.sleep(for: .seconds(1))
      #expect(try await shop.stockRow(listing) == "0|1|0")
      #expect(try await shop.sql("SELECT state FROM gkm.reservation") == "held")
    }
  }

  @Test("What a daemon that died in mid-checkout left held is free after the short hold")
  func crashedInBetween() async throws {
    try await Shop.open(settings: "checkout.sweep_interval = \"100ms\"") { shop in
      let listing = try await shop.listing(keys: 2)
      let settings = try Shop.configuration(
        market: shop.market, redis: shop.redis, stripeURL: shop.stripeURL
      ).checkout
      let reserver = Reserver(vault: shop.vault, times: settings.reservationTimes)
      let wish = ReservationWish([CartLine(listing, quantity: 2)], email: "buyer@example.com")
      _ = try await shop.pool.write { try reserver.reserve($0, for: [wish]) }
      #expect(try await shop.stockRow(listing) == "0|2|0")
      let short = try await shop.sql("SELECT expires_at < now() + interval '3 minutes' FROM gkm.reservation")
      #expect(short == "t")
      try await shop.passReservationTime()
      try await shop.eventually { try await shop.stockRow(listing) == "2|0|0" }
    }
  }

  @Test("A client that asks too often is slowed down, whoever it says it is for")
  func limits() async throws {
    let settings = """
      checkout.requests_per_minute = 2
      http.trusted_proxies = ["127.0.0.0/8"]
      """
    try await Shop.open(settings: settings, with: try await PrivateRedis.start()) { shop in
      let listing = try await shop.listing(keys: 50)
      try await shop.awayFromMinuteEnd()
      var statuses: [Int] = []
      for spoofed in 1...4 {
        let headers = [("X-Forwarded-For", "198.51.100.\(spoofed), 203.0.113.9")]
        statuses.append(try await shop.checkout(listing, headers: headers).status)
      }
      #expect(statuses == [201, 201, 429, 429])
      let other = try await shop.checkout(listing, headers: [("X-Forwarded-For", "203.0.113.10")])
      #expect(other.status == 201)
    }
  }
}

extension Shop {
  func checkout(
    _ listing: ListingID, quantity: Int? = nil, email: String = "buyer@example.com", more: String = "",
    headers: [(String, String)] = []
  ) async throws -> HTTPResponse {
    try await checkout([(listing, quantity)], email: email, more: more, headers: headers)
  }

  /// A cart; a line without a quantity is sent without one.
  func checkout(
    _ lines: [(listing: ListingID, quantity: Int?)], email: String = "buyer@example.com", more: String = "",
    headers: [(String, String)] = []
  ) async throws -> HTTPResponse {
    let lines = lines.map { line in
      #"{"listing_id":\#(line.listing)\#(line.quantity.map { #","quantity":\#($0)"# } ?? "")}"#
    }
    let body = #"{"lines":[\#(lines.joined(separator: ","))],"email":"\#(email)"\#(more)}"#
    return try await postJSON("/v1/checkout", body, headers: headers)
  }

  func postJSON(_ path: String, _ body: String, headers: [(String, String)] = []) async throws -> HTTPResponse {
    try await post(path, Array(body.utf8), headers: [("Content-Type", "application/json")] + headers)
  }

  func checkouts(_ listing: ListingID, buyers: Int) async throws -> [HTTPResponse] {
    try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
      for number in 0..<buyers {
        group.addTask { try await checkout(listing, email: "buyer\(number)@example.com") }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// As if everybody's time to pay had run out.
  func passReservationTime() async throws {
    try await rest("UPDATE gkm.reservation SET expires_at = now() - interval '1 second'")
  }

  /// The state of a Checkout Session, as Stripe knows it.
  func sessionAtStripe(_ session: String) async throws -> String? {
    let answer = try await http.send(
      HTTPRequest(
        url: "\(stripeURL)/v1/checkout/sessions/\(session)", headers: [("Authorization", "Bearer \(Shop.apiKey)")]))
    return answer.json["status"] as? String
  }

  /// `available|reserved|sold`
  func stockRow(_ listing: ListingID) async throws -> String {
    try await sql("SELECT available, reserved, sold FROM gkm.listing_stock WHERE listing_id = \(listing)")
  }
}
