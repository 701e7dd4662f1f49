package import Market
import Terminal

extension ConsoleFailure {
  /// What is wrong with a filter, the filter, and a caret under the place:
  ///
  ///     gkm: in --filter at column 7: `stuk` is no state: open, …; did you mean `stuck`?
  ///       state:stuk
  ///             ^
  package init(_ error: FilterError, in filter: String) {
    let before = String(filter.prefix(error.column - 1))
    let caret = String(repeating: " ", count: TextWidth.of(before)) + "^"
    self.init("in --filter at \(error)\n  \(Sanitizer.clean(filter))\n  \(caret)", status: .usage)
  }
}
