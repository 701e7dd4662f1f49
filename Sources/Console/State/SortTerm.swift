import Market

/// The `sort:` term of a filter's text, as the choice of an order changes it.
enum SortTerm {
  /// The same filter, sorted by this; by nothing if `nil`.
  static func replace(in filter: String, by sort: FilterSort?) -> String {
    var terms: [String] = []
    var isQuoted = false
    for word in filter.split(separator: " ", omittingEmptySubsequences: false) {
      let isSort = word.hasPrefix("sort:") || word.hasPrefix("-sort:")
      if isQuoted || !isSort { terms.append(String(word)) }
      // A blank inside of quotes parts no terms.
      if word.count(where: { $0 == "\"" }) % 2 == 1 { isQuoted.toggle() }
    }
    if let sort { terms.append("\(sort.isAscending ? "-" : "")sort:\(sort.name)") }
    return terms.filter { !$0.isEmpty }.joined(separator: " ")
  }
}
