/// What a person chose in the console and finds again next time.
package struct Remembered: Equatable, Sendable {
  package var theme: String?
  /// Column ids by list; what is not named is shown.
  package var hiddenColumns: [String: [String]] = [:]
  /// Filters as typed, by list, the newest first.
  package var filters: [String: [String]] = [:]
  package var isPaneHidden = false
  /// The hint for those who are here for the first time was shown.
  package var isHintSeen = false

  package init() {}

  /// Where nothing can be kept nobody is greeted as new, every time.
  static let ofNobody: Remembered = {
    var remembered = Remembered()
    remembered.isHintSeen = true
    return remembered
  }()

  /// Filters that are kept for one list at most.
  static let filterLimit = 30

  /// Keeps a filter of a list in front of the others.
  package mutating func keep(filter: String, of list: String) {
    var kept = (filters[list] ?? []).filter { $0 != filter }
    kept.insert(filter, at: 0)
    filters[list] = Array(kept.prefix(Self.filterLimit))
  }
}
