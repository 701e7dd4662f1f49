import Market

/// One order of the seeded market, from which all its rows are written.
struct SeedOrder {
  struct Line {
    var listing: Int64
    var quantity: Int64 = 1
  }

  struct Try {
    var outcome: String
    var reply: String?
  }

  struct Delivery {
    var state: String
    var tries: [Try] = []
  }

  var order: SeededMarket.Order
  var state: String
  var email: String
  var name: String?
  var lines: [Line]
  /// Minutes before noon at which it was placed.
  var minutesAgo: Int
  var isPaid = true
  var holdReason: String?
  /// One per unit; none where nothing was assigned.
  var deliveries: [Delivery] = []
  /// The decline code of a first attempt that failed.
  var decline: String?
  /// In minor units.
  var refund: Int64?
  var isDisputed = false
  var isRevealed = false

  var id: Int64 { order.rawValue }
  var number: String { order.number }

  private static let confirmed = Delivery(
    state: "confirmed", tries: [Try(outcome: "confirmed", reply: "250 2.0.0 Ok: queued")])

  static let all = [
    SeedOrder(
      order: .delivered, state: "delivered", email: "ada@example.com", name: "Ada Lovelace",
      lines: [Line(listing: 1), Line(listing: 3)], minutesAgo: 120, deliveries: [confirmed, confirmed],
      decline: "insufficient_funds", isRevealed: true),
    SeedOrder(
      order: .formula, state: "delivered", email: "=1+1@evil.example", name: "@SUM(A1:A9)",
      lines: [Line(listing: 2)], minutesAgo: 110, deliveries: [confirmed]),
    SeedOrder(
      order: .retrying, state: "paid", email: "мария@пример.example", name: "Мария \"Маша\" Иванова",
      lines: [Line(listing: 1)], minutesAgo: 100,
      deliveries: [
        Delivery(
          state: "retrying",
          tries: [
            Try(outcome: "unknown", reply: nil), Try(outcome: "deferred", reply: "450 4.2.0 Mailbox busy, try later"),
          ])
      ]),
    SeedOrder(
      order: .refused, state: "paid", email: "bruce@例え.example", name: "李小龍 👨‍👩‍👧",
      lines: [Line(listing: 3)], minutesAgo: 90,
      deliveries: [
        Delivery(state: "failed", tries: [Try(outcome: "refused", reply: "550 5.1.1 No such user, \"bruce\"")])
      ]),
    SeedOrder(
      order: .open, state: "open", email: "open@example.com", lines: [Line(listing: 1, quantity: 2)], minutesAgo: 10,
      isPaid: false),
    SeedOrder(
      order: .held, state: "held", email: "held@example.com", lines: [Line(listing: 4)], minutesAgo: 80,
      holdReason: "received 1.00 USD instead of 9.99 USD"),
    SeedOrder(
      order: .unfulfillable, state: "paid_unfulfillable", email: "late@example.com", lines: [Line(listing: 2)],
      minutesAgo: 70),
    SeedOrder(
      order: .refunded, state: "refunded", email: "back@example.com", lines: [Line(listing: 1)], minutesAgo: 60,
      deliveries: [confirmed], refund: 2_499),
    SeedOrder(
      order: .disputed, state: "disputed", email: "doubt@example.com", name: "Zoë Ødegård",
      lines: [Line(listing: 4)], minutesAgo: 50, deliveries: [confirmed], isDisputed: true, isRevealed: true),
    SeedOrder(
      order: .expired, state: "expired", email: "gone@example.com", lines: [Line(listing: 1)], minutesAgo: 180,
      isPaid: false),
    SeedOrder(
      order: .declined, state: "payment_failed", email: "poor@example.com", lines: [Line(listing: 3)],
      minutesAgo: 40, isPaid: false, decline: "card_velocity_exceeded"),
    SeedOrder(
      order: .partlyRefunded, state: "partially_refunded", email: "some@example.com",
      lines: [Line(listing: 1, quantity: 2)], minutesAgo: 30, deliveries: [confirmed, confirmed], refund: 2_499),
  ]
}

/// What is on sale.
struct SeedListing {
  var id: Int64
  var vendor: Int64
  var title: String
  var price: Int64
  var currency: String
  var available: Int64
  var platform: String

  static let all = [
    SeedListing(
      id: 1, vendor: 1, title: "Stellar Drift", price: 2_499, currency: "eur", available: 5, platform: "Steam"),
    SeedListing(
      id: 2, vendor: 1, title: "ラーメン Quest", price: 1_200, currency: "jpy", available: 0, platform: "Switch"),
    SeedListing(
      id: 3, vendor: 2, title: "Зимняя сказка, Deluxe", price: 1_999, currency: "eur", available: 9,
      platform: "GOG"),
    SeedListing(
      id: 4, vendor: 2, title: "-40 °C", price: 999, currency: "usd", available: 3, platform: "Epic"),
  ]

  static func of(_ line: SeedOrder.Line) -> SeedListing { all[Int(line.listing) - 1] }
}
