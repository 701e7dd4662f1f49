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

extension ReservationOutcome {
  /// What an outcome other than an opened order is answered with.
  var problem: Problem {
    switch self {
    case .opened: .failed
    case .soldOut(let title): Problem(409, "SOLD_OUT", "\(title) is sold out. You have not been charged.")
    case .stockChanged(let title, let left):
      Problem(
        409, "STOCK_CHANGED",
        "The stock of \(title) changed while you were checking out; \(left) left. You have not been charged.",
        numbers: ["left": left])
    case .stockBusy(let title):
      Problem(
        409, "STOCK_BUSY",
        "Too many are buying \(title) at this moment. Please try again. You have not been charged.", retryAfter: 1)
    case .overLimit(let limit):
      Problem(
        422, "INVALID", "Some fields cannot be taken as they are.",
        fields: [.init("quantity", "at most \(limit) can be bought at once")])
    case .notForSale(let title):
      Problem(409, "NOT_FOR_SALE", "\(title) is not for sale now. You have not been charged.")
    case .unknownListing: Problem(404, "UNKNOWN_LISTING", "There is no such listing.")
    }
  }

  var telemetry: Telemetry.CheckoutOutcome {
    switch self {
    case .opened: .created
    case .soldOut: .soldOut
    case .stockChanged: .stockChanged
    case .stockBusy: .stockBusy
    case .overLimit: .invalid
    case .notForSale, .unknownListing: .unknownListing
    }
  }
}
