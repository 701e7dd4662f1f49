import Market
import Testing

@Suite struct LocalMomentTests {
  @Test func momentsAreReadAsPeopleSayThem() {
    #expect(LocalMoment(typed: "now") == .now)
    #expect(LocalMoment(typed: "monday 00:00") == .weekday(1, minute: 0))
    #expect(LocalMoment(typed: "Next Monday") == .weekday(1, minute: 0))
    #expect(LocalMoment(typed: "sun 9:05") == .weekday(7, minute: 545))
    #expect(LocalMoment(typed: "tomorrow 23:59") == .days(1, minute: 1_439))
    #expect(LocalMoment(typed: "today") == .days(0, minute: 0))
    #expect(LocalMoment(typed: "2026-12-01") == .date(year: 2026, month: 12, day: 1, minute: 0))
    #expect(LocalMoment(typed: "2026-12-01 09:30") == .date(year: 2026, month: 12, day: 1, minute: 570))
    #expect(LocalMoment(typed: "2026-12-01T09:30") == .date(year: 2026, month: 12, day: 1, minute: 570))
  }

  @Test(arguments: [
    "", "next", "mo", "mondays", "monday 24:00", "monday 9", "monday 09:60", "2026-02-30", "2026-13-01", "26-12-01",
    "tomorrow tomorrow", "monday 00:00 utc", "2026-12-01 09:30:00 x", "now now", "9:00", "monday -1:00",
  ])
  func whatIsNoMomentIsRefused(text: String) { #expect(LocalMoment(typed: text) == nil) }
}
