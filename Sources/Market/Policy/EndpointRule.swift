/// Who may call an HTTP endpoint.
package enum EndpointCaller: Sendable, Hashable {
  /// Whoever reaches the address.
  case anyone
  /// The customer, who shows the token of the order that they ask about, and may what the capability grants a customer.
  case orderHolder(Capability)
  /// Stripe, by its signature over the body.
  case stripe
  /// Whoever reaches the metrics server, which in production stays on its machine.
  case monitor
}

/// What an endpoint is about.
package enum EndpointResource: String, CaseIterable, Sendable {
  /// The daemon itself: whether it lives, what it offers.
  case service
  /// What is for sale; the same for everybody.
  case catalogue
  /// A new order, which belongs to whoever opens it.
  case newOrder
  /// The one order that the token is of.
  case order
  /// The orders of an address, for whoever gets mail there.
  case address
  /// What Stripe tells.
  case event
}

/// One endpoint's line in the policy. Every route is made from one.
package struct EndpointRule: Hashable, Sendable {
  package let method: String
  /// With its parameters in braces: `/v1/listings/{id}`.
  package let path: String
  package let caller: EndpointCaller
  package let resource: EndpointResource

  init(_ method: String, _ path: String, _ caller: EndpointCaller, _ resource: EndpointResource) {
    self.method = method
    self.path = path
    self.caller = caller
    self.resource = resource
  }

  package static let health = EndpointRule("GET", "/healthz", .anyone, .service)
  package static let readiness = EndpointRule("GET", "/readyz", .anyone, .service)
  package static let document = EndpointRule("GET", "/v1/openapi.json", .anyone, .service)
  package static let catalogue = EndpointRule("GET", "/v1/catalogue", .anyone, .catalogue)
  package static let listing = EndpointRule("GET", "/v1/listings/{id}", .anyone, .catalogue)
  package static let checkout = EndpointRule("POST", "/v1/checkout", .anyone, .newOrder)
  package static let order = EndpointRule("GET", "/v1/orders/{order}", .orderHolder(.readOrders), .order)
  package static let portal = EndpointRule("POST", "/v1/portal", .orderHolder(.readPayments), .order)
  package static let webhook = EndpointRule("POST", "/webhooks/stripe", .stripe, .event)
  package static let orderPage = EndpointRule("GET", "/o/{token}", .orderHolder(.readOrders), .order)
  package static let reveal = EndpointRule("POST", "/o/{token}/reveal", .orderHolder(.revealKey), .order)
  package static let thanks = EndpointRule("GET", "/thanks", .anyone, .service)
  package static let cancelled = EndpointRule("GET", "/cancelled", .anyone, .service)
  package static let askLookup = EndpointRule("GET", "/lookup", .anyone, .address)
  package static let lookup = EndpointRule("POST", "/lookup", .anyone, .address)
  package static let lookupCode = EndpointRule("POST", "/lookup/code", .anyone, .address)
  package static let requestCode = EndpointRule("POST", "/v1/lookups", .anyone, .address)
  package static let proveAddress = EndpointRule("POST", "/v1/lookups/code", .anyone, .address)
  package static let asset = EndpointRule("GET", "/assets/{file}", .anyone, .service)
  package static let metrics = EndpointRule("GET", "/metrics", .monitor, .service)
}

extension Policy {
  /// Every endpoint of the public server, and the metrics server's own.
  package static let endpoints: [EndpointRule] = [
    .health, .readiness, .document, .catalogue, .listing, .checkout, .order, .portal, .webhook, .orderPage, .reveal,
    .thanks, .cancelled, .askLookup, .lookup, .lookupCode, .requestCode, .proveAddress, .asset, .metrics,
  ]
}

extension EndpointRule: CustomStringConvertible {
  package var description: String { "\(method) \(path)" }
}
