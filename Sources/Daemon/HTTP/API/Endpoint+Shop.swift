import Market
import Store

extension Endpoint {
  static let catalogue = Endpoint(
    rule: .catalogue, id: "listCatalogue", summary: "What is for sale, page by page.",
    parameters: [
      .query(
        "cursor", .string(.opaque(64)), "Where to go on: `next` of the page before, with the same filters.",
        example: "AAAAAAAAADJpcmV0"),
      .query("limit", .integer(1...200), "Listings on a page; 50 where it is absent.", example: 50),
      .query("vendor", .string(.handle), "Listings of this vendor alone, by its handle.", example: "keyhaus"),
      .query("category", .string(.plain(80)), "Listings of products of this category alone.", example: "game"),
      .query("platform", .string(.plain(80)), "Listings for this platform alone.", example: "Steam"),
      .query("currency", .string(.currency), "Listings sold in this currency alone.", example: "eur"),
      .query(
        "text", .string(.plain(80)), "Listings whose title holds each of these words, in any case.",
        example: "stellar drift"),
      ifNoneMatch,
    ],
    answers: [
      Answer(
        status: 200, about: "A page, in the order of the listings' ids.",
        content: .json(
          .named(
            "CataloguePage",
            .object([
              .init("listings", .array(of: ListingShape.schema, count: 0...200)),
              .init("next", .nullable(.string(.opaque(64))), "The cursor of the page behind; null on the last."),
            ])), example: ["listings": [ListingShape.example], "next": .null])),
      notModified,
    ],
    refusals: [400, 429])

  static let listing = Endpoint(
    rule: .listing, id: "getListing", summary: "One listing that is for sale.",
    parameters: [
      .path("id", .integer(1...Int64.max), "From the catalogue.", example: 1), ifNoneMatch,
    ],
    answers: [
      Answer(
        status: 200, about: "The listing.", content: .json(ListingShape.schema, example: ListingShape.example)),
      notModified,
    ],
    refusals: [400, 404, 429])

  static let checkout = Endpoint(
    rule: .checkout, id: "openOrder",
    summary: "Hold the stock of a cart and open the page to pay on: all of it, or nothing.",
    parameters: [idempotencyKey],
    body: .json(
      CheckoutRequest.schema,
      example: [
        "lines": [["listing_id": 1, "quantity": 2], ["listing_id": 7]], "email": "you@example.com", "name": "Zoë",
        "locale": "en", "currency": "eur",
      ]),
    answers: [
      Answer(
        status: 201, about: "The order is open; its stock is held until it expires.",
        content: .json(OpenedShape.schema, example: OpenedShape.example))
    ],
    refusals: [400, 404, 408, 409, 413, 415, 422, 429, 502, 503])

  private static let ifNoneMatch = Parameter.header(
    "If-None-Match", .string(.entityTags),
    "The ETag of what you have, or several parted by commas: 304 if it is still one of them.",
    example: #""9a0364b9e99bb480""#)

  static let idempotencyKey = Parameter.header(
    "Idempotency-Key",
    .string(.opaque(255, wanted: "from 1 to 255 visible characters of ASCII are wanted, a UUID for example")),
    "Carries the request out once: the same key with the same body gets the same answer, for a day.",
    example: "8e03978e-40d5-43e8-bc93-6894a57f9324")

  private static let notModified = Answer(status: 304, about: "It is what you have.", content: .none)
}

/// A listing as the catalogue shows it.
enum ListingShape {
  static let schema = Schema.named(
    "Listing",
    .object([
      .id("id"), .init("title", .string(.plain(200))), .init("platform", .string(.plain(200))),
      .init("region", .string(.plain(200))), .init("category", .string(.plain(200))),
      .init("vendor", .string(.plain(200))), .init("vendor_handle", .string(.handle)),
      .init("price", .integer(0...Int64.max), "Of one key, in the currency's smallest unit as Stripe counts it."),
      .init("currency", .string(.currency)),
      .init("available", .integer(0...Int64.max), "Keys that can be bought at this moment."),
      .init("max_per_order", .integer(1...Int64(CartLimits.unitsPerLine))),
    ]))

  static let example: JSONValue = [
    "id": 1, "title": "Stellar Drift", "platform": "Steam", "region": "global", "category": "game",
    "vendor": "Keyhaus", "vendor_handle": "keyhaus", "price": 1_999, "currency": "eur", "available": 42,
    "max_per_order": 10,
  ]

  static func write(_ offer: ListingOffer, to json: inout JSONWriter) {
    json.member("id", offer.id.rawValue)
    json.member("title", offer.title)
    json.member("platform", offer.platform)
    json.member("region", offer.region)
    json.member("category", offer.category)
    json.member("vendor", offer.vendorName)
    json.member("vendor_handle", offer.vendorHandle)
    json.member("price", offer.price.amount)
    json.member("currency", offer.price.currency.code)
    json.member("available", offer.available)
    json.member("max_per_order", Int64(offer.maximumPerOrder))
  }
}

/// An order that was opened, and where it is paid.
enum OpenedShape {
  static let schema = Schema.named(
    "OpenedOrder",
    .object([
      .init(
        "order",
        .object([
          .id("id"), .init("number", .string(.orderNumber)),
          .init("state", .string(.oneOf([OrderState.open.rawValue]))),
          .init("amount", .integer(0...CartLimits.amount)), .init("currency", .string(.currency)),
          .init("token", .string(.token), "Opens the order's state to whoever shows it: keep it to yourself."),
        ])),
      .init("checkout_session", .string(.opaque(255))), .init("url", .string(.address), "Where it is paid."),
      .init("expires_at", .integer(0...Int64.max), "Until when, in Unix seconds."),
    ]))

  static let example: JSONValue = [
    "order": [
      "id": 4_711, "number": "GK-Z1XY-XYH5-DV", "state": "open", "amount": 3_998, "currency": "eur",
      "token": "x1A9vYcQ1bJ9mE0d9WqYk3hYl2m8b3cQkq2v7hJt3sE",
    ],
    "checkout_session": "cs_test_a1b2c3", "url": "https://checkout.stripe.com/c/pay/cs_test_a1b2c3",
    "expires_at": 1_767_227_460,
  ]

  static func write(_ answer: AnsweredCheckout, token: OrderToken, to json: inout JSONWriter) {
    json.object { json in
      json.object("order") { json in
        json.member("id", answer.order.rawValue)
        json.member("number", answer.number)
        json.member("state", OrderState.open.rawValue)
        json.member("amount", answer.amount.amount)
        json.member("currency", answer.amount.currency.code)
        json.member("token", token.text)
      }
      json.member("checkout_session", answer.session)
      json.member("url", answer.url)
      json.member("expires_at", answer.expiresAt.unixSeconds)
    }
  }
}
