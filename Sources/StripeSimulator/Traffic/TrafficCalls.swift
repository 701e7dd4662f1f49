import Outbound

/// What customers call: the market's checkout, and the simulator's hosted page and controls.
struct TrafficCalls: Sendable {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  enum Checkout: Sendable {
    case session(id: String)
    /// The market said no: its error code, else the status.
    case refused(code: String)
  }

  let configuration: TrafficConfiguration
  let outbound: OutboundClient

  /// How many pages of the catalogue are looked at.
  private static let pageLimit = 25

  /// The listings that can be bought: `{"listings":[{"id":1,"available":3,…}],"next":"…"}`, page by page.
  func catalogue() async throws -> [Int64] {
    var listings: [Int64] = []
    var after = ""
    for _ in 0..<Self.pageLimit {
      let answer = try await send("GET", "\(configuration.marketURL)/v1/catalogue?limit=200\(after)")
      guard answer.status == 200, let json = answer.json else {
        throw Failure(description: "GET /v1/catalogue answered \(answer.status)")
      }
      for listing in json["listings"]?.elements ?? [] where listing["available"]?.integer ?? 1 > 0 {
        if let id = listing["id"]?.integer { listings.append(id) }
      }
      guard let next = json["next"]?.text else { break }
      after = "&cursor=\(next)"
    }
    return listings
  }

  func checkout(listing: Int64, customer: Customer) async throws -> Checkout {
    let body: JSON = [
      "lines": [["listing_id": .int(listing), "quantity": 1]], "email": .string(customer.email),
    ]
    let answer = try await send("POST", "\(configuration.marketURL)/v1/checkout", body)
    if (200..<300).contains(answer.status) {
      guard let session = answer.json?["checkout_session"]?.text else {
        throw Failure(description: "POST /v1/checkout answered without a checkout_session")
      }
      return .session(id: session)
    }
    let error = answer.json?["error"]
    return .refused(code: error?["code"]?.text ?? error?.text ?? answer.json?["code"]?.text ?? "\(answer.status)")
  }

  /// What the customer does on the hosted page; the session's payment intent, once there is one.
  func pay(_ session: String, _ customer: Customer, _ more: JSON) async throws -> String? {
    var members: [JSON.Member] = [
      .init(name: "email", value: .string(customer.email)), .init(name: "name", value: .string(customer.name)),
      .init(name: "country", value: .string(customer.country)),
      .init(name: "card_brand", value: .string(customer.card.brand)),
      .init(name: "last4", value: .string(customer.card.last4)),
    ]
    if case .object(let given) = more { members += given }
    let url = "\(configuration.simulatorURL)/_sim/sessions/\(session)/pay"
    return try await succeed("POST", url, .object(members))["payment_intent"]?.text
  }

  /// What a person at the dashboard does: a refund that the market has not asked for.
  func refund(_ intent: String) async throws {
    let url = "\(configuration.simulatorURL)/v1/refunds"
    _ = try await succeed("POST", url, ["payment_intent": .string(intent), "reason": "requested_by_customer"])
  }

  func dispute(_ intent: String, reason: String) async throws {
    let url = "\(configuration.simulatorURL)/_sim/disputes"
    _ = try await succeed("POST", url, ["payment_intent": .string(intent), "reason": .string(reason)])
  }

  private func succeed(_ method: String, _ url: String, _ body: JSON) async throws -> JSON {
    let answer = try await send(method, url, body)
    guard (200..<300).contains(answer.status), let json = answer.json else {
      let reason = answer.json?["error"]?["message"]?.text ?? "no reason"
      throw Failure(description: "\(method) \(url) answered \(answer.status): \(reason)")
    }
    return json
  }

  private func send(_ method: String, _ url: String, _ body: JSON? = nil) async throws -> (status: Int, json: JSON?) {
    var headers = [("Accept", "application/json")]
    if url.hasPrefix(configuration.simulatorURL) {
      headers.append(("Authorization", "Bearer \(configuration.apiKey)"))
    }
    if body != nil { headers.append(("Content-Type", "application/json")) }
    let request = HTTPRequest(
      method: method, url: url, headers: headers, body: body?.bytes ?? [], timeout: .seconds(30))
    let response = try await outbound.send(request)
    return (response.status, try? JSON.parse(response.body))
  }
}
