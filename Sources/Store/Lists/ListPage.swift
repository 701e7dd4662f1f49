package import Market
package import Postgres

/// One page of a list, as a person of some role may see it.
package struct ListPage: Sendable {
  package let kind: ListKind
  package let rows: [any ListRow]

  package init(_ kind: ListKind, _ rows: [any ListRow]) {
    self.kind = kind
    self.rows = rows
  }

  /// The rows as what they are; none where they are something else.
  package func rows<Row: ListRow>(as type: Row.Type) -> [Row] { rows.compactMap { $0 as? Row } }

  /// Reads the page behind `after` (an id), newest first, at most `limit` rows (1 to 500).
  ///
  /// Every list pages by keyset on its id, so that a page costs the same however deep it lies. A vendor's goes through
  /// the functions made for vendors; the database refuses anything else.
  package static func read(
    _ session: borrowing Session, viewer: Viewer, kind: ListKind, filter: FilterExpression, after: Int64? = nil,
    limit: Int = 100
  ) throws -> ListPage {
    guard kind.isOpen(to: viewer.role) else { throw StoreError.notForVendors("the list of \(kind.rawValue)") }
    let rows = try read(
      kind.definition, session, viewer: viewer, filter: filter, after: after, limit: min(max(limit, 1), 500))
    return ListPage(kind, rows)
  }

  private static func read<List: ListDefinition>(
    _ list: List.Type, _ session: borrowing Session, viewer: Viewer, filter: FilterExpression, after: Int64?,
    limit: Int
  ) throws -> [any ListRow] {
    guard viewer.role != .vendor else {
      return try list.vendorPage(
        session, viewer: viewer, VendorList.Conditions(filter), after: after, limit: limit)
    }
    return try list.page(session, where: FilterSQL<List>.conditions(filter), after: after, limit: limit)
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
