package import Market

/// One buyer's wish for a listing, valid in form.
package struct ReservationWish: Sendable {
  package var quantity: Int
  package var email: String
  package var name: String?
  package var locale: String

  package init(quantity: Int, email: String, name: String? = nil, locale: String = "en") {
    self.quantity = quantity
    self.email = email
    self.name = name
    self.locale = locale
  }
}

/// An order whose stock is held.
package struct OpenedOrder: Sendable, Equatable {
  package let id: OrderID
  package let number: String
  package let listing: ListingID
  package let title: String
  package let quantity: Int
  package let unitPrice: Money
  package let amount: Money
  /// When the customer can no longer pay, by the database's clock.
  package let payableUntil: Instant
}

/// What came of one wish.
package enum ReservationOutcome: Sendable, Equatable {
  case opened(OpenedOrder)
  /// There was nothing left when the reservation began.
  case soldOut(title: String)
  /// There is less left than wished for.
  case stockChanged(title: String, left: Int64)
  /// Others were faster, every time.
  case stockBusy(title: String)
  case overLimit(Int)
  case notForSale(title: String)
  case unknownListing
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
  /// What was available at the read.
  package let available: Int64

  package var description: String { "the stock of listing \(listing) changed in between" }
}

/// A customer as a vendor may see them: `a•••@e•••.com`.
package func maskedCustomer(_ email: String) -> String {
  let parts = email.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
  guard parts.count == 2, let first = parts[0].first, let domain = parts[1].first else { return "•••" }
  let suffix = parts[1].lastIndex(of: ".").map { String(parts[1][$0...]) } ?? ""
  return "\(first)•••@\(domain)•••\(suffix)"
}
