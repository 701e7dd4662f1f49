package import Market

/// A row that stands in a list: it has an id that does not change and a version that does.
package protocol ListRow: Sendable, Equatable {
  var rowID: Int64 { get }
  /// The names and values of `--json` and `--csv`, in the order of the columns.
  var fields: [ListField] { get }
}

/// One named value of a row, as scripts read it.
package struct ListField: Sendable, Equatable {
  package let name: String
  package let value: ListValue

  package init(_ name: String, _ value: ListValue) {
    self.name = name
    self.value = value
  }
}

/// A value of a row: plain enough for JSON, CSV and a screen.
package enum ListValue: Sendable, Equatable {
  case none
  case text(String)
  case integer(Int64)
  case flag(Bool)
  /// RFC 3339 in UTC.
  case time(Instant)
  case texts([String])
  case object([ListField])
  case objects([[ListField]])

  package static func optional(_ text: String?) -> ListValue { text.map(ListValue.text) ?? .none }
  package static func optional(_ time: Instant?) -> ListValue { time.map(ListValue.time) ?? .none }
  package static func optional(_ number: Int64?) -> ListValue { number.map(ListValue.integer) ?? .none }
}
