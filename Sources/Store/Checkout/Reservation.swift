package import Market

/// So many of one listing.
package struct CartLine: Hashable, Sendable {
  package let listing: ListingID
  package let quantity: Int

  package init(_ listing: ListingID, quantity: Int = 1) {
    self.listing = listing
    self.quantity = quantity
  }
}

/// One buyer's wish, valid in form: a cart that becomes one order, all of it or nothing.
package struct ReservationWish: Sendable {
  /// By listing, each listing once: the order in which everybody locks.
  package let lines: [CartLine]
  /// What the buyer takes the prices to be in; `nil`: whatever the first line is in.
  package var currency: Currency?
  package var email: String
  package var name: String?
  package var locale: String
  /// Under which key the request is carried out once.
  package var claim: IdempotencyClaim?

  /// Lines of the same listing are added up.
  package init(
    _ lines: [CartLine], currency: Currency? = nil, email: String, name: String? = nil, locale: String = "en"
  ) {
    let quantities = Dictionary(lines.map { ($0.listing, $0.quantity) }) { $0 + $1 }
    self.lines = quantities.sorted { $0.key < $1.key }.map { CartLine($0.key, quantity: $0.value) }
    self.currency = currency
    self.email = email
    self.name = name
    self.locale = locale
  }

  package var units: Int { lines.reduce(0) { $0 + $1.quantity } }
}

/// What one order may hold at most.
package enum CartLimits {
  /// Stripe takes 100 line items; nobody buys from so many listings at once.
  package static let lines = 20
  package static let unitsPerLine = 100
  /// Stripe takes eight digits (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
  package static let amount: Int64 = 99_999_999
}

/// An order whose stock is held.
package struct OpenedOrder: Sendable, Equatable {
  package struct Line: Sendable, Equatable {
    package let listing: ListingID
    package let title: String
    package let quantity: Int
    package let unitPrice: Money
    package let total: Money
  }

  package let id: OrderID
  package let number: String
  /// By listing.
  package let lines: [Line]
  package let amount: Money
  /// When the customer can no longer pay, by the database's clock.
  package let payableUntil: Instant
}

/// What came of one wish. Where it was refused, one of its listings is named.
package enum ReservationOutcome: Sendable, Equatable {
  case opened(OpenedOrder)
  /// There was nothing left when the reservation began.
  case soldOut(ListingID, title: String)
  /// There is less left than wished for.
  case stockChanged(ListingID, title: String, left: Int64)
  /// Others were faster, every time.
  case stockBusy(ListingID, title: String)
  case overLimit(ListingID, Int)
  case notForSale(ListingID, title: String)
  case unknownListing(ListingID)
  /// The listing is sold in another currency than the one the order is in.
  case otherCurrency(ListingID, sold: Currency, order: Currency)
  /// More money than one payment may be.
  case tooExpensive
  /// Another request came under the same key: what became of that one is to be looked up.
  case repeated
}

/// How long stock is held.
package struct ReservationTimes: Sendable {
  /// How long, until the order has a Checkout Session: what a daemon that crashed in between leaves held.
  package var opening: Duration
  /// How long the customer can pay, from the reservation on.
  package var payable: Duration
  /// How long the stock is held beyond that.
  package var grace: Duration

  package init(opening: Duration, payable: Duration, grace: Duration) {
    self.opening = opening
    self.payable = payable
    self.grace = grace
  }
}

/// Somebody else changed the stock between our read and our write.
package struct StockVersionConflict: Error, Sendable, CustomStringConvertible {
  package let listing: ListingID
  package let title: String
  /// What was available at the read, of every listing that was read.
  package let available: [ListingID: Int64]

  package var description: String { "the stock of listing \(listing) changed in between" }
}

/// A customer as a vendor may see them: `a•••@e•••.com`.
package func maskedCustomer(_ email: String) -> String {
  let parts = email.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
  guard parts.count == 2, let first = parts[0].first, let domain = parts[1].first else { return "•••" }
  let suffix = parts[1].lastIndex(of: ".").map { String(parts[1][$0...]) } ?? ""
  return "\(first)•••@\(domain)•••\(suffix)"
}
