import Market

/// What keeps a list in reach that grows with the market: the table that its rows are of, and the indexes that its
/// pages are read along. A list without one stays short by its nature.
package struct ListKeyset: Sendable {
  /// A column, beside the id, that a list can be sorted by: there is an index on it and the id.
  package struct Sort: Sendable {
    /// What `sort:` calls it. A field of that name is served by the same index.
    package let name: String
    /// The column, or the expression, of a row with this alias.
    let column: @Sendable (_ alias: String) -> String
    /// A field whose rows, for one value, stand in an index in this order.
    let field: String?
    /// Whether rows can be without it. Sorted by it, the list is of those that have it.
    let isPartial: Bool

    init(
      _ name: String, within field: String? = nil, isPartial: Bool = false,
      _ column: @escaping @Sendable (_ alias: String) -> String
    ) {
      self.name = name
      self.field = field
      self.isPartial = isPartial
      self.column = column
    }
  }

  let table: String
  /// The table's alias in the list's query.
  let alias: String
  /// What that table's id is in the list's query.
  let place: String
  /// The same id in a table that is joined by it; said of both, so that neither is read beyond it.
  let twin: String?
  /// How many numbers of the list's rows there are for each id of the table.
  let scale: Int64
  package let sorts: [Sort]

  init(
    _ table: String, as alias: String, place: String? = nil, twin: String? = nil, scale: Int64 = 1, sorts: [Sort] = []
  ) {
    self.table = table
    self.alias = alias
    self.place = place ?? "\(alias).id"
    self.twin = twin
    self.scale = scale
    self.sorts = sorts
  }

  func sort(named name: String) -> Sort? { sorts.first { $0.name == name } }
}
