import Market
import Postgres

/// Reads a page of a list that grows with the market, so that no page costs more than its rows.
///
/// Where every term of the filter has an index the page is read along it. Any other term is tried on the rows that come
/// next, a few hundred at a time, until the page is full, `reach` rows were looked at, or the time that a page may take
/// is used up: the page then may be short, or empty, and says where reading goes on.
struct KeysetReading<List: ListDefinition> {
  let keyset: ListKeyset
  let filter: FilterExpression
  /// What the rows are sorted by before their id; `nil`: by their id alone.
  private let sort: ListKeyset.Sort?
  private let isAscending: Bool
  /// Rows that a page looks at where a filter's terms have no index.
  private let reach: Int

  /// Rows that are looked at by one statement.
  private static var step: Int { 500 }
  /// After so long no further statement is begun: a page is to be there within 50 ms.
  private static var patience: Duration { .milliseconds(15) }

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
    let conditions = try FilterSQL<List>.conditions(session, filter)
    guard !filter.terms.allSatisfy(isServed) else {
      let rows = try page(session, conditions, after: after, limit: limit)
      return (rows, rows.count == limit ? rows.last?.rowID : nil)
    }
    let deadline = ContinuousClock.now + Self.patience
    var rows: [List.Row] = []
    var place = after
    var looked = 0
    repeat {
      let part = min(Self.step, reach - looked)
      let end = try self.end(session, after: place, part)
      let bound = end.map { [upTo($0)] } ?? []
      rows += try page(session, conditions + bound, after: place, limit: limit - rows.count)
      if rows.count == limit { return (rows, rows.last?.rowID) }
      guard let end else { return (rows, nil) }
      place = end * keyset.scale
      looked += part
    } while looked < reach && ContinuousClock.now < deadline
    return (rows, place)
  }

  private func page(
    _ session: borrowing Session, _ filter: [SQL], after: Int64?, limit: Int
  ) throws -> [List.Row] {
    var conditions = filter
    if let sort {
      let column = sort.column(keyset.alias)
      if sort.isPartial { conditions.append("\(unescaped: column) IS NOT NULL") }
      if let after { conditions.append(behind(after, keyset.alias)) }
      let order = "\(column) \(direction), \(keyset.place) \(direction)"
      return try List.page(session, where: conditions, sortedBy: SQL(unescaped: order), limit: limit)
    }
    guard isAscending else { return try List.page(session, where: conditions, after: after, limit: limit) }
    if let after { conditions.append(behind(after, keyset.alias)) }
    return try List.page(session, where: conditions, sortedBy: "\(unescaped: keyset.place) ASC", limit: limit)
  }

  private var direction: String { isAscending ? "ASC" : "DESC" }
  private var sign: String { isAscending ? ">" : "<" }

  /// The last of the next `count` rows; `nil` where the list ends before it.
  private func end(_ session: borrowing Session, after: Int64?, _ count: Int) throws -> Int64? {
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
      ORDER BY \(sql: order) OFFSET \(count - 1) LIMIT 1
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
    guard let sort else {
      let places = [keyset.place] + (keyset.twin.map { [$0] } ?? [])
      return SQL.joined(places.map { "\(unescaped: $0) \(unescaped: sign) \(id)" }, by: " AND ")
    }
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
