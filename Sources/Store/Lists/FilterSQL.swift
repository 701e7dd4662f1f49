import Market
import Postgres

/// Turns a filter into conditions of a list's query. The schema has already refused what a list does not know.
struct FilterSQL {
  let kind: ListKind

  func conditions(_ expression: FilterExpression) -> [SQL] {
    expression.terms.map { term in
      let condition = condition(term.predicate)
      return term.isNegated ? "NOT coalesce((\(sql: condition)), false)" : "(\(sql: condition))"
    }
  }

  private func condition(_ predicate: FilterPredicate) -> SQL {
    switch predicate {
    case .freeText(let text): freeText(text)
    case .oneOf(let field, let values): oneOf(field, values)
    case .contains(let field, let values):
      SQL.joined(values.map { "strpos(lower(\(unescaped: column(field))), lower(\($0))) > 0" }, by: " OR ")
    case .time(let field, let from, let until): time(field, from, until)
    case .money(let field, let comparison, let amount): money(field, comparison, amount)
    case .integer(let field, let comparison, let value):
      "\(unescaped: column(field)) \(unescaped: comparison.rawValue) \(value)"
    }
  }

  private func oneOf(_ field: String, _ values: [String]) -> SQL {
    switch (kind, field) {
    case (.orders, "state"):
      var parts: [SQL] = ["o.state = ANY (\(values))"]
      // Paid, and still not delivered after the promised time, or waiting for a person.
      if values.contains("stuck") {
        parts.append(
          """
          (o.state IN ('held', 'paid_unfulfillable')
            OR (o.state = 'paid' AND o.paid_at < now() - interval '30 seconds'))
          """)
      }
      return SQL.joined(parts, by: " OR ")
    case (.stock, "state"):
      var parts: [SQL] = ["l.state = ANY (\(values))"]
      if values.contains("low") { parts.append("s.available <= l.low_stock") }
      if values.contains("empty") { parts.append("s.available = 0") }
      return SQL.joined(parts, by: " OR ")
    case (.orders, "vendor"):
      return """
        o.id IN (SELECT w.order_id FROM gkm.vendor_order w JOIN gkm.vendor v ON v.id = w.vendor_id
          WHERE v.handle = ANY (\(values.map { $0.lowercased() })))
        """
    case (_, "number"), (_, "order"):
      return "o.number = ANY (\(values.map { OrderNumber($0)?.text ?? $0.uppercased() }))"
    case (_, "currency"), (_, "vendor"):
      return "\(unescaped: column(field)) = ANY (\(values.map { $0.lowercased() }))"
    default: return "\(unescaped: column(field)) = ANY (\(values))"
    }
  }

  private func time(_ field: String, _ from: Instant?, _ until: Instant?) -> SQL {
    var parts: [SQL] = []
    if let from { parts.append("\(unescaped: column(field)) >= \(from)") }
    if let until { parts.append("\(unescaped: column(field)) < \(until)") }
    return parts.isEmpty ? "true" : SQL.joined(parts, by: " AND ")
  }

  /// Amounts are typed in whole units; a row's minor units are scaled by its own currency.
  private func money(_ field: String, _ comparison: FilterComparison, _ amount: FilterAmount) -> SQL {
    let row = kind == .payments ? "a" : kind == .stock ? "l" : "o"
    var condition: SQL = """
      \(unescaped: column(field)) * CASE
        WHEN \(unescaped: row).currency = ANY (\(Currency.codes(minorDigits: 0))) THEN 1000
        WHEN \(unescaped: row).currency = ANY (\(Currency.codes(minorDigits: 3))) THEN 1
        ELSE 10 END \(unescaped: comparison.rawValue) \(amount.thousandths)
      """
    if let currency = amount.currency { condition += " AND \(unescaped: row).currency = \(currency)" }
    return condition
  }

  private func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    let end = "\u{10FFFF}"
    switch kind {
    case .orders:
      return """
        lower(o.customer_email) ~>=~ \(lower) AND lower(o.customer_email) ~<~ \(lower + end)
          OR strpos(lower(o.customer_email), \(lower)) > 0 OR strpos(o.number, \(text.uppercased())) > 0
          OR o.checkout_session = \(text) OR p.intent = \(text)
          OR EXISTS (SELECT FROM gkm.order_line x WHERE x.order_id = o.id AND strpos(lower(x.title), \(lower)) > 0)
        """
    case .payments:
      return """
        strpos(o.number, \(text.uppercased())) > 0 OR a.charge_id = \(text) OR p.intent = \(text)
          OR strpos(lower(coalesce(a.message, '')), \(lower)) > 0 OR a.card_last4 = \(text)
          OR a.decline_code = \(lower) OR a.code = \(lower)
        """
    case .deliveries:
      return """
        strpos(o.number, \(text.uppercased())) > 0 OR strpos(lower(o.customer_email), \(lower)) > 0
          OR v.handle = \(lower) OR strpos(lower(coalesce(d.last_reply, '')), \(lower)) > 0
        """
    case .stock:
      return """
        strpos(lower(p.title), \(lower)) > 0 OR strpos(lower(p.platform), \(lower)) > 0 OR v.handle = \(lower)
        """
    case .audit:
      return """
        strpos(e.action, \(lower)) > 0 OR strpos(e.actor, \(lower)) > 0 OR e.stripe_event = \(text)
          OR e.subject_id = \(text) OR o.number = \(text.uppercased())
        """
    }
  }

  /// A field's column, of the aliases that the lists' queries use.
  private func column(_ field: String) -> String {
    switch (kind, field) {
    case (.orders, "email"): "o.customer_email"
    case (.orders, "amount"): "o.amount"
    case (.orders, "currency"): "o.currency"
    case (.orders, "title"): "(SELECT string_agg(x.title, ' ') FROM gkm.order_line x WHERE x.order_id = o.id)"
    case (.orders, "paid"): "o.paid_at"
    case (.orders, _): "o.created_at"
    case (.payments, "outcome"): "a.outcome"
    case (.payments, "charge"): "a.charge_id"
    case (.payments, "code"): "a.code"
    case (.payments, "decline"): "a.decline_code"
    case (.payments, "last4"): "a.card_last4"
    case (.payments, "brand"): "a.card_brand"
    case (.payments, "amount"): "a.amount"
    case (.payments, _): "a.attempted_at"
    case (.deliveries, "state"): "d.state"
    case (.deliveries, "vendor"): "v.handle"
    case (.deliveries, "email"): "o.customer_email"
    case (.deliveries, "attempts"): "d.attempts"
    case (.deliveries, "reply"): "d.last_reply"
    case (.deliveries, _): "d.created_at"
    case (.stock, "vendor"): "v.handle"
    case (.stock, "title"): "p.title"
    case (.stock, "platform"): "p.platform"
    case (.stock, "available"): "s.available"
    case (.stock, _): "l.price"
    case (.audit, "action"): "e.action"
    case (.audit, "actor"): "e.actor"
    case (.audit, "subject"): "e.subject_kind"
    case (.audit, "event"): "e.stripe_event"
    case (.audit, "vendor"): "v.handle"
    case (.audit, _): "e.at"
    }
  }
}
