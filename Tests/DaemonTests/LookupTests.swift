import Foundation
import Market
import Outbound
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("Finding orders by address")
struct LookupTests {
  private static let form = [("Content-Type", "application/x-www-form-urlencoded")]
  private static let json = [("Content-Type", "application/json")]

  private func address(_ shop: Shop) async throws -> String {
    try await shop.sql("SELECT customer_email FROM gkm.orders ORDER BY id LIMIT 1")
  }

  private func requestText(in page: String) throws -> String {
    String(try #require(page.firstMatch(of: /name="request" value="([^"]+)"/)).1)
  }

  @Test("A page takes the address, another the code, and the third shows the links")
  func pages() async throws {
    try await Shop.open { shop in
      let order = try await shop.paidOrder(keys: 1)
      let email = try await address(shop)
      let ask = try await shop.get("/lookup", headers: [("Accept-Language", "es-MX")])
      #expect(
        ask.status == 200 && ask.text.contains("<html lang=\"es\">") && ask.text.contains("<label for=\"email\">"))
      let sent = try await shop.post(
        "/lookup", Array("email=\(email.replacing("@", with: "%40"))".utf8), headers: Self.form)
      #expect(sent.status == 200)
      let request = try #require(AddressCodeRequest(try requestText(in: sent.text)))
      let wrong = try await shop.post(
        "/lookup/code", Array("request=\(request.text)&code=%3Cscript%3E".utf8), headers: Self.form)
      #expect(wrong.status == 403 && wrong.text.contains("role=\"alert\"") && !wrong.text.contains("<script"))
      let found = try await shop.post(
        "/lookup/code", Array("request=\(request.text)&code=\(shop.vault.code(of: request))".utf8), headers: Self.form)
      #expect(found.status == 200)
      #expect(found.text.contains(">\(order.number)</a>") && found.text.contains("https://shop.example\(order.path)"))
      for page in [ask, sent, wrong, found] {
        #expect(page.header("cache-control") == "no-store, private")
        #expect(page.header("content-security-policy")?.contains("default-src 'none'") == true)
      }
      #expect(try await shop.post("/lookup", Array("email=nobody".utf8), headers: Self.form).status == 422)
      #expect(try await shop.get("/o/nothing").text.contains("href=\"/lookup\""))
    }
  }

  @Test("A form that is too large gets a page that the document names, and its rest is not read")
  func tooLarge() async throws {
    try await Shop.open { shop in
      for (path, endpoint) in [("/lookup", Endpoint.lookup), ("/lookup/code", Endpoint.lookupCode)] {
        let answer = try await shop.post(path, [UInt8](repeating: 0x61, count: 5_000), headers: Self.form)
        #expect(answer.status == 413 && answer.header("connection") == "close")
        #expect(answer.header("content-type")?.hasPrefix("text/html") == true)
        let declared = try #require(endpoint.answers.first { $0.status == 413 })
        guard case .other("text/html") = declared.content else {
          Issue.record("\(path) is not declared to answer a page")
          continue
        }
      }
    }
  }

  @Test("Nothing tells an address that bought here from one that did not")
  func enumeration() async throws {
    try await Shop.open { shop in
      _ = try await shop.paidOrder(keys: 1)
      let known = try await address(shop)
      var answers: [String: [HTTPResponse]] = [:]
      for email in [known, "nobody@example.org"] {
        for _ in 0..<3 {
          let page = try await shop.post("/lookup", Array("email=\(email)".utf8), headers: Self.form)
          let api = try await shop.post(
            "/v1/lookups", Array(#"{"email":"\#(email)"}"#.utf8), headers: Self.json)
          answers[email, default: []] += [page, api]
        }
      }
      func shape(_ answers: [HTTPResponse]?) throws -> [String] {
        (answers ?? []).map { answer in
          let text = answer.text.replacing(/[A-Za-z0-9_-]{32}/, with: "REQUEST")
          let fields = answer.headers.map { $0.0.lowercased() }.sorted().joined(separator: ",")
          return "\(answer.status) \(fields) \(text)"
        }
      }
      #expect(try shape(answers[known]) == shape(answers["nobody@example.org"]))
      #expect(answers[known]?.map(\.status) == Array(repeating: [200, 202], count: 3).flatMap { $0 })
      #expect(try await shop.count("notice", where: "template = 'address_code'") == 3)
    }
  }

  @Test("The API answers the orders of the address that the code proves, and refuses every other code alike")
  func api() async throws {
    try await Shop.open { shop in
      let order = try await shop.paidOrder(keys: 1)
      let email = try await address(shop)
      let asked = try await shop.post("/v1/lookups", Array(#"{"email":"\#(email)"}"#.utf8), headers: Self.json)
      let text = try #require(asked.json["request"] as? String)
      let request = try #require(AddressCodeRequest(text))
      func prove(_ request: String, _ code: String) async throws -> HTTPResponse {
        try await shop.post(
          "/v1/lookups/code", Array(#"{"request":"\#(request)","code":"\#(code)"}"#.utf8), headers: Self.json)
      }
      for (request, code) in [(text, "1111-1111"), ("nonsense", "1111-1111"), (String(text.reversed()), "0")] {
        let refused = try await prove(request, code)
        #expect(refused.status == 403 && refused.code == "CODE_REFUSED")
      }
      let proven = try await prove(text, shop.vault.code(of: request))
      let orders = try #require(proven.json["orders"] as? [[String: Any]])
      #expect(orders.map { $0["number"] as? String } == [order.number])
      #expect(orders.first?["page"] as? String == "https://shop.example\(order.path)")
    }
  }
}
