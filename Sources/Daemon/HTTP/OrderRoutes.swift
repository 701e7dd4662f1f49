import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import Market
import Postgres
import Store
import Stripe

/// `GET /v1/orders/{order}`, `POST /v1/portal`: for whoever has an order's token.
struct OrderRoutes: Sendable {
  let settings: CheckoutSettings
  let api: APISettings
  let http: HTTPSettings
  let pool: PostgresPool
  let stripe: StripeClient
  let guardian: RateGuard
  let budget: BodyBudget
  let logger: Logger

  func add(to router: Router<WebContext>, _ table: EndpointTable) {
    table.add(.order, to: router) { try await order($0) }
    table.add(.portal, to: router) { try await portal($0) }
  }

  private func order(_ call: Call) async throws -> Response {
    let token = try await admit(call)
    let order = try await find(call.text("order") ?? "", token)
    var json = JSONWriter()
    CustomerOrderShape.write(order, page: token.link(base: http.publicURL), to: &json)
    return .json(json)
  }

  private func portal(_ call: Call) async throws -> Response {
    let token = try await admit(call)
    try call.demandJSON()
    let body = try await call.request.withBody(
      limitBytes: APISettings.bodyLimitBytes, timeout: http.bodyTimeout, budget: budget
    ) { $0 }
    let request = try PortalShape.request.read(body)
    let order = try await find(request["order"]?.text ?? "", token)
    guard let customer = order.stripeCustomer else {
      throw Problem(
        409, "NOT_PAID_YET", "There is no portal for an order that was not paid.",
        fields: [.init("/order", "was not paid yet")])
    }
    var key: String?
    if let claim = IdempotencyClaim(call, body, keptFor: settings.idempotencyLifetime) {
      try await demandSameBody(claim)
      key = "gkm-portal-\(order.number)-\(Hex.encode(claim.key.prefix(16)))"
    }
    do throws(StripeError) {
      let session = try await stripe.createPortalSession(
        customer: customer, returnURL: api.portalReturnURL, idempotencyKey: key)
      var json = JSONWriter()
      json.object { $0.member("url", session.url) }
      return .json(json, status: .created)
    } catch {
      logger.error("Stripe opened no portal", metadata: ["order": "\(order.number)", "error": "\(error)"])
      throw error.isTransient ? Problem.portalUnavailable : Problem.portalRefused
    }
  }

  /// Limits the client, demands a token, and limits it too.
  private func admit(_ call: Call) async throws(Problem) -> OrderToken {
    try await guardian.admit(call, "api", perMinute: api.requestsPerMinute)
    guard let bearer = call.bearer else { throw .tokenWanted }
    // What is no token at all is answered as one that is nobody's.
    guard let token = OrderToken(bearer) else { throw .notFound }
    try await guardian.admit(token, perMinute: api.tokenRequestsPerMinute)
    return token
  }

  /// The order, if the token is its own; else there is nothing here.
  private func find(_ reference: String, _ token: OrderToken) async throws -> CustomerOrder {
    guard let reference = OrderReference(reference),
      let order = try await pool.read({ try CustomerOrderRead.order($0, reference, token: token) })
    else { throw Problem.notFound }
    return order
  }

  /// Stripe repeats its answer by the key; that the request is the same is for us to see.
  private func demandSameBody(_ claim: IdempotencyClaim) async throws {
    let standing = try await pool.write { session in
      try CheckoutIdempotency.note(session, claim)
      return try CheckoutIdempotency.standing(session, claim)
    }
    if standing == .otherBody { throw Problem.keyReused }
  }
}

extension Problem {
  static let tokenWanted = Problem(
    401, "TOKEN_WANTED", "The order's token is wanted: Authorization: Bearer ….",
    fields: [.init("Authorization", "is missing, or is no Bearer token")])
  static let portalUnavailable = Problem(
    503, "PORTAL_UNAVAILABLE", "The portal could not be reached just now.", retryAfter: 5)
  static let portalRefused = Problem(502, "PORTAL_REFUSED", "Stripe refused to open the portal.")
}
