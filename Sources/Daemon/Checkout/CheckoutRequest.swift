import Market
package import Store

/// `POST /v1/checkout`, valid in form.
package struct CheckoutRequest: Sendable {
  package var wish: ReservationWish
  /// As the body has them, to say which one is at fault.
  private let listings: [ListingID]

  package static let schema = Schema.named(
    "Checkout",
    .object([
      .init(
        "lines",
        .array(
          of: .object([
            .id("listing_id", "From the catalogue; each listing once."),
            .init(
              optional: "quantity", .integer(1...Int64(CartLimits.unitsPerLine)),
              "1 where it is absent; the listing's `max_per_order` at most."),
          ]), count: 1...CartLimits.lines),
        "What is bought: all of it or nothing, from any number of vendors, in one currency."),
      .init("email", .string(.email), "Where the keys are sent."),
      .init(optional: "name", .nullable(.string(.plain(120)))),
      .init(optional: "locale", .nullable(.string(.locale)), "The language of mails and pages; “en” where absent."),
      .init(
        optional: "currency", .nullable(.string(.currency)),
        "What the buyer takes the prices to be in: the order is refused if they are not."),
    ]))

  /// Reads a body. Throws a `Problem` that names every field that is wrong.
  package static func parse(_ body: [UInt8]) throws(Problem) -> CheckoutRequest {
    let value = try schema.read(body)
    let lines = (value["lines"]?.elements ?? []).map { line in
      CartLine(ListingID(line["listing_id"]?.whole ?? 0), quantity: Int(line["quantity"]?.whole ?? 1))
    }
    var problems: [Problem.Field] = []
    for (index, line) in lines.enumerated() where lines[..<index].contains(where: { $0.listing == line.listing }) {
      problems.append(.init("/lines/\(index)/listing_id", "stands in the cart already"))
    }
    guard problems.isEmpty else { throw .invalid(problems) }
    return CheckoutRequest(
      wish: ReservationWish(
        lines, currency: value["currency"]?.text.flatMap { Currency($0) }, email: value["email"]?.text ?? "",
        name: value["name"]?.text, locale: value["locale"]?.text ?? "en"),
      listings: lines.map(\.listing))
  }

  private init(wish: ReservationWish, listings: [ListingID]) {
    self.wish = wish
    self.listings = listings
  }

  /// Where the body names a listing: `/lines/2/quantity`.
  func pointer(_ listing: ListingID, _ member: String) -> String {
    "/lines/\(listings.firstIndex(of: listing) ?? 0)/\(member)"
  }
}
