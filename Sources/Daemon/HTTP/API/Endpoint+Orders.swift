import Market
import Store

extension Endpoint {
  static let order = Endpoint(
    rule: .order, id: "getOrder", summary: "How an order stands, for whoever has its token.",
    parameters: [
      .path("order", .string(.orderReference), "The order's number or id.", example: "GK-Z1XY-XYH5-DV")
    ],
    answers: [
      Answer(
        status: 200, about: "The order as its customer sees it.",
        content: .json(CustomerOrderShape.schema, example: CustomerOrderShape.example))
    ],
    refusals: [400, 401, 404, 429])

  static let portal = Endpoint(
    rule: .portal, id: "openPortal",
    summary: "A short-lived link to Stripe's customer portal, for whoever has the token of a paid order.",
    parameters: [idempotencyKey],
    body: .json(PortalShape.request, example: ["order": "GK-Z1XY-XYH5-DV"]),
    answers: [
      Answer(
        status: 201, about: "The link leads to the customer's receipts and payment methods, and back to the shop.",
        content: .json(PortalShape.answer, example: ["url": "https://billing.stripe.com/p/session/test_a1b2c3"]))
    ],
    refusals: [400, 401, 404, 408, 409, 413, 415, 422, 429, 502, 503])
}

/// The customer's portal.
enum PortalShape {
  static let request = Schema.named(
    "PortalRequest", .object([.init("order", .string(.orderReference), "The order's number or id.")]))

  static let answer = Schema.named("Portal", .object([.init("url", .string(.address))]))
}

/// An order as its customer sees it: what was bought and how it stands, nothing of what the market keeps about it.
enum CustomerOrderShape {
  static let schema = Schema.named(
    "Order",
    .object([
      .id("id"), .init("number", .string(.orderNumber)),
      .init("state", .string(.oneOf(OrderState.allCases.map(\.rawValue)))),
      .init("amount", .integer(0...CartLimits.amount)), .init("currency", .string(.currency)),
      .init("refunded", .integer(0...Int64.max), "What was given back, or is on its way back."),
      .init("created_at", .string(.instant)), .init("paid_at", .nullable(.string(.instant))),
      .init("delivered_at", .nullable(.string(.instant))),
      .init("page", .string(.address), "The order's page, where its keys are shown."),
      .init(
        "keys",
        .object([
          .init("total", .integer(1...Int64.max)), .init("ready", .integer(0...Int64.max), "That can be shown."),
          .init("delivered", .integer(0...Int64.max), "Of which the mail was taken."),
        ])),
      .init("lines", .array(of: line, count: 1...100)),
      .init("refunds", .array(of: refund, count: 0...100)),
    ]))

  private static let line = Schema.object([
    .id("listing_id"), .init("title", .string(.plain(200))), .init("platform", .string(.plain(200))),
    .init("vendor", .string(.plain(200))), .init("quantity", .integer(1...Int64(CartLimits.unitsPerLine))),
    .init("unit_price", .integer(0...Int64.max)), .init("amount", .integer(0...Int64.max)),
  ])

  private static let refund = Schema.object([
    .init("amount", .integer(0...Int64.max)),
    .init("state", .string(.oneOf(["pending", "requires_action", "succeeded", "failed", "canceled"]))),
    .init("created_at", .string(.instant)),
  ])

  static let example: JSONValue = [
    "id": 4_711, "number": "GK-Z1XY-XYH5-DV", "state": "delivered", "amount": 3_998, "currency": "eur", "refunded": 0,
    "created_at": "2026-01-01T00:00:00Z", "paid_at": "2026-01-01T00:01:30.250000Z",
    "delivered_at": "2026-01-01T00:01:31Z",
    "page": "https://shop.example/o/x1A9vYcQ1bJ9mE0d9WqYk3hYl2m8b3cQkq2v7hJt3sE",
    "keys": ["total": 2, "ready": 2, "delivered": 2],
    "lines": [
      [
        "listing_id": 1, "title": "Stellar Drift", "platform": "Steam", "vendor": "Keyhaus", "quantity": 2,
        "unit_price": 1_999, "amount": 3_998,
      ]
    ],
    "refunds": [],
  ]

  static func write(_ order: CustomerOrder, page: String, to json: inout JSONWriter) {
    json.object { json in
      json.member("id", order.id.rawValue)
      json.member("number", order.number)
      json.member("state", order.state.rawValue)
      json.member("amount", order.amount.amount)
      json.member("currency", order.amount.currency.code)
      json.member("refunded", order.refunded)
      json.member("created_at", order.createdAt.description)
      json.member("paid_at", order.paidAt?.description)
      json.member("delivered_at", order.deliveredAt?.description)
      json.member("page", page)
      json.object("keys") { json in
        json.member("total", Int64(order.unitsTotal))
        json.member("ready", Int64(order.unitsReady))
        json.member("delivered", Int64(order.unitsDelivered))
      }
      json.array("lines") { json in for line in order.lines { json.object { write(line, to: &$0) } } }
      json.array("refunds") { json in
        for refund in order.refunds {
          json.object { json in
            json.member("amount", refund.amount)
            json.member("state", refund.state)
            json.member("created_at", refund.createdAt.description)
          }
        }
      }
    }
  }

  private static func write(_ line: CustomerOrder.Line, to json: inout JSONWriter) {
    json.member("listing_id", line.listing.rawValue)
    json.member("title", line.title)
    json.member("platform", line.platform)
    json.member("vendor", line.vendor)
    json.member("quantity", Int64(line.quantity))
    json.member("unit_price", line.unitPrice.amount)
    json.member("amount", line.total.amount)
  }
}
