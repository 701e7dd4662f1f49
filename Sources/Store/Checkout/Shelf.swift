import Market
import Postgres

/// What a reservation starts from: the stock of its listings with their versions, the prices and the commission of this
/// moment. What is given to one buyer is no longer there for the next.
struct Shelf {
  struct Stock {
    let offer: ListingOffer
    let version: Int64
    let commission: CommissionChoice
    /// Given to buyers of this group.
    var given: Int64 = 0

    var left: Int64 { offer.available - given }
  }

  private(set) var stocks: [ListingID: Stock]

  /// - Parameter locking: holds the rows until the transaction ends, in the order of their listings, so that nobody
  ///   changes them meanwhile.
  static func read(_ session: borrowing Session, _ listings: [ListingID], locking: Bool) throws -> Shelf {
    let lock: SQL = locking ? "FOR UPDATE OF s" : ""
    let stocks = try session.rows(
      """
      SELECT \(sql: ListingOffer.columns), s.version, \(sql: CommissionChoice.columns)
      FROM \(sql: ListingOffer.tables)
      \(sql: CommissionChoice.lateral(at: "now()"))
      WHERE l.id = ANY(\(listings)) ORDER BY s.listing_id \(sql: lock)
      """
    ) { row in
      let next = ListingOffer.columnCount
      return Stock(
        offer: try ListingOffer(row), version: try row.int64(next),
        commission: try CommissionChoice(row, from: next + 1))
    }
    return Shelf(stocks: Dictionary(uniqueKeysWithValues: stocks.map { ($0.offer.id, $0) }))
  }

  /// What was there at the read.
  var available: [ListingID: Int64] { stocks.mapValues(\.offer.available) }

  /// Those of which something was given, by listing.
  var touched: [Stock] { stocks.values.filter { $0.given > 0 }.sorted { $0.offer.id < $1.offer.id } }

  /// One line of a cart that is granted.
  struct Line {
    let stock: Stock
    let quantity: Int
    let total: Money
    let commission: Money
  }

  /// What one buyer gets: the whole cart, or the reason why nothing.
  enum Share {
    case granted([Line], amount: Money)
    case refused(ReservationOutcome)

    var refusal: ReservationOutcome? { if case .refused(let outcome) = self { outcome } else { nil } }
  }

  /// Gives to a buyer what they wish for, if all of it is there.
  mutating func give(_ wish: ReservationWish) throws -> Share {
    var lines: [Line] = []
    var currency = wish.currency
    for line in wish.lines {
      guard let stock = stocks[line.listing] else { return .refused(.unknownListing(line.listing)) }
      if let refusal = Self.refusal(of: line, stock, currency) { return .refused(refusal) }
      currency = stock.offer.price.currency
      guard let total = try? stock.offer.price.multiplied(by: line.quantity), total.amount <= CartLimits.amount else {
        return .refused(.tooExpensive)
      }
      lines.append(
        Line(
          stock: stock, quantity: line.quantity, total: total,
          commission: try stock.commission.terms.split(unitPrice: stock.offer.price, quantity: line.quantity).commission
        ))
    }
    // A cart of nothing.
    guard let currency else { return .refused(.unknownListing(ListingID(0))) }
    let amount = lines.reduce(0) { $0 + $1.total.amount }
    guard amount <= CartLimits.amount else { return .refused(.tooExpensive) }
    for line in lines {
      let offer = line.stock.offer
      guard offer.available > 0 else { return .refused(.soldOut(offer.id, title: offer.title)) }
      guard line.stock.left >= Int64(line.quantity) else {
        return .refused(.stockChanged(offer.id, title: offer.title, left: line.stock.left))
      }
    }
    for line in lines { stocks[line.stock.offer.id]?.given += Int64(line.quantity) }
    return .granted(lines, amount: Money(amount, currency))
  }

  /// Why a line cannot be had, whatever the stock.
  private static func refusal(of line: CartLine, _ stock: Stock, _ currency: Currency?) -> ReservationOutcome? {
    let offer = stock.offer
    guard offer.isForSale else { return .notForSale(offer.id, title: offer.title) }
    let limit = min(offer.maximumPerOrder, CartLimits.unitsPerLine)
    guard (1...limit).contains(line.quantity) else { return .overLimit(offer.id, limit) }
    let sold = offer.price.currency
    if let currency, currency != sold { return .otherCurrency(offer.id, sold: sold, order: currency) }
    return nil
  }
}
