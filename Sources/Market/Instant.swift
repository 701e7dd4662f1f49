/// A moment: microseconds since the Unix epoch, UTC. The resolution of PostgreSQL's `timestamptz`.
package struct Instant: Hashable, Comparable, Sendable {
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }
  package init(unixSeconds: Int64) { microseconds = unixSeconds * 1_000_000 }

  /// Whole seconds since the Unix epoch, rounded down.
  package var unixSeconds: Int64 { microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000 }

  package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }
  package static func + (left: Instant, right: Duration) -> Instant {
    Instant(microseconds: left.microseconds + right.wholeMicroseconds)
  }
  package static func - (left: Instant, right: Duration) -> Instant {
    Instant(microseconds: left.microseconds - right.wholeMicroseconds)
  }
  package static func - (left: Instant, right: Instant) -> Duration {
    .microseconds(left.microseconds - right.microseconds)
  }
}

extension Duration {
  /// Microseconds, the rest cut off.
  package var wholeMicroseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}

/// A date and time of day in UTC, by the proleptic Gregorian calendar.
package struct CivilTime: Equatable, Sendable {
  package var year: Int64
  package var month: Int64
  package var day: Int64
  package var hour: Int64
  package var minute: Int64
  package var second: Int64
  package var microsecond: Int64
}

extension Instant {
  /// Source of the day arithmetic: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  package var civil: CivilTime {
    let seconds = unixSeconds
    let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let rest = seconds - day * 86_400
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthIndex = (5 * dayOfYear + 2) / 153
    let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
    return CivilTime(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * monthIndex + 2) / 5 + 1, hour: rest / 3_600, minute: rest / 60 % 60, second: rest % 60,
      microsecond: microseconds - seconds * 1_000_000)
  }

  /// The inverse of `civil`.
  package init(_ time: CivilTime) {
    let year = time.month <= 2 ? time.year - 1 : time.year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (time.month > 2 ? time.month - 3 : time.month + 9) + 2) / 5 + time.day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    let seconds = days * 86_400 + time.hour * 3_600 + time.minute * 60 + time.second
    microseconds = seconds * 1_000_000 + time.microsecond
  }

  /// RFC 3339 in UTC with microseconds where there are any: `2026-03-01T12:00:00Z`, `2026-03-01T12:00:00.000250Z`.
  package var rfc3339: String {
    let time = civil
    return wholeSeconds(time) + (time.microsecond != 0 ? "." + padded(time.microsecond, 6) : "") + "Z"
  }

  /// RFC 3339 in UTC, always with six decimals: the one spelling that hashed bytes use.
  package var rfc3339Microseconds: String {
    let time = civil
    return wholeSeconds(time) + "." + padded(time.microsecond, 6) + "Z"
  }

  private func wholeSeconds(_ time: CivilTime) -> String {
    "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))T"
      + "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
  }
}

/// `value` in decimal, filled with zeros on the left up to `width` digits.
package func padded(_ value: Int64, _ width: Int) -> String {
  let digits = String(value.magnitude)
  let fill = String(repeating: "0", count: max(0, width - digits.utf8.count))
  return (value < 0 ? "-" : "") + fill + digits
}

extension Instant: CustomStringConvertible {
  package var description: String { rfc3339 }
}

/// As its microseconds.
extension Instant: Codable {
  package init(from decoder: any Decoder) throws {
    microseconds = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(microseconds)
  }
}
