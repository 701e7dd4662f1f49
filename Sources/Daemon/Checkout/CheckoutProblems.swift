import Market
import Store

extension Problem {
  static let checkoutUnavailable = Problem(
    503, "UNAVAILABLE", "The order could not be opened just now. You have not been charged.", retryAfter: 2)
  static let stripeUnavailable = Problem(
    503, "PAYMENT_UNAVAILABLE", "The payment page could not be reached just now. You have not been charged.",
    retryAfter: 5)
  static let stripeRefused = Problem(
    502, "PAYMENT_REFUSED", "The payment page refused this order. You have not been charged.")
}

extension Problem {
  static let requestUnderWay = Problem(
    409, "REQUEST_UNDER_WAY",
    "A request with this Idempotency-Key is being carried out. Please ask again for its answer.",
    fields: [.init("Idempotency-Key", "is in use at this moment")], retryAfter: 1)
  static let keyReused = Problem(
    422, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key came with another request before. Please take a new one.",
    fields: [.init("Idempotency-Key", "belongs to a request with another body")])
}

extension ReservationOutcome {
  /// What an outcome other than an opened order is answered with; fields are named as `request` has them.
  func problem(_ request: CheckoutRequest) -> Problem {
    switch self {
    case .opened: return .failed
    case .repeated: return .requestUnderWay
    case .soldOut(let listing, let title):
      return Problem(
        409, "SOLD_OUT", "\(title) is sold out. You have not been charged.",
        fields: [.init(request.pointer(listing, "listing_id"), "is sold out")])
    case .stockChanged(let listing, let title, let left):
      return Problem(
        409, "STOCK_CHANGED",
        "The stock of \(title) changed while you were checking out; \(left) left. You have not been charged.",
        fields: [.init(request.pointer(listing, "quantity"), "\(left) left")], numbers: ["left": left])
    case .stockBusy(let listing, let title):
      return Problem(
        409, "STOCK_BUSY",
        "Too many are buying \(title) at this moment. Please try again. You have not been charged.",
        fields: [.init(request.pointer(listing, "listing_id"), "is being bought by too many")], retryAfter: 1)
    case .overLimit(let listing, let limit):
      return .invalid([.init(request.pointer(listing, "quantity"), "at most \(limit) can be bought at once")])
    case .notForSale(let listing, let title):
      return Problem(
        409, "NOT_FOR_SALE", "\(title) is not for sale now. You have not been charged.",
        fields: [.init(request.pointer(listing, "listing_id"), "is not for sale now")])
    case .unknownListing(let listing):
      return Problem(
        404, "UNKNOWN_LISTING", "There is no such listing.",
        fields: [.init(request.pointer(listing, "listing_id"), "names no listing")])
    case .otherCurrency(let listing, let sold, let order):
      return .invalid([
        .init(
          request.pointer(listing, "listing_id"),
          "is sold in \(sold.display), and the order is in \(order.display): one order is in one currency")
      ])
    case .tooExpensive:
      return .invalid([.init("/lines", "are more than \(CartLimits.amount) minor units, which one payment cannot be")])
    }
  }

  var telemetry: Telemetry.CheckoutOutcome {
    switch self {
    case .opened: .created
    case .repeated: .repeated
    case .soldOut: .soldOut
    case .stockChanged: .stockChanged
    case .stockBusy: .stockBusy
    case .overLimit, .otherCurrency, .tooExpensive: .invalid
    case .notForSale, .unknownListing: .unknownListing
    }
  }
}
