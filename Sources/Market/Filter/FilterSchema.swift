/// What one list can be filtered by: its fields and what each takes.
///
/// ## The language
///
///     state:stuck vendor:keyhaus since:2h amount>100 -refunded buyer@example
///
/// Terms stand apart by blanks and all have to hold. `-` in front turns one round.
///
/// | term | holds where |
/// |---|---|
/// | `field:value` (or `=`) | the field is, or for text contains, the value |
/// | `field:a,b` | it is one of them (words, text and ids) |
/// | `field>value` `>=` `<` `<=` | it compares so (amounts, numbers, times) |
/// | `since:2h` `until:2026-03-01` | the list's time lies there |
/// | `sort:amount` | always: the rows come by it, the largest or latest first; with `-`, the smallest or earliest |
/// | `word`, `"two words"` | the row has it anywhere that is searched; an unquoted word that is a value of the list's main field (`refunded`) means that |
///
/// A value with blanks, commas or quotes stands in `"…"`; inside, `\"` is a quote and `\\` a backslash. Times are
/// `30s 15m 2h 3d 1w` ago, `now`, `today`, `yesterday`, `2026-03-01`, `2026-03-01T12:30` or with seconds, all UTC.
/// Amounts are in whole units with decimals: `100`, `19.99`, `19.99eur`.
package struct FilterSchema: Sendable {
  package let fields: [FilterField]
  /// The time that `since:` and `until:` speak of.
  package let timeField: String?
  /// The enumeration whose values may stand alone.
  package let mainField: String?
  /// Whether words without a field are searched for.
  package let allowsFreeText: Bool
  /// What `sort:` takes; empty where a list has one order.
  package private(set) var sorts: [String] = []

  package init(
    _ fields: [FilterField], timeField: String? = nil, mainField: String? = nil, allowsFreeText: Bool = true
  ) {
    self.fields = fields
    self.timeField = timeField
    self.mainField = mainField
    self.allowsFreeText = allowsFreeText
  }

  /// The same, of a list that can be sorted.
  package func sortable(by names: [String]) -> FilterSchema {
    var schema = self
    schema.sorts = names
    return schema
  }

  package func field(named name: String) -> FilterField? { fields.first { $0.name == name } }

  /// Reads `text`. `now` is what relative times count back from.
  package func parse(_ text: String, now: Instant) throws(FilterError) -> FilterExpression {
    var lexer = try FilterLexer(text)
    var terms: [FilterTerm] = []
    var sort: FilterSort?
    while let raw = try lexer.next() {
      guard terms.count < Self.termLimit else {
        throw FilterError(column: raw.column, message: "more than \(Self.termLimit) terms")
      }
      let reader = FilterTermReader(schema: self, now: now)
      if raw.field?.name == "sort", field(named: "sort") == nil {
        sort = try reader.sort(raw, after: sort)
      } else {
        terms.append(try reader.read(raw))
      }
    }
    return FilterExpression(terms: terms, sort: sort)
  }

  package static let termLimit = 32
  package static let valueLimit = 32
  /// In characters.
  package static let lengthLimit = 1_000
}

/// One thing a list can be filtered by.
package struct FilterField: Hashable, Sendable {
  /// Lower-case ASCII letters, digits and `_`, a letter first.
  package let name: String
  package let kind: FilterKind
  /// A few words, shown while completing.
  package let help: String

  package init(_ name: String, _ kind: FilterKind, _ help: String = "") {
    self.name = name
    self.kind = kind
    self.help = help
  }
}

/// What a field's values are.
package enum FilterKind: Hashable, Sendable {
  /// One of these words, exactly.
  case enumeration([String])
  /// Any text; holds where the column contains it, whatever the case.
  case text
  case time
  case money
  case integer
  /// A name taken exactly: an order number, a Stripe id, a vendor's name.
  case id

  /// Whether `>` and its like make sense.
  package var isOrdered: Bool {
    switch self {
    case .time, .money, .integer: true
    case .enumeration, .text, .id: false
    }
  }
}
