import Market
import Postgres

/// Turns a filter into conditions of a list's query. The schema has already refused what a list does not know.
enum FilterSQL<List: ListDefinition> {
  /// Vendors are looked up first: how many rows one has then decides the plan, and not how many they have on average.
  static func conditions(_ session: borrowing Session, _ expression: FilterExpression) throws -> [SQL] {
    var conditions: [SQL] = []
    for term in expression.terms {
      let condition = try vendors(session, term.predicate) ?? condition(term.predicate)
      conditions.append(
        term.isNegated ? "NOT coalesce((\(sql: condition)), false)" : "(\(sql: condition))")
    }
    return conditions
  }

  private static func vendors(_ session: borrowing Session, _ predicate: FilterPredicate) throws -> SQL? {
    guard case .oneOf("vendor", let handles) = predicate, List.ofVendors([]) != nil else { return nil }
    let known: [VendorID] = try session.rows(
      "SELECT id FROM gkm.vendor WHERE handle = ANY (\(handles.map { $0.lowercased() })) ORDER BY id"
    ) { try $0.id(0) }
    return known.isEmpty ? "false" : List.ofVendors(known)
  }

  private static func condition(_ predicate: FilterPredicate) -> SQL {
    switch predicate {
    case .freeText(let text): List.freeText(text)
    case .oneOf(let field, let values): List.condition(field, oneOf: values) ?? oneOf(field, values)
    case .contains(let field, let values):
      SQL.joined(values.map { "strpos(lower(\(unescaped: List.column(field))), lower(\($0))) > 0" }, by: " OR ")
    case .time(let field, let from, let until): time(field, from, until)
    case .money(let field, let comparison, let amount): money(field, comparison, amount)
    case .integer(let field, let comparison, let value):
      "\(unescaped: List.column(field)) \(unescaped: comparison.rawValue) \(value)"
    }
  }

  private static func oneOf(_ field: String, _ values: [String]) -> SQL {
    switch field {
    case "number", "order": isOne("o.number", of: values.map { OrderNumber($0)?.text ?? $0.uppercased() })
    case "currency", "vendor": isOne(List.column(field), of: values.map { $0.lowercased() })
    default: isOne(List.column(field), of: values)
    }
  }

  /// One value is compared by itself: its rows then come in the order of an index on the column and the id.
  private static func isOne(_ column: String, of values: [String]) -> SQL {
    values.count == 1
      ? "\(unescaped: column) = \(values[0])" : "\(unescaped: column) = ANY (\(values))"
  }

  private static func time(_ field: String, _ from: Instant?, _ until: Instant?) -> SQL {
    var parts: [SQL] = []
    if let from { parts.append("\(unescaped: List.column(field)) >= \(from)") }
    if let until { parts.append("\(unescaped: List.column(field)) < \(until)") }
    return parts.isEmpty ? "true" : SQL.joined(parts, by: " AND ")
  }

  /// Amounts are typed in whole units; a row's minor units are scaled by its own currency.
  private static func money(_ field: String, _ comparison: FilterComparison, _ amount: FilterAmount) -> SQL {
    let row = List.moneyAlias
    var condition: SQL = """
      \(unescaped: AmountSQL.thousandths(List.column(field), currency: "\(row).currency"))
        \(unescaped: comparison.rawValue) \(amount.thousandths)
      """
    if let currency = amount.currency { condition += " AND \(unescaped: row).currency = \(currency)" }
    return condition
  }
}

enum AmountSQL {
  /// An amount in 1/1,000 of its currency's whole unit. Letter for letter what the index `orders_amount` is on.
  static func thousandths(_ amount: String, currency: String) -> String {
    func codes(_ digits: Int) -> String {
      Currency.codes(minorDigits: digits).map { "'\($0)'" }.joined(separator: ", ")
    }
    return """
      (\(amount) * CASE WHEN \(currency) IN (\(codes(0))) THEN 1000
        WHEN \(currency) IN (\(codes(3))) THEN 1 ELSE 10 END)
      """
  }
}
