/// A moment as `timestamptz` keeps it.
package struct PostgresTimestamp: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01 00:00:00 UTC, leap seconds not counted.
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// `'infinity'`: after every other moment.
  package static let infinity = PostgresTimestamp(microseconds: .max)
  /// `'-infinity'`: before every other moment.
  package static let minusInfinity = PostgresTimestamp(microseconds: .min)

  /// Microseconds between the Unix epoch and the server's, 2000-01-01.
  private static let epochShift: Int64 = 946_684_800_000_000

  /// The value on the wire, microseconds since 2000-01-01. Moments out of an `Int64` become an infinity.
  var serverMicroseconds: Int64 {
    if microseconds == .max || microseconds == .min { return microseconds }
    let (value, overflow) = microseconds.subtractingReportingOverflow(Self.epochShift)
    return overflow ? .min : value
  }

  init(serverMicroseconds: Int64) {
    if serverMicroseconds == .max || serverMicroseconds == .min {
      microseconds = serverMicroseconds
    } else {
      let (value, overflow) = serverMicroseconds.addingReportingOverflow(Self.epochShift)
      microseconds = overflow ? .max : value
    }
  }

  package static func < (left: PostgresTimestamp, right: PostgresTimestamp) -> Bool {
    left.microseconds < right.microseconds
  }
}
