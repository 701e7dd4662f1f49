package import Market
package import Postgres

/// One page of a list, as a person of some role may see it.
package enum ListPage: Sendable, Equatable {
  case orders([OrderRow])
  case payments([PaymentRow])
  case deliveries([DeliveryRow])
  case stock([StockRow])
  case audit([AuditRow])

  package var rows: [any ListRow] {
    switch self {
    case .orders(let rows): rows
    case .payments(let rows): rows
    case .deliveries(let rows): rows
    case .stock(let rows): rows
    case .audit(let rows): rows
    }
  }

  /// Reads the page behind `after` (an id), newest first, at most `limit` rows (1 to 500).
  ///
  /// Every list pages by keyset on its id, so that a page costs the same however deep it lies. A vendor's goes through
  /// the functions made for vendors; the database refuses anything else.
  package static func read(
    _ session: borrowing Session, viewer: Viewer, kind: ListKind, filter: FilterExpression, after: Int64? = nil,
    limit: Int = 100
  ) throws -> ListPage {
    let limit = min(max(limit, 1), 500)
    guard kind.isOpen(to: viewer.role) else { throw StoreError.notForVendors("the list of \(kind.rawValue)") }
    guard viewer.role != .vendor else {
      return try vendors(session, viewer, kind, VendorList.Conditions(filter), after, limit)
    }
    let conditions = FilterSQL(kind: kind).conditions(filter)
    switch kind {
    case .orders: return .orders(try OrderList.page(session, where: conditions, after: after, limit: limit))
    case .payments: return .payments(try PaymentList.page(session, where: conditions, after: after, limit: limit))
    case .deliveries:
      return .deliveries(try DeliveryList.page(session, where: conditions, after: after, limit: limit))
    case .stock: return .stock(try StockList.page(session, where: conditions, after: after, limit: limit))
    case .audit: return .audit(try AuditList.page(session, where: conditions, after: after, limit: limit))
    }
  }

  private static func vendors(
    _ session: borrowing Session, _ viewer: Viewer, _ kind: ListKind, _ conditions: VendorList.Conditions,
    _ after: Int64?, _ limit: Int
  ) throws -> ListPage {
    switch kind {
    case .orders:
      .orders(try VendorList.orders(session, viewer: viewer, conditions, after: after, limit: limit))
    case .deliveries:
      .deliveries(try VendorList.deliveries(session, viewer: viewer, conditions, after: after, limit: limit))
    case .stock: .stock(try VendorList.stock(session, viewer: viewer, conditions, after: after, limit: limit))
    case .audit: .audit(try VendorList.audit(session, viewer: viewer, conditions, after: after, limit: limit))
    case .payments: throw StoreError.notForVendors("the list of payments")
    }
  }
}

extension VendorList.Conditions {
  /// What of a filter `api.vendor_list` knows; refuses the rest with its position.
  init(_ filter: FilterExpression) throws(FilterError) {
    self.init()
    for term in filter.terms {
      guard !term.isNegated else { throw FilterError(column: term.column, message: "a vendor's lists know no “-”") }
      switch term.predicate {
      case .oneOf("state", let values): state = (state ?? []) + values
      case .time(_, let from, let until):
        if let from { since = from.rfc3339 }
        if let until { self.until = until.rfc3339 }
      case .freeText(let words) where text == nil: text = words
      default:
        throw FilterError(column: term.column, message: "a vendor's lists know state:, since:, until: and a word")
      }
    }
  }
}
