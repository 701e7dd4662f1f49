import Market
import TestSupport
import Testing

/// Every endpoint of the policy, asked by each who could ask: whoever reaches the port, who shows a token that is
/// nobody's, and who holds the order's.
@Suite("Every endpoint, asked by everybody") struct EndpointProbeLongTests {
  private func request(_ rule: EndpointRule, token: String, order: String, bearer: String?) -> String {
    let path = rule.path.replacing("{token}", with: token).replacing("{order}", with: order)
      .replacing("{id}", with: "1").replacing("{file}", with: "none.css")
    let body = rule.method == "POST" ? Self.bodies[rule.path]?.replacing("{order}", with: order) ?? "" : ""
    let type = body.hasPrefix("{") ? "application/json" : "application/x-www-form-urlencoded"
    var lines = [
      "\(rule.method) \(path) HTTP/1.1", "Host: x", "Content-Length: \(body.utf8.count)",
      "Origin: https://evil.example",
    ]
    if rule.method == "POST" { lines.append("Content-Type: \(type)") }
    if let bearer { lines.append("Authorization: Bearer \(bearer)") }
    return (lines + ["", body]).joined(separator: "\r\n")
  }

  /// No browser makes more of an answer than it is, and no other site's script reads it.
  private func expectGuarded(_ answer: RawAnswer?, _ rule: EndpointRule) throws {
    let headers = try #require(answer, "\(rule)").headers
    for (name, words) in [
      ("x-content-type-options", "nosniff"), ("content-security-policy", "default-src 'none'"),
      ("content-security-policy", "frame-ancestors 'none'"), ("x-frame-options", "DENY"),
      ("referrer-policy", "no-referrer"), ("cross-origin-resource-policy", "same-origin"),
      ("strict-transport-security", "max-age="),
    ] { #expect(headers[name]?.contains(words) == true, "\(rule): \(name): \(headers[name] ?? "none")") }
    #expect(headers["content-security-policy"]?.contains("unsafe") != true, "\(rule)")
    for name in ["access-control-allow-origin", "access-control-allow-credentials", "server", "x-powered-by"] {
      #expect(headers[name] == nil, "\(rule): \(name)")
    }
  }

  private static let bodies = [
    "/v1/checkout": #"{"lines":[{"listing_id":424242}],"email":"a@b.example"}"#, "/v1/portal": #"{"order":"{order}"}"#,
    "/webhooks/stripe": "{}", "/lookup": "email=a@b.example", "/lookup/code": "request=x&code=1",
    "/v1/lookups": #"{"email":"a@b.example"}"#, "/v1/lookups/code": #"{"request":"x","code":"1"}"#,
  ]

  @Test("answers as the policy says")
  func probed() async throws {
    try await Gatehouse.with { gate in
      let (token, order) = (gate.target.token, gate.target.order)
      let wrong = String(token.reversed())
      for rule in Policy.endpoints {
        let port = rule.caller == .monitor ? gate.metricsPort : gate.port
        let isPage = rule.path.hasPrefix("/o/")
        let nobody = try await gate.ask(
          request(rule, token: isPage ? wrong : token, order: order, bearer: nil), at: port)
        let stranger = try await gate.ask(request(rule, token: wrong, order: order, bearer: wrong), at: port)
        let holder = try await gate.ask(request(rule, token: token, order: order, bearer: token), at: port)
        if rule.caller != .monitor {
          for answer in [nobody, stranger, holder] { try expectGuarded(answer, rule) }
        }
        let statuses = [nobody?.status, stranger?.status, holder?.status]
        switch rule.caller {
        case .anyone:
          // The same for each; and refused to nobody for who they are, but where a code has to be proven.
          #expect(statuses == [statuses[0], statuses[0], statuses[0]], "\(rule)")
          #expect(statuses[0] != 401, "\(rule)")
          #expect(statuses[0] != 403 || rule.resource == .address, "\(rule)")
        case .orderHolder(let capability):
          #expect(capability.grant(to: .customer) == .own, "\(rule)")
          #expect(statuses[0] == (isPage ? 404 : 401) && statuses[1] == 404, "\(rule): \(statuses)")
          // A portal there is once something was paid with a customer of Stripe's.
          #expect([200, 409].contains(statuses[2]), "\(rule): \(statuses)")
        case .stripe: #expect(statuses == [400, 400, 400], "\(rule)")
        case .monitor:
          #expect(statuses == [200, 200, 200], "\(rule)")
          let outside = try await gate.ask(request(rule, token: token, order: order, bearer: token))
          #expect(outside?.status == 404, "\(rule) on the public port")
        }
      }
    }
  }
}
