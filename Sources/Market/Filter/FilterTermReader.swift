/// Gives a raw term its meaning under a schema.
struct FilterTermReader {
  let schema: FilterSchema
  let now: Instant

  func read(_ raw: RawTerm) throws(FilterError) -> FilterTerm {
    let predicate: FilterPredicate =
      if let field = raw.field { try self.predicate(of: raw, field: field) } else { try bareWord(raw.values[0]) }
    return FilterTerm(isNegated: raw.isNegated, predicate, column: raw.column)
  }

  /// Reads `sort:name`, or `-sort:name` for the other way round.
  func sort(_ raw: RawTerm, after other: FilterSort?) throws(FilterError) -> FilterSort {
    guard other == nil else {
      throw FilterError(column: raw.column, message: "a list is sorted by one thing: `sort:` stands twice")
    }
    guard !schema.sorts.isEmpty else {
      throw FilterError(column: raw.column, message: "this list has one order, and cannot be sorted")
    }
    guard raw.comparison == .equal else { throw wrongOperator(raw, "`sort` takes `:`") }
    let value = try single(raw)
    guard let name = schema.sorts.first(where: { $0 == value.text.lowercased() }) else {
      throw FilterError(
        column: value.column,
        message: "only what has an index sorts this list: \(schema.sorts.joined(separator: ", "))",
        suggestion: Nearest.match(to: value.text.lowercased(), among: schema.sorts))
    }
    return FilterSort(name: name, isAscending: raw.isNegated)
  }

  private func bareWord(_ value: RawTerm.Value) throws(FilterError) -> FilterPredicate {
    if !value.isQuoted, let main = schema.mainField, case .enumeration(let allowed) = schema.field(named: main)?.kind,
      let word = allowed.first(where: { $0 == value.text.lowercased() })
    {
      return .oneOf(field: main, values: [word])
    }
    guard schema.allowsFreeText else {
      throw FilterError(
        column: value.column, message: "`\(value.text)` has no field and this list has no free text",
        suggestion: schema.fields.first.map { "\($0.name):\(value.text)" })
    }
    return .freeText(value.text)
  }

  private func predicate(
    of raw: RawTerm, field: (name: String, column: Int)
  ) throws(FilterError) -> FilterPredicate {
    if let timeField = schema.timeField, field.name == "since" || field.name == "until" {
      guard raw.comparison == .equal else { throw wrongOperator(raw, "`\(field.name)` takes `:`") }
      let span = try time(single(raw))
      return field.name == "since"
        ? .time(field: timeField, from: span.from, until: nil)
        : .time(field: timeField, from: nil, until: span.until ?? span.from)
    }
    guard let known = schema.field(named: field.name) else {
      throw FilterError(
        column: field.column, message: "there is no field `\(field.name)`",
        suggestion: Nearest.match(to: field.name, among: schema.fieldNames))
    }
    guard raw.comparison == .equal || known.kind.isOrdered else {
      throw wrongOperator(raw, "`\(known.name)` takes `:`, not `\(raw.comparison.rawValue)`")
    }
    return try predicate(of: raw, known: known)
  }

  private func predicate(of raw: RawTerm, known: FilterField) throws(FilterError) -> FilterPredicate {
    switch known.kind {
    case .enumeration(let allowed):
      var words: [String] = []
      for value in raw.values { words.append(try word(value, of: known, among: allowed)) }
      return .oneOf(field: known.name, values: words)
    case .text: return .contains(field: known.name, values: raw.values.map(\.text))
    case .id: return .oneOf(field: known.name, values: raw.values.map(\.text))
    case .time:
      let span = try time(single(raw))
      return .time(field: known.name, from: span.lower(raw.comparison), until: span.upper(raw.comparison))
    case .money: return .money(field: known.name, raw.comparison, try amount(single(raw)))
    case .integer:
      let value = try single(raw)
      guard let number = Int64(value.text) else {
        throw FilterError(column: value.column, message: "`\(value.text)` is no whole number")
      }
      return .integer(field: known.name, raw.comparison, number)
    }
  }

  private func word(
    _ value: RawTerm.Value, of field: FilterField, among allowed: [String]
  ) throws(FilterError) -> String {
    let lowered = value.text.lowercased()
    if let word = allowed.first(where: { $0.lowercased() == lowered }) { return word }
    let listed = allowed.prefix(12).joined(separator: ", ") + (allowed.count > 12 ? ", …" : "")
    throw FilterError(
      column: value.column, message: "`\(value.text)` is no \(field.name): \(listed)",
      suggestion: Nearest.match(to: lowered, among: allowed))
  }

  private func time(_ value: RawTerm.Value) throws(FilterError) -> FilterSpan {
    if let span = FilterSpan(value.text, now: now) { return span }
    throw FilterError(
      column: value.column,
      message: "`\(value.text)` is no time: 15m, 2h, 3d, today, 2026-03-01 or 2026-03-01T12:30 is")
  }

  private func amount(_ value: RawTerm.Value) throws(FilterError) -> FilterAmount {
    guard let amount = FilterAmount(typed: value.text) else {
      throw FilterError(column: value.column, message: "`\(value.text)` is no amount: 100, 19.99 or 19.99eur is")
    }
    return amount
  }

  private func single(_ raw: RawTerm) throws(FilterError) -> RawTerm.Value {
    guard raw.values.count == 1 else {
      throw FilterError(
        column: raw.values[1].column - 1, message: "only one value can stand here",
        suggestion: raw.values.allSatisfy { Int64($0.text) != nil } ? raw.values.map(\.text).joined() : nil)
    }
    return raw.values[0]
  }

  private func wrongOperator(_ raw: RawTerm, _ message: String) -> FilterError {
    let field = raw.field ?? ("", raw.column)
    return FilterError(
      column: field.column + field.name.count, message: message,
      suggestion: "\(field.name):\(raw.values[0].text)")
  }
}

extension FilterSchema {
  /// Every name that may stand before an operator.
  var fieldNames: [String] {
    fields.map(\.name) + (timeField == nil ? [] : ["since", "until"])
      + (sorts.isEmpty ? [] : ["sort"])
  }
}
