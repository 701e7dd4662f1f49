import Foundation
import Market
import Outbound
import TestSupport
import Testing

@testable import Daemon

@Suite("The API's document")
struct OpenAPITests {
  @Test("What is served is in the document and in the policy, and the other way round")
  func complete() async throws {
    try await Shop.open { shop in
      let document = try await shop.get("/v1/openapi.json")
      #expect(document.status == 200)
      let paths = try #require(document.json["paths"] as? [String: [String: Any]])
      let documented = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
      let ruled = Set(Policy.endpoints.filter { $0 != .metrics }.map(\.description))
      #expect(documented == ruled)
      // Each answers, and none with a 404 of the router's own or a 405.
      for rule in Policy.endpoints where rule != .metrics {
        let path = rule.path.replacing(/\{[a-z]+\}/, with: "1")
        let url = "http://127.0.0.1:\(shop.port)\(path)"
        let answer = try await shop.http.send(HTTPRequest(method: rule.method, url: url))
        #expect(answer.status != 405, "\(rule)")
        let other = try await shop.http.send(HTTPRequest(method: "DELETE", url: url))
        #expect(other.status == 405, "\(rule)")
        #expect(other.header("allow")?.contains(rule.method) == true, "\(rule)")
        #expect(other.header("content-type") == "application/problem+json")
      }
    }
  }

  @Test("Whoever shows an order's token may do with it what a customer may, and nothing else")
  func callers() {
    for rule in Policy.endpoints {
      switch rule.caller {
      case .orderHolder(let capability):
        #expect(capability.grant(to: Actor.customer) == .own, "\(rule)")
        #expect(rule.resource == .order, "\(rule)")
      case .stripe: #expect(rule.resource == .event, "\(rule)")
      case .monitor: #expect(rule == .metrics)
      case .anyone: #expect([.service, .catalogue, .newOrder, .address].contains(rule.resource), "\(rule)")
      }
    }
    #expect(Set(Policy.endpoints.map(\.description)).count == Policy.endpoints.count)
  }

  @Test("The examples fit the schemas that requests are judged by")
  func examples() {
    let table = [Endpoint.checkout, .portal, .catalogue, .listing, .order, .health, .readiness]
    for endpoint in table {
      for content in [endpoint.body] + endpoint.answers.map(\.content) {
        guard case .json(let schema, let example) = content else { continue }
        #expect(schema.problems(with: example) == [], "\(endpoint.id)")
      }
    }
    #expect(Problem.schema.problems(with: Problem.example) == [])
  }

  @Test("What is really answered fits the document")
  func answers() async throws {
    try await Shop.open { shop in
      let listing = try await shop.listing(keys: 5)
      let mine = try await shop.opened(listing)
      let gets: [(Endpoint, HTTPResponse)] = [
        (.catalogue, try await shop.get("/v1/catalogue?limit=1")),
        (.listing, try await shop.get("/v1/listings/\(listing)")),
        (.order, try await shop.order(mine.number, token: mine.token)), (.checkout, try await shop.checkout(listing)),
        (.health, try await shop.get("/healthz")), (.readiness, try await shop.get("/readyz")),
      ]
      for (endpoint, answer) in gets {
        let declared = try #require(endpoint.answers.first { $0.status == answer.status }, "\(endpoint.id)")
        guard case .json(let schema, _) = declared.content else { continue }
        #expect(schema.problems(with: try JSONValue.parse(answer.body)) == [], "\(endpoint.id): \(answer.text)")
      }
      let refusals = [
        try await shop.get("/v1/catalogue?limit=x"), try await shop.get("/nothing"),
        try await shop.get("/v1/listings/0"),
        try await shop.checkout(listing, quantity: 10), try await shop.postJSON("/v1/checkout", "{"),
        try await shop.post("/v1/checkout", Array("{}".utf8), headers: [("Content-Type", "text/plain")]),
        try await shop.postJSON("/v1/checkout", String(repeating: " ", count: 20_000)),
        try await shop.get("/v1/orders/1"), try await shop.order("1", token: "x"),
      ]
      #expect(refusals.map(\.status) == [400, 404, 400, 409, 400, 415, 413, 401, 404])
      for answer in refusals {
        #expect(answer.header("content-type") == "application/problem+json")
        let problems = Problem.schema.problems(with: try JSONValue.parse(answer.body))
        #expect(problems == [], "\(answer.text)")
        for (name, value) in [
          ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"),
          ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"), ("cache-control", "no-store"),
          ("strict-transport-security", "max-age=31536000"),
        ] {
          #expect(answer.header(name) == value, "\(name)")
        }
      }
    }
  }

  @Test("Readiness that warns of the market's mode fits the document too")
  func warning() async throws {
    try await Shop.open(parts: [.intake]) { shop in
      try await shop.sql("UPDATE gkm.installation SET livemode = true")
      try await shop.eventually { try await shop.get("/readyz").text.contains("warning") }
      let declared = try #require(Endpoint.readiness.answers.first { $0.status == 200 })
      guard case .json(let schema, _) = declared.content else { return }
      #expect(schema.problems(with: try JSONValue.parse(try await shop.get("/readyz").body)) == [])
    }
  }

  @Test("It is valid OpenAPI 3.1, and its examples fit it, as an independent reader judges")
  func valid() async throws {
    var python = Environment.value("GKM_TEST_PYTHON") ?? ""
    if python.isEmpty {
      python = try await TestRun.script("python", []).split(separator: "\n").last.map(String.init) ?? ""
    }
    let (interpreter, script) = (python, try #require(Bundle.module.path(forResource: "openapi_check", ofType: "py")))
    try await Shop.open { shop in
      let result = try await ChildProcess.run(
        interpreter, [script, "http://127.0.0.1:\(shop.port)/v1/openapi.json"], within: .seconds(60))
      #expect(result.succeeded, "\(result.output)\(result.errors)")
    }
  }
}
