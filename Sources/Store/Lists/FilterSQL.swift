import Market
import Postgres

/// Turns a filter into conditions of a list's query. The schema has already refused what a list does not know.
enum FilterSQL<List: ListDefinition> {
  static func conditions(_ expression: FilterExpression) -> [SQL] {
    expression.terms.map { term in
      let condition = condition(term.predicate)
      return term.isNegated ? "NOT coalesce((\(sql: condition)), false)" : "(\(sql: condition))"
    }
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
    case "number", "order": "o.number = ANY (\(values.map { OrderNumber($0)?.text ?? $0.uppercased() }))"
    case "currency", "vendor": "\(unescaped: List.column(field)) = ANY (\(values.map { $0.lowercased() }))"
    default: "\(unescaped: List.column(field)) = ANY (\(values))"
    }
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
      \(unescaped: List.column(field)) * CASE
        WHEN \(unescaped: row).currency = ANY (\(Currency.codes(minorDigits: 0))) THEN 1000
        WHEN \(unescaped: row).currency = ANY (\(Currency.codes(minorDigits: 3))) THEN 1
        ELSE 10 END \(unescaped: comparison.rawValue) \(amount.thousandths)
      """
    if let currency = amount.currency { condition += " AND \(unescaped: row).currency = \(currency)" }
    return condition
  }
}
