import HTTPTypes
import Hummingbird
import Logging
import Market
import Postgres
import Store
import Stripe

/// `POST /webhooks/stripe`
struct WebhookRoute: Sendable {
  let intake: WebhookIntake
  let settings: IntakeSettings
  let http: HTTPSettings
  let budget: BodyBudget
  let telemetry: Telemetry

  func add(to router: Router<WebContext>) {
    router.post("/webhooks/stripe") { request, _ in try await receive(request) }
  }

  private func receive(_ request: Request) async throws -> Response {
    // Several headers of that name are one, parted by commas: the verifier reads it so.
    let signature = request.headers[.stripeSignature]
    do {
      let answer = try await request.withBody(
        limitBytes: settings.bodyLimitBytes, timeout: http.bodyTimeout, budget: budget
      ) { await intake.receive(body: $0, signature: signature) }
      switch answer {
      case .received: return Response(status: .ok)
      case .unavailable: return Problem.unavailable.response
      case .badSignature(let check): throw Problem(check)
      }
    } catch let problem as Problem where problem.status == 413 {
      telemetry.count(Telemetry.IntakeOutcome.tooLarge)
      throw problem
    }
  }
}

extension Problem {
  /// Why a webhook was not believed.
  init(_ check: SignatureCheck) {
    let (code, detail): (String, String) =
      switch check {
      case .valid: ("VALID", "The signature is valid.")
      case .missing: ("SIGNATURE_MISSING", "There is no Stripe-Signature header.")
      case .malformed(let reason): ("SIGNATURE_MALFORMED", "The Stripe-Signature header cannot be read: \(reason).")
      case .noMatch: ("SIGNATURE_MISMATCH", "No signature of this body by a known secret was found.")
      case .tooOld: ("SIGNATURE_TOO_OLD", "The signature's time lies too far in the past.")
      case .tooNew: ("SIGNATURE_TOO_NEW", "The signature's time lies in the future.")
      }
    self.init(400, code, detail)
  }
}

/// `POST /v1/checkout`, `GET /v1/catalogue`, `GET /v1/listings/{id}`
struct ShopRoutes: Sendable {
  let desk: CheckoutDesk
  let settings: CheckoutSettings
  let http: HTTPSettings
  let pool: PostgresPool
  let limiter: RateLimiter
  let budget: BodyBudget
  let telemetry: Telemetry

  private static let bodyLimitBytes = 16 << 10
  private static let pageLimit = 200

  func add(to router: Router<WebContext>) {
    router.post("/v1/checkout") { request, context in try await checkout(request, context) }
    router.get("/v1/catalogue") { request, _ in try await catalogue(request) }
    router.get("/v1/listings/:id") { _, context in try await listing(context) }
  }

  private func checkout(_ request: Request, _ context: WebContext) async throws -> Response {
    let client = http.addressRule.client(peer: context.peer, forwardedFor: request.headers[values: .xForwardedFor])
    if let client, !client.isLoopback {
      let key = "checkout:\(client.clientKey)"
      guard await limiter.allows(key, perMinute: settings.requestsPerMinute) else {
        telemetry.count(Telemetry.CheckoutOutcome.limited)
        throw Problem.tooMany
      }
    }
    let body = try await request.withBody(
      limitBytes: Self.bodyLimitBytes, timeout: http.bodyTimeout, budget: budget
    ) { $0 }
    let parsed: CheckoutRequest
    do {
      parsed = try CheckoutRequest.parse(body)
    } catch {
      telemetry.count(Telemetry.CheckoutOutcome.invalid)
      throw error
    }
    let opened = try await desk.open(parsed)
    var json = JSONWriter()
    json.object { json in
      json.object("order") { json in
        json.member("id", opened.order.id.rawValue)
        json.member("number", opened.order.number)
        json.member("state", OrderState.open.rawValue)
        json.member("amount", opened.order.amount.amount)
        json.member("currency", opened.order.amount.currency.code)
      }
      json.member("checkout_session", opened.session)
      json.member("url", opened.url)
      json.member("expires_at", opened.expiresAt)
    }
    return .json(json, status: .created)
  }

  private func catalogue(_ request: Request) async throws -> Response {
    var problems: [Problem.Field] = []
    func number(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
      guard let text = request.uri.queryParameters[Substring(name)] else { return nil }
      if let value = Int64(text), range.contains(value) { return value }
      problems.append(.init(name, "a whole number from \(range.lowerBound) to \(range.upperBound) is wanted"))
      return nil
    }
    let after = number("after", in: 0...Int64.max)
    let limit = Int(number("limit", in: 1...Int64(Self.pageLimit)) ?? 50)
    guard problems.isEmpty else {
      throw Problem(400, "INVALID", "Some parameters cannot be taken as they are.", fields: problems)
    }
    let offers = try await pool.read { try Catalogue.page($0, after: after.map { ListingID($0) }, limit: limit) }
    var json = JSONWriter(reserving: 256 * offers.count)
    json.object { json in
      json.array("listings") { json in for offer in offers { json.object { write(offer, to: &$0) } } }
      json.member("next", offers.count == limit ? offers.last.map(\.id.rawValue) : nil)
    }
    return .json(json)
  }

  private func listing(_ context: WebContext) async throws -> Response {
    guard let text = context.parameters.get("id"), let id = Int64(text) else { throw Problem.notFound }
    guard let offer = try await pool.read({ try Catalogue.listing($0, ListingID(id)) }), offer.isForSale else {
      throw Problem.notFound
    }
    var json = JSONWriter()
    json.object { write(offer, to: &$0) }
    return .json(json)
  }

  private func write(_ offer: ListingOffer, to json: inout JSONWriter) {
    json.member("id", offer.id.rawValue)
    json.member("title", offer.title)
    json.member("platform", offer.platform)
    json.member("region", offer.region)
    json.member("vendor", offer.vendorName)
    json.member("price", offer.price.amount)
    json.member("currency", offer.price.currency.code)
    json.member("available", offer.available)
    json.member("max_per_order", Int64(offer.maximumPerOrder))
  }
}
