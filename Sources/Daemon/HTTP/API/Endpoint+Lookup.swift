import Market
import Store

extension Endpoint {
  static let requestCode = Endpoint(
    rule: .requestCode, id: "requestCode",
    summary: "Mails a code to an address that has orders; the answer is the same for one that has none.",
    body: .json(LookupShape.request, example: ["email": "ann@example.com"]),
    answers: [
      Answer(
        status: 202, about: "If the address has orders, a code is on its way to it, good for 15 minutes.",
        content: .json(LookupShape.accepted, example: ["request": .string(LookupShape.exampleRequest)]))
    ],
    refusals: [400, 408, 413, 415, 422, 429, 503])

  static let proveAddress = Endpoint(
    rule: .proveAddress, id: "proveAddress", summary: "The orders of the address that a mailed code proves.",
    body: .json(LookupShape.proof, example: ["request": .string(LookupShape.exampleRequest), "code": "4711-0815"]),
    answers: [
      Answer(
        status: 200, about: "Its orders, the newest first, with the links to their pages.",
        content: .json(LookupShape.answer, example: LookupShape.example))
    ],
    refusals: [400, 403, 408, 413, 415, 422, 429, 503])
}

/// Finding orders by an address that is proven by a mailed code.
enum LookupShape {
  static let exampleRequest = "AAAAAAAAEmcPHi08S1ppeIeWpbTD0uHw"

  static let request = Schema.named(
    "LookupRequest", .object([.init("email", .string(.email), "The address that was bought with.")]))

  static let accepted = Schema.named(
    "LookupAccepted",
    .object([.init("request", .string(.opaque(64)), "To be shown again together with the code.")]))

  static let proof = Schema.named(
    "LookupProof",
    .object([
      .init("request", .string(.opaque(64)), "As the request for the code answered."),
      .init("code", .string(.plain(32)), "The code from the mail; good for one look, and for five tries."),
    ]))

  static let answer = Schema.named("LookupOrders", .object([.init("orders", .array(of: order, count: 0...100))]))

  private static let order = Schema.object([
    .id("id"), .init("number", .string(.orderNumber)),
    .init("state", .string(.oneOf(OrderState.allCases.map(\.rawValue)))),
    .init("title", .string(.label)), .init("amount", .integer(0...Int64.max)), .init("currency", .string(.currency)),
    .init("created_at", .string(.instant)),
    .init("page", .string(.address), "The order's page, where its keys are shown."),
  ])

  static let example: JSONValue = [
    "orders": [
      [
        "id": 4_711, "number": "GK-Z1XY-XYH5-DV", "state": "delivered", "title": "Stellar Drift × 2", "amount": 3_998,
        "currency": "eur", "created_at": "2026-01-01T00:00:00Z",
        "page": "https://shop.example/o/x1A9vYcQ1bJ9mE0d9WqYk3hYl2m8b3cQkq2v7hJt3sE",
      ]
    ]
  ]

  static func write(_ found: AddressLookup.Found, to json: inout JSONWriter) {
    let order = found.order
    json.member("id", order.id.rawValue)
    json.member("number", order.number)
    json.member("state", order.state.rawValue)
    json.member("title", order.title)
    json.member("amount", order.amount.amount)
    json.member("currency", order.amount.currency.code)
    json.member("created_at", order.createdAt.description)
    json.member("page", found.page)
  }
}
