/// A filter that was read and understood: every term has to hold.
package struct FilterExpression: Hashable, Sendable {
  package var terms: [FilterTerm]
  /// How the rows are sorted; `nil` leaves it to the list.
  package var sort: FilterSort?

  package init(terms: [FilterTerm] = [], sort: FilterSort? = nil) {
    self.terms = terms
    self.sort = sort
  }

  package var isEmpty: Bool { terms.isEmpty }
}

/// What a list is sorted by: the largest or latest first, or the other way round.
package struct FilterSort: Hashable, Sendable {
  package var name: String
  package var isAscending: Bool

  package init(name: String, isAscending: Bool = false) {
    self.name = name
    self.isAscending = isAscending
  }
}

package struct FilterTerm: Hashable, Sendable {
  /// The term holds where its predicate does not.
  package var isNegated: Bool
  package var predicate: FilterPredicate
  /// Where it began in the text, in characters from 1.
  package var column: Int

  package init(isNegated: Bool = false, _ predicate: FilterPredicate, column: Int) {
    self.isNegated = isNegated
    self.predicate = predicate
    self.column = column
  }
}

/// What a term asks. Field names are those of the schema.
package enum FilterPredicate: Hashable, Sendable {
  /// Found anywhere that the list searches.
  case freeText(String)
  /// An enumeration's or an id's column equals one of these.
  case oneOf(field: String, values: [String])
  /// A text column contains one of these, whatever the case.
  case contains(field: String, values: [String])
  /// `from` ≤ the time < `until`; `nil` is open.
  case time(field: String, from: Instant?, until: Instant?)
  case money(field: String, FilterComparison, FilterAmount)
  case integer(field: String, FilterComparison, Int64)
}

package enum FilterComparison: String, CaseIterable, Sendable {
  case equal = "="
  case greater = ">"
  case greaterOrEqual = ">="
  case less = "<"
  case lessOrEqual = "<="
}

/// An amount as typed. Minor units are only known per row where no currency is named: compare the row's
/// `amount × 10^(3 − minorDigits)` with `thousandths`.
package struct FilterAmount: Hashable, Sendable {
  /// In 1/1,000 of the currency's whole unit.
  package var thousandths: Int64
  /// Rows in other currencies do not match.
  package var currency: Currency?

  package init(thousandths: Int64, currency: Currency? = nil) {
    self.thousandths = thousandths
    self.currency = currency
  }
}

/// Why a filter was not understood, and where.
package struct FilterError: Error, Hashable, CustomStringConvertible {
  /// In characters, from 1.
  package let column: Int
  package let message: String
  /// What was perhaps meant.
  package let suggestion: String?

  package init(column: Int, message: String, suggestion: String? = nil) {
    self.column = column
    self.message = message
    self.suggestion = suggestion
  }

  package var description: String {
    "column \(column): \(message)" + (suggestion.map { "; did you mean `\($0)`?" } ?? "")
  }
}
