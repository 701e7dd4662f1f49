import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Market
import Postgres
import Store

/// `POST /v1/checkout`, `GET /v1/catalogue`, `GET /v1/listings/{id}`
struct ShopRoutes: Sendable {
  let desk: CheckoutDesk
  let settings: CheckoutSettings
  let api: APISettings
  let http: HTTPSettings
  let pool: PostgresPool
  let vault: KeyVault
  let cache: CatalogueCache
  let guardian: RateGuard
  let budget: BodyBudget
  let telemetry: Telemetry

  func add(to router: Router<WebContext>, _ table: EndpointTable) {
    table.add(.checkout, to: router) { try await checkout($0) }
    table.add(.catalogue, to: router) { try await catalogue($0) }
    table.add(.listing, to: router) { try await listing($0) }
  }

  private func checkout(_ call: Call) async throws -> Response {
    do throws(Problem) {
      try await guardian.admit(call, "checkout", perMinute: settings.requestsPerMinute)
    } catch {
      telemetry.count(Telemetry.CheckoutOutcome.limited)
      throw error
    }
    try call.demandJSON()
    let body = try await call.request.withBody(
      limitBytes: APISettings.bodyLimitBytes, timeout: http.bodyTimeout, budget: budget
    ) { $0 }
    var request: CheckoutRequest
    do {
      request = try CheckoutRequest.parse(body)
    } catch {
      telemetry.count(Telemetry.CheckoutOutcome.invalid)
      throw error
    }
    request.wish.claim = IdempotencyClaim(call, body, keptFor: settings.idempotencyLifetime)
    let opened = try await desk.open(request)
    var json = JSONWriter()
    OpenedShape.write(opened, token: vault.token(order: opened.order, generation: 1), to: &json)
    return .json(json, status: .created)
  }

  private func catalogue(_ call: Call) async throws -> Response {
    try await guardian.admit(call, "api", perMinute: api.requestsPerMinute)
    let limit = Int(call.whole("limit") ?? 50)
    let filter = CatalogueFilter(call)
    let cursor = CatalogueCursor(filter)
    var after: ListingID?
    if let text = call.text("cursor") {
      guard let place = cursor.place(text) else {
        throw Problem(
          400, "INVALID", "Some parameters cannot be taken as they are.",
          fields: [.init("cursor", "is no `next` of a page with these filters")])
      }
      after = place
    }
    let (question, start) = ("page:\(limit):\(after?.description ?? ""):\(cursor.scope)", after)
    let bytes = try await cache.answer(question) {
      let offers = try await pool.read { try Catalogue.page($0, filter, after: start, limit: limit) }
      var json = JSONWriter(reserving: 320 * offers.count)
      json.object { json in
        json.array("listings") { json in for offer in offers { json.object { ListingShape.write(offer, to: &$0) } } }
        json.member("next", offers.count == limit ? offers.last.map { cursor.text(after: $0.id) } : nil)
      }
      return json.bytes
    }
    return .tagged(bytes, unless: call.text("If-None-Match"))
  }

  private func listing(_ call: Call) async throws -> Response {
    try await guardian.admit(call, "api", perMinute: api.requestsPerMinute)
    let id = ListingID(call.whole("id") ?? 0)
    let bytes = try await cache.answer("listing:\(id)") {
      guard let offer = try await pool.read({ try Catalogue.listing($0, id) }), offer.isForSale else {
        throw Problem.notFound
      }
      var json = JSONWriter()
      json.object { ListingShape.write(offer, to: &$0) }
      return json.bytes
    }
    return .tagged(bytes, unless: call.text("If-None-Match"))
  }
}

extension CatalogueFilter {
  init(_ call: Call) {
    self.init()
    vendor = call.text("vendor")
    category = call.text("category")
    platform = call.text("platform")
    currency = call.text("currency").flatMap { Currency($0) }
    words = (call.text("text") ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
  }
}

/// Where a page of the catalogue ended, for whoever wants the next with the same filters: the listing's id, and a digest
/// of the filters. Nothing is secret in it; a cursor that is not one of ours, or of other filters, is refused.
struct CatalogueCursor {
  /// The filters' digest, in hex.
  let scope: String
  private let digest: [UInt8]

  init(_ filter: CatalogueFilter) {
    let words = [filter.vendor, filter.category, filter.platform, filter.currency?.code].map { $0 ?? "" }
    let text = (words + filter.words).map { "\($0.utf8.count):\($0)" }.joined()
    let hash = Array(SHA256.hash(data: Array(text.utf8)))
    digest = Array(hash.prefix(4))
    scope = Hex.encode(hash.prefix(16))
  }

  func text(after id: ListingID) -> String {
    Base64URL.encode((0..<8).map { UInt8(truncatingIfNeeded: id.rawValue >> (56 - 8 * $0)) } + digest)
  }

  func place(_ text: String) -> ListingID? {
    guard let bytes = Base64URL.decode(text), bytes.count == 12, Array(bytes[8...]) == digest else { return nil }
    let id = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let place = Int64(exactly: id), place > 0 else { return nil }
    return ListingID(place)
  }
}

extension IdempotencyClaim {
  /// A call's claim, if it carries a key.
  init?(_ call: Call, _ body: [UInt8], keptFor lifetime: Duration) {
    guard let key = call.text("Idempotency-Key") else { return nil }
    self.init(path: call.context.endpointPath ?? "", key: key, body: body, keptFor: lifetime)
  }

  /// Of this endpoint and this key, for this body.
  init(path: String, key: String, body: [UInt8], keptFor lifetime: Duration) {
    self.init(
      key: Array(SHA256.hash(data: Array("\(path)\n\(key)".utf8))), body: Array(SHA256.hash(data: body)),
      lifetime: lifetime)
  }
}

extension Response {
  /// JSON under an ETag; 304 for who has it.
  static func tagged(_ bytes: [UInt8], unless known: String?) -> Response {
    let tag = "\"\(Hex.encode(Array(SHA256.hash(data: bytes)).prefix(12)))\""
    let isKnown = known.map { header in
      header == "*"
        || header.split(separator: ",").contains {
          $0.filter { !$0.isWhitespace }.replacing("W/", with: "") == tag
        }
    }
    var response =
      isKnown == true ? Response(status: .notModified) : Response.bytes(bytes, type: "application/json")
    response.headers[.eTag] = tag
    response.headers[.cacheControl] = "no-cache"
    return response
  }
}
