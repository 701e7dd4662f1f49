import Market
import Postgres

/// Reads a page of a list that grows with the market, so that no page costs more than its rows.
///
/// Where every term of the filter has an index the page is read along it. Any other term is tried on the next
/// `reach` rows and no further: the page then may be short, or empty, and says where reading goes on.
struct KeysetReading<List: ListDefinition> {
  let keyset: ListKeyset
  let filter: FilterExpression
  /// What the rows are sorted by before their id; `nil`: by their id alone.
  private let sort: ListKeyset.Sort?
  private let isAscending: Bool
  /// Rows that a page looks at where a filter's terms have no index.
  private let reach: Int

  /// A filter by a time that has an index gives the order of that time: the rows it wants lie together there.
  init(_ keyset: ListKeyset, _ filter: FilterExpression, reach: Int) {
    self.keyset = keyset
    self.reach = reach
    self.filter = filter
    if let wanted = filter.sort {
      sort = keyset.sort(named: wanted.name)
      isAscending = wanted.isAscending
      return
    }
    isAscending = false
    let terms = filter.terms.filter { !$0.isNegated }
    let times = terms.lazy.compactMap { Self.timeField($0.predicate) }
    sort =
      times.compactMap { keyset.sort(named: $0) }.first
      ?? keyset.sorts.first { sort in terms.contains { Self.isOne($0.predicate, of: sort.field) } }
  }

  /// The page, and behind which row the next begins; `nil` where nothing is left.
  func read(_ session: borrowing Session, after: Int64?, limit: Int) throws -> (rows: [List.Row], next: Int64?) {
    var conditions = try FilterSQL<List>.conditions(session, filter)
    let end = filter.terms.allSatisfy(isServed) ? nil : try self.end(session, after: after)
    if let end { conditions.append(upTo(end)) }
    let rows: [List.Row]
    if let sort {
      let column = sort.column(keyset.alias)
      if sort.isPartial { conditions.append("\(unescaped: column) IS NOT NULL") }
      if let after { conditions.append(behind(after, keyset.alias)) }
      let order = "\(column) \(direction), \(keyset.place) \(direction)"
      rows = try List.page(session, where: conditions, sortedBy: SQL(unescaped: order), limit: limit)
    } else if isAscending {
      if let after { conditions.append(behind(after, keyset.alias)) }
      rows = try List.page(session, where: conditions, sortedBy: "\(unescaped: keyset.place) ASC", limit: limit)
    } else {
      rows = try List.page(session, where: conditions, after: after, limit: limit)
    }
    if rows.count == limit, let last = rows.last { return (rows, last.rowID) }
    return (rows, end.map { $0 * keyset.scale })
  }

  private var direction: String { isAscending ? "ASC" : "DESC" }
  private var sign: String { isAscending ? ">" : "<" }

  /// The last row that this page looks at; `nil` where the list ends before it.
  private func end(_ session: borrowing Session, after: Int64?) throws -> Int64? {
    var conditions: [SQL] = ["true"]
    var order: SQL = "x.id \(unescaped: direction)"
    if let sort {
      let column = sort.column("x")
      if sort.isPartial { conditions.append("\(unescaped: column) IS NOT NULL") }
      conditions += filter.terms.lazy.filter { !$0.isNegated }.map { Self.range($0.predicate, of: sort, column) }
      order = "\(unescaped: column) \(unescaped: direction), " + order
    }
    if let after { conditions.append(behind(after, "x")) }
    return try session.first(
      """
      SELECT x.id FROM \(unescaped: keyset.table) x WHERE \(sql: SQL.joined(conditions, by: " AND "))
      ORDER BY \(sql: order) OFFSET \(reach - 1) LIMIT 1
      """
    ) { try $0.int64(0) }
  }

  /// Rows behind the one with this number.
  private func behind(_ number: Int64, _ alias: String) -> SQL {
    let id = number / keyset.scale
    let place = alias == keyset.alias ? keyset.place : "\(alias).id"
    guard let sort else {
      // A transaction of which some postings were read has others left.
      return "\(unescaped: place) \(unescaped: keyset.scale > 1 ? sign + "=" : sign) \(id)"
    }
    return """
      (\(unescaped: sort.column(alias)), \(unescaped: place)) \(unescaped: sign)
        ((SELECT \(unescaped: sort.column("y")) FROM \(unescaped: keyset.table) y WHERE y.id = \(id)), \(id))
      """
  }

  /// Rows up to the one with this id, which is the last.
  private func upTo(_ id: Int64) -> SQL {
    let sign = isAscending ? "<=" : ">="
    guard let sort else { return "\(unescaped: keyset.place) \(unescaped: sign) \(id)" }
    return """
      (\(unescaped: sort.column(keyset.alias)), \(unescaped: keyset.place)) \(unescaped: sign)
        ((SELECT \(unescaped: sort.column("y")) FROM \(unescaped: keyset.table) y WHERE y.id = \(id)), \(id))
      """
  }

  /// Whether an index finds the term's rows.
  private func isServed(_ term: FilterTerm) -> Bool {
    guard !term.isNegated else { return false }
    if Self.isOne(term.predicate, of: sort?.field) { return true }
    if let field = Self.timeField(term.predicate) { return field == sort?.name }
    if case .money(let field, _, let amount) = term.predicate { return field == sort?.name && amount.currency == nil }
    return List.isIndexed(term.predicate)
  }

  private static func isOne(_ predicate: FilterPredicate, of field: String?) -> Bool {
    guard case .oneOf(let name, let values) = predicate else { return false }
    return name == field && values.count == 1
  }

  private static func timeField(_ predicate: FilterPredicate) -> String? {
    guard case .time(let field, _, _) = predicate else { return nil }
    return field
  }

  /// What a term demands of the column that is sorted by.
  private static func range(_ predicate: FilterPredicate, of sort: ListKeyset.Sort, _ column: String) -> SQL {
    guard case .time(sort.name, let from, let until) = predicate else { return "true" }
    var parts: [SQL] = ["true"]
    if let from { parts.append("\(unescaped: column) >= \(from)") }
    if let until { parts.append("\(unescaped: column) < \(until)") }
    return SQL.joined(parts, by: " AND ")
  }
}
