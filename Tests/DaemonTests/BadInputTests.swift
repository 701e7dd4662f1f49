import Foundation
import Market
import Outbound
import Testing

@testable import Daemon

@Suite("Bad input to the API")
struct BadInputTests {
  @Test("Whatever is wrong gets a 4xx problem that names the field, and no table changes")
  func changesNothing() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 5)
      let mine = try await shop.opened(listing)
      #expect(try await shop.checkout(listing, key: "used").status == 201)
      let bearer = [("Authorization", "Bearer \(mine.token)")]
      let line = #"{"listing_id":\#(listing)}"#
      func cart(_ lines: String, _ more: String = "") -> String {
        #"{"lines":[\#(lines)],"email":"a@example.com"\#(more)}"#
      }
      let huge = String(repeating: "9", count: 400)
      let posts: [(path: String, body: String, headers: [(String, String)], status: Int, field: String)] = [
        ("checkout", cart(#"{"listing_id":\#(listing),"quantity":-1}"#), [], 422, "/lines/0/quantity"),
        ("checkout", cart(#"{"listing_id":\#(listing),"quantity":1e308}"#), [], 422, "/lines/0/quantity"),
        ("checkout", cart(#"{"listing_id":\#(listing),"quantity":\#(huge)}"#), [], 422, "/lines/0/quantity"),
        ("checkout", cart(#"{"listing_id":\#(listing),"quantity":6}"#), [], 409, "/lines/0/quantity"),
        ("checkout", cart(#"{"listing_id":9223372036854775807}"#), [], 404, "/lines/0/listing_id"),
        ("checkout", cart(#"{"listing_id":9223372036854775808}"#), [], 422, "/lines/0/listing_id"),
        ("checkout", cart(#"{"listing_id":null}"#), [], 422, "/lines/0/listing_id"),
        ("checkout", cart(#"{"listing_id":\#(listing),"price":1}"#), [], 422, "/lines/0/price"),
        ("checkout", cart(line, #","currency":"jpy""#), [], 422, "/lines/0/listing_id"),
        ("checkout", cart(line, #","currency":"€€€""#), [], 422, "/currency"),
        ("checkout", cart(line, #","name":"\u0000""#), [], 422, "/name"),
        ("checkout", cart(line, #","name":"\#(String(repeating: "é", count: 121))""#), [], 422, "/name"),
        ("checkout", cart(line, #","__proto__":{}"#), [], 422, "/__proto__"),
        ("checkout", cart(line), [("Idempotency-Key", "used")], 422, "Idempotency-Key"),
        ("checkout", cart(line), [("Idempotency-Key", "a\tb")], 400, "Idempotency-Key"),
        ("checkout?x=1", cart(line), [], 400, "x"),
        ("portal", #"{"order":""}"#, bearer, 422, "/order"), ("portal", #"{"order":"a b"}"#, bearer, 422, "/order"),
        ("portal", #"{"order":"\#(mine.number)"}"#, bearer, 409, "/order"),
        ("portal", #"{"order":"\#(mine.number)"}"#, [], 401, "Authorization"),
      ]
      let before = try await shop.counts()
      for post in posts {
        let answer = try await shop.postJSON("/v1/\(post.path)", post.body, headers: post.headers)
        #expect(answer.status == post.status, "\(post.path) \(post.body.prefix(200)): \(answer.text)")
        #expect(answer.fields == [post.field], "\(post.path) \(post.body.prefix(200)): \(answer.text)")
        #expect(answer.header("content-type") == "application/problem+json")
      }
      for type in ["", "text/json", "application/json; charset=latin1", "application/jsonx"] {
        let answer = try await shop.post("/v1/checkout", Array(cart(line).utf8), headers: [("Content-Type", type)])
        #expect(answer.status == 415, "\(type)")
      }
      #expect(try await shop.counts() == before)
      #expect(try await shop.stockRow(listing) == "3|2|0")
    }
  }

  @Test("Text that strangers make up is taken as it is or refused, and breaks nothing", arguments: [1, 2])
  func hostileText(seed: UInt64) async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 300)
      var random = Random(state: seed)
      for _ in 0..<150 {
        let name = random.text()
        let value = JSONValue.object([
          .init(name: "lines", value: [["listing_id": .integer(listing.rawValue)]]),
          .init(name: "email", value: "a@b.example"),
          .init(name: "name", value: .string(name)),
        ])
        let answer = try await shop.postJSON("/v1/checkout", String(decoding: value.bytes, as: UTF8.self))
        guard answer.status == 201, let order = answer.json["order"] as? [String: Any], let id = order["id"] as? Int
        else {
          #expect(answer.status == 422 && answer.fields == ["/name"], "\(name.debugDescription): \(answer.text)")
          #expect(!TextRule.plain(120).accepts(name), "\(name.debugDescription)")
          continue
        }
        let stored = try await shop.sql(
          "SELECT encode(convert_to(customer_name, 'UTF8'), 'hex') FROM gkm.orders WHERE id = \(id)")
        #expect(stored == Hex.encode(Array(name.utf8)), "\(name.debugDescription)")
        let search = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let found = try await shop.get("/v1/catalogue?text=\(search)")
        #expect(found.status == 200 || found.status == 400, "\(name.debugDescription): \(found.text)")
      }
    }
  }

  /// Strings of what has broken programs before.
  private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    private static let pieces = [
      "a", "Zoë", "'", "\"", "\\", "%", "_", "--", ";", "$1", "{{x}}", "<b>", "\u{0}", "\u{1B}[2J", "\n", "\u{85}",
      "\u{202E}",
      "\u{200D}", "\u{FEFF}", "\u{FFFD}", "👩‍👩‍👧", "e\u{301}\u{301}\u{301}", "ﷺ", "𝔘", "\u{10FFFF}", "  ", "\u{A0}", "NULL",
      "\u{2028}",
    ]

    mutating func text() -> String {
      let count = Int.random(in: 0...6, using: &self)
      return (0..<count).map { _ in Self.pieces.randomElement(using: &self) ?? "" }.joined()
    }
  }
}

extension Shop {
  /// How many rows each table has.
  func counts() async throws -> String {
    try await sql(
      """
      SELECT c.relname, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM gkm.' || c.relname, false, true, '')))[1]
      FROM pg_class c WHERE c.relnamespace = 'gkm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      ORDER BY 1
      """)
  }
}
