import Hummingbird
import Market

/// `POST /v1/lookups`, `POST /v1/lookups/code`: what the pages of the same name do, for a shop of one's own.
struct LookupRoutes: Sendable {
  let lookup: AddressLookup
  let settings: PageSettings
  let guardian: RateGuard
  let budget: BodyBudget
  let bodyTimeout: Duration

  func add(to router: Router<WebContext>, _ table: EndpointTable) {
    table.add(.requestCode, to: router) { call in
      let body = try await read(call, LookupShape.request)
      let request = try await lookup.request(body["email"]?.text ?? "")
      var json = JSONWriter()
      json.object { $0.member("request", request.text) }
      return .json(json, status: .accepted)
    }
    table.add(.proveAddress, to: router) { call in
      let body = try await read(call, LookupShape.proof)
      let orders = try await lookup.orders(body["request"]?.text ?? "", code: body["code"]?.text ?? "")
      guard let orders else { throw Problem.codeRefused }
      var json = JSONWriter()
      json.object { json in
        json.array("orders") { json in for found in orders { json.object { LookupShape.write(found, to: &$0) } } }
      }
      return .json(json)
    }
  }

  private func read(_ call: Call, _ schema: Schema) async throws -> JSONValue {
    try await guardian.admit(call, "lookup", perMinute: settings.lookupsPerMinute)
    try call.demandJSON()
    let body = try await call.request.withBody(
      limitBytes: APISettings.bodyLimitBytes, timeout: bodyTimeout, budget: budget
    ) { $0 }
    return try schema.read(body)
  }
}

extension Problem {
  static let codeRefused = Problem(
    403, "CODE_REFUSED", "The code is wrong, was used, is too old, or was guessed at too often. Ask for another one.")
}
