package import Market
package import Postgres

/// One page of a list, as a person of some role may see it.
package struct ListPage: Sendable {
  package let kind: ListKind
  package let rows: [any ListRow]
  /// Behind which row reading goes on; `nil` where nothing is left. A page can be short, or empty, and yet not the
  /// last: it looks at no more than so many rows.
  package let next: Int64?

  package init(_ kind: ListKind, _ rows: [any ListRow], next: Int64? = nil) {
    self.kind = kind
    self.rows = rows
    self.next = next
  }

  /// The rows as what they are; none where they are something else.
  package func rows<Row: ListRow>(as type: Row.Type) -> [Row] { rows.compactMap { $0 as? Row } }

  /// Reads the page behind `after` (an id), newest first unless the filter sorts, at most `limit` rows (1 to 500).
  ///
  /// Every list pages by keyset on its id, or on a column with an index and its id, so that a page costs the same
  /// however deep it lies. A vendor's goes through the functions made for vendors; the database refuses anything else.
  ///
  /// - Parameter reach: how many rows are looked at where the filter asks for something that has no index.
  package static func readPart(
    _ session: borrowing Session, viewer: Viewer, kind: ListKind, filter: FilterExpression, after: Int64? = nil,
    limit: Int = 100, reach: Int = 5_000
  ) throws -> ListPage {
    guard kind.isOpen(to: viewer.role) else {
      throw StoreError.notShown("the list of \(kind.rawValue)", to: viewer.role)
    }
    let (rows, next) = try read(
      kind.definition, session, viewer: viewer, filter: filter, after: after, limit: min(max(limit, 1), 500),
      reach: max(reach, 1))
    return ListPage(kind, rows, next: next)
  }

  /// Reads on, page by page, until there are `limit` rows or the list has ended.
  package static func read(
    _ session: borrowing Session, viewer: Viewer, kind: ListKind, filter: FilterExpression, after: Int64? = nil,
    limit: Int = 100
  ) throws -> ListPage {
    var page = try readPart(session, viewer: viewer, kind: kind, filter: filter, after: after, limit: limit)
    while page.rows.count < min(limit, 500), let next = page.next {
      let more = try readPart(
        session, viewer: viewer, kind: kind, filter: filter, after: next, limit: limit - page.rows.count)
      page = ListPage(kind, page.rows + more.rows, next: more.next)
    }
    return page
  }

  private static func read<List: ListDefinition>(
    _ list: List.Type, _ session: borrowing Session, viewer: Viewer, filter: FilterExpression, after: Int64?,
    limit: Int, reach: Int
  ) throws -> ([any ListRow], Int64?) {
    if viewer.role != .vendor, let keyset = list.keyset {
      let (rows, next) =
        try KeysetReading<List>(keyset, filter, reach: reach).read(session, after: after, limit: limit)
      return (rows, next)
    }
    let rows =
      viewer.role == .vendor
      ? try list.vendorPage(session, viewer: viewer, VendorList.Conditions(filter), after: after, limit: limit)
      : try list.page(session, where: FilterSQL<List>.conditions(session, filter), after: after, limit: limit)
    return (rows, rows.count == limit ? rows.last?.rowID : nil)
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
