import Market

// What is served beside the API: for machines that watch the daemon, for Stripe, and for people's browsers.
extension Endpoint {
  static let health = Endpoint(
    rule: .health, id: "isAlive", summary: "Whether the process lives.",
    answers: [
      Answer(
        status: 200, about: "It lives.",
        content: .json(.object([.init("status", .string(.oneOf(["alive"])))]), example: ["status": "alive"]))
    ])

  static let readiness = Endpoint(
    rule: .readiness, id: "isReady", summary: "Whether the daemon should be sent requests.",
    answers: [
      Answer(status: 200, about: "It should.", content: .json(readinessShape, example: readinessExample)),
      Answer(
        status: 503, about: "It should not: it is being stopped, or its database is not as it must be.",
        content: .json(readinessShape, example: readinessExample)),
    ])

  private static let readinessShape = Schema.named(
    "Readiness",
    .object([
      .init("status", .string(.oneOf(["ready", "draining", "not ready"]))), .init("postgres", .string(.plain(200))),
      .init(optional: "schema", .integer(0...Int64.max)), .init(optional: "schema_wanted", .integer(0...Int64.max)),
      .init(optional: "warning", .string(.plain(200)), "That the Stripe key is of another mode than the market."),
      .init(optional: "redis", .string(.oneOf(["ok", "down"]))),
    ]))

  private static let readinessExample: JSONValue = ["status": "ready", "postgres": "ok", "schema": 4, "redis": "ok"]

  static let metrics = Endpoint(
    rule: .metrics, id: "getMetrics", summary: "Figures in the Prometheus text format.",
    answers: [Answer(status: 200, about: "The figures.", content: .other("text/plain"))])

  static let document = Endpoint(
    rule: .document, id: "getDocument", summary: "This document.",
    answers: [Answer(status: 200, about: "OpenAPI 3.1.", content: .other("application/json"))])

  static let webhook = Endpoint(
    rule: .webhook, id: "receiveEvent", summary: "Stripe's events, signed.", body: .other("application/json"),
    answers: [Answer(status: 200, about: "The event is committed, or was before.", content: .none)],
    refusals: [400, 408, 413, 503])

  private static let token = Parameter.path(
    "token", .string(.token), "The order's token, as it stands in the mail.",
    example: "x1A9vYcQ1bJ9mE0d9WqYk3hYl2m8b3cQkq2v7hJt3sE")

  static let orderPage = Endpoint(
    rule: .orderPage, id: "showOrderPage", summary: "The page of an order, for people; no key is on it.",
    parameters: [token],
    answers: [
      page(200, "The page."), page(404, "No order has this token."), page(429, "Asked too often."),
      page(503, "It cannot be read just now."),
    ])

  static let reveal = Endpoint(
    rule: .reveal, id: "revealKeys", summary: "The page of an order with its keys; who looked is recorded.",
    parameters: [token],
    answers: [
      page(200, "The page with the keys."), page(404, "No order has this token."),
      page(409, "Its keys cannot be shown as it stands."), page(429, "Asked too often."),
      page(503, "It cannot be read just now."),
    ])

  static let thanks = Endpoint(
    rule: .thanks, id: "showThanks", summary: "Where Stripe sends a customer who paid.",
    answers: [page(200, "The page.")])

  static let cancelled = Endpoint(
    rule: .cancelled, id: "showCancelled", summary: "Where Stripe sends a customer who went back.",
    answers: [page(200, "The page.")])

  static let asset = Endpoint(
    rule: .asset, id: "getAsset", summary: "What pages look like; named by its content, and kept for ever.",
    parameters: [
      .path("file", .string(.opaque(64)), "As a page names it.", example: "0123456789abcdef.css")
    ],
    answers: [Answer(status: 200, about: "The style sheet.", content: .other("text/css"))], refusals: [404])

  static let askLookup = Endpoint(
    rule: .askLookup, id: "showLookup", summary: "Where a customer who lost the link asks for a code.",
    answers: [page(200, "The page.")])

  static let lookup = Endpoint(
    rule: .lookup, id: "askForCode",
    summary: "Mails a code, and shows the same page whether or not the address has an order.",
    body: .other("application/x-www-form-urlencoded"),
    answers: [
      page(200, "The page that takes the code."), page(422, "That is no address."), page(429, "Asked too often."),
    ] + unread)

  static let lookupCode = Endpoint(
    rule: .lookupCode, id: "showOrders", summary: "The page with the orders of the address that the code proves.",
    body: .other("application/x-www-form-urlencoded"),
    answers: [
      page(200, "The orders, with the links to their pages."), page(403, "The code is wrong, used or too old."),
      page(429, "Asked too often."),
    ] + unread)

  /// What any form may be answered whose body cannot be taken.
  private static let unread = [
    page(400, "The body cannot be read."), page(408, "The body took too long."), page(413, "The body is too large."),
    page(503, "It cannot be done just now."),
  ]

  private static func page(_ status: Int, _ about: String) -> Answer {
    Answer(status: status, about: about, content: .other("text/html"))
  }
}
