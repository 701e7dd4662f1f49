import Foundation
import Market
import Outbound
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("The order page")
struct OrderPageTests {
  @Test("Opening the link shows the order and a button, and no key; only the button shows it, on record")
  func revealsByPostAlone() async throws {
    try await Shop.open { shop in
      let order = try await shop.paidOrder(keys: 2)
      for _ in 0..<3 {
        let page = try await shop.get(order.path)
        #expect(page.status == 200)
        #expect(page.text.contains("Show my keys"))
        #expect(page.text.contains(order.number))
        #expect(!page.text.contains("KEY-"))
      }
      // What a scanner or a preview might try.
      #expect(try await shop.get(order.path + "/reveal").status == 405)
      let head = try await shop.http.send(
        HTTPRequest(method: "HEAD", url: "http://127.0.0.1:\(shop.port)\(order.path)"))
      #expect(head.status == 200)
      #expect(head.body == [])
      #expect(try await shop.count("reveal") == 0)

      let shown = try await shop.post(order.path + "/reveal", headers: [("User-Agent", "Browser/1.0")])
      #expect(shown.status == 200)
      for key in order.keys { #expect(shown.text.contains(">\(key)</code>")) }
      #expect(!shown.text.contains("<button"))
      let rows = try await shop.sql("SELECT channel, address, agent, revealed_by IS NULL FROM gkm.reveal")
      #expect(rows.split(separator: "\n").allSatisfy { $0.hasPrefix("page|127.0.0.1|Browser/1.0") })
      #expect(rows.split(separator: "\n").count == 2)
      let audited = try await shop.sql(
        "SELECT DISTINCT action, subject_kind, order_id FROM gkm.audit_event WHERE action = 'key.revealed'")
      #expect(audited == "key.revealed|order_unit|\(order.id)")
    }
  }

  @Test("No page may be kept, framed, scripted or told to another site")
  func headers() async throws {
    try await Shop.open(parts: [.pages, .checkout]) { shop in
      let order = try await shop.paidOrder(keys: 1)
      for page in [
        try await shop.get(order.path), try await shop.post(order.path + "/reveal"), try await shop.get("/o/nothing"),
        try await shop.get("/thanks"),
      ] {
        #expect(page.header("cache-control") == "no-store, private")
        #expect(page.header("referrer-policy") == "no-referrer")
        #expect(page.header("x-content-type-options") == "nosniff")
        #expect(page.header("x-frame-options") == "DENY")
        let policy = try #require(page.header("content-security-policy"))
        #expect(policy.contains("default-src 'none'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
        #expect(!page.text.contains("<script"))
        #expect(!page.text.contains("style="))
        #expect(page.header("content-type") == "text/html; charset=utf-8")
      }
      let style = try #require(try await shop.get(order.path).text.firstMatch(of: /href="(\/assets\/[0-9a-f]+\.css)"/))
      let sheet = try await shop.get(String(style.1))
      #expect(sheet.status == 200)
      #expect(sheet.header("content-type") == "text/css; charset=utf-8")
      #expect(sheet.header("cache-control")?.contains("immutable") == true)
    }
  }

  @Test(
    "Nothing is shown of an order that is held, disputed, refunded or not paid",
    arguments: ["open", "awaiting_async", "held", "disputed", "refunded", "charged_back", "expired", "payment_failed"])
  func refuses(state: String) async throws {
    try await Shop.open { shop in
      let order = try await shop.paidOrder(keys: 1)
      try await shop.rest("UPDATE gkm.orders SET state = '\(state)' WHERE id = \(order.id)")
      let page = try await shop.get(order.path)
      #expect(page.status == 200)
      #expect(!page.text.contains("<button"))
      let answer = try await shop.post(order.path + "/reveal")
      #expect(answer.status == 409)
      #expect(!answer.text.contains("KEY-"))
      #expect(try await shop.count("reveal") == 0)
    }
  }

  @Test("Unknown, cut and malformed links get one and the same answer")
  func unknown() async throws {
    try await Shop.open { shop in
      let order = try await shop.paidOrder(keys: 1)
      let stranger = shop.vault.token(order: OrderID(424_242), generation: 1).text
      let outdated = shop.vault.token(order: order.id, generation: 2).text
      var answers: Set<String> = []
      for token in [stranger, outdated, String(order.path.dropFirst(3).dropLast()), "x", "%00", "a'b", "..%2f"] {
        for answer in [try await shop.get("/o/\(token)"), try await shop.post("/o/\(token)/reveal")] {
          #expect(answer.status == 404, "\(token)")
          answers.insert(answer.text)
        }
      }
      #expect(answers.count == 1)
      #expect(answers.first?.contains("There is no such page") == true)
    }
  }

  @Test("The page speaks the order's language, and escapes what it shows")
  func words() async throws {
    try await Shop.open { shop in
      let order = try await shop.paidOrder(keys: 1, title: "<b>Ñandú & Sons</b>")
      #expect(try await shop.get(order.path).text.contains("Your order is ready"))
      try await shop.rest("UPDATE gkm.orders SET locale = 'es-MX' WHERE id = \(order.id)")
      let page = try await shop.get(order.path)
      #expect(page.text.contains("<html lang=\"es\">"))
      #expect(page.text.contains("Mostrar mi clave"))
      #expect(page.text.contains("&lt;b&gt;Ñandú &amp; Sons&lt;/b&gt;"))
      #expect(!page.text.contains("<b>"))
      let thanks = try await shop.get("/thanks", headers: [("Accept-Language", "es-ES,es;q=0.9,en;q=0.8")])
      #expect(thanks.text.contains("¡Gracias!"))
    }
  }

  @Test("Reveals of one order are limited, also without Redis")
  func limits() async throws {
    let redis = try await PrivateRedis.start()
    try await Shop.open(settings: "page.reveals_per_minute = 3", with: redis) { shop in
      let order = try await shop.paidOrder(keys: 1)
      try await shop.awayFromMinuteEnd()
      var statuses: [Int] = []
      for _ in 0..<2 { statuses.append(try await shop.post(order.path + "/reveal").status) }
      try redis.kill()
      for _ in 0..<3 { statuses.append(try await shop.post(order.path + "/reveal").status) }
      #expect(statuses == [200, 200, 200, 429, 429])
      #expect(try await shop.count("reveal") == 3)
    }
  }

  @Test("Who looked is known behind a trusted proxy, and cannot be made up before another")
  func address() async throws {
    for (settings, expected) in [("http.trusted_proxies = [\"127.0.0.1\"]", "203.0.113.9"), ("", "127.0.0.1")] {
      try await Shop.open(settings: settings) { shop in
        let order = try await shop.paidOrder(keys: 1)
        let answer = try await shop.post(
          order.path + "/reveal", headers: [("X-Forwarded-For", "198.51.100.7, 203.0.113.9")])
        #expect(answer.status == 200)
        let address = try await shop.sql("SELECT address FROM gkm.reveal")
        #expect(address == expected)
      }
    }
  }
}

extension Shop {
  struct PaidOrder: Sendable {
    let id: OrderID
    let number: String
    let path: String
    let keys: [String]
  }

  /// An order with its keys assigned, as the workers would leave it.
  func paidOrder(keys: Int, title: String = "Stellar Drift") async throws -> PaidOrder {
    let listing = try await listing(keys: keys, title: title)
    let answer = try await checkout(listing, quantity: keys)
    guard let order = answer.json["order"] as? [String: Any], let id = order["id"] as? Int,
      let number = order["number"] as? String
    else { throw Failure("no order: \(answer.text)") }
    try await rest(
      """
      INSERT INTO gkm.assignment (stock_unit_id, order_unit_id, order_id, vendor_id)
        SELECT s.id, u.id, u.order_id, u.vendor_id
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM gkm.order_unit WHERE order_id = \(id)) o
        JOIN gkm.order_unit u USING (id)
        JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM gkm.stock_unit WHERE listing_id = \(listing)) s
          ON s.n = o.n;
      UPDATE gkm.stock_unit SET state = 'assigned' WHERE listing_id = \(listing);
      UPDATE gkm.orders SET state = 'delivered', paid_at = now() WHERE id = \(id);
      """)
    let orderID = OrderID(Int64(id))
    return PaidOrder(
      id: orderID, number: number, path: "/o/" + vault.token(order: orderID, generation: 1).text,
      keys: (1...keys).map { "KEY-\(listing)-\($0)" })
  }

  /// Changes rows while triggers rest, as in a restore.
  func rest(_ statements: String) async throws {
    try await sql("BEGIN; SET LOCAL session_replication_role = replica; \(statements); COMMIT;")
  }

  /// Windows of a minute must not change in mid-test.
  func awayFromMinuteEnd() async throws {
    let second = Int(Date().timeIntervalSince1970) % 60
    if second > 50 { try await Task.sleep(for: .seconds(61 - second)) }
  }
}
