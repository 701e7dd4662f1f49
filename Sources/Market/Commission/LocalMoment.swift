/// A moment as people say it where they are: `monday 00:00`, `tomorrow`, `2026-12-01 09:30`, `now`. What it is on the
/// world's clock depends on the zone, and on what day it is there.
package enum LocalMoment: Hashable, Sendable {
  case now
  /// So many days after today.
  case days(Int, minute: Int)
  /// The next such day after today, 1 for Monday to 7 for Sunday.
  case weekday(Int, minute: Int)
  case date(year: Int, month: Int, day: Int, minute: Int)

  private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

  /// `nil` for what is no moment. Without a time of the day it is 00:00; `next` before a day's name changes nothing.
  package init?(typed text: String) {
    var words = text.lowercased().split { $0 == " " || $0 == "," }.map(String.init)
    if words == ["now"] {
      self = .now
      return
    }
    if words.first == "next" { words.removeFirst() }
    // `2026-12-01T09:30` as well.
    if words.count == 1, let mark = words[0].firstIndex(of: "t"), words[0].first?.isNumber == true {
      words = [String(words[0][..<mark]), String(words[0][words[0].index(after: mark)...])]
    }
    guard let day = words.first, words.count <= 2 else { return nil }
    var minute = 0
    if words.count == 2 {
      guard let typed = Self.minute(words[1]) else { return nil }
      minute = typed
    }
    switch day {
    case "today": self = .days(0, minute: minute)
    case "tomorrow": self = .days(1, minute: minute)
    default:
      // Three letters are enough.
      if day.utf8.count >= 3, let place = Self.weekdays.firstIndex(where: { $0.hasPrefix(day) }) {
        self = .weekday(place + 1, minute: minute)
      } else if let date = Self.date(day, minute) {
        self = date
      } else {
        return nil
      }
    }
  }

  /// `00:00` to `23:59`.
  private static func minute(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
    else { return nil }
    return hour * 60 + minute
  }

  private static func date(_ text: String, _ minute: Int) -> LocalMoment? {
    // The calendar is asked whether there is such a day.
    guard text.utf8.count == 10, Instant(typed: text) != nil else { return nil }
    let parts = text.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 3 else { return nil }
    return .date(year: parts[0], month: parts[1], day: parts[2], minute: minute)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
