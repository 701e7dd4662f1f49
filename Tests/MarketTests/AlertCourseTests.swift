import Market
import Testing

@Suite("An alert is said once when it begins and once when it is over") struct AlertCourseTests {
  private static let start = Instant(unixSeconds: 1_800_000_000)
  private let patience = AlertPatience(before: .seconds(30), after: .seconds(60), reminder: .seconds(3_600))

  /// Looks at these seconds with these verdicts; what was said, by second.
  private func said(
    _ looks: [(second: Int64, verdict: AlertObservation.Verdict)], silenced: ClosedRange<Int64>? = nil,
    acknowledgedAt: Int64? = nil
  ) -> [Int64: AlertCourse.Message] {
    var course = AlertCourse.begun(at: Self.start)
    var said: [Int64: AlertCourse.Message] = [:]
    for (second, verdict) in looks {
      if let acknowledgedAt, second >= acknowledgedAt { course.isAcknowledged = true }
      let (message, isForgotten) = course.look(
        verdict, at: Self.start + .seconds(second), patience: patience,
        isSilenced: silenced?.contains(second) ?? false)
      if let message { said[second] = message }
      if isForgotten { break }
    }
    return said
  }

  private func every(_ step: Int64, to end: Int64, _ verdict: (Int64) -> AlertObservation.Verdict)
    -> [(second: Int64, verdict: AlertObservation.Verdict)]
  {
    stride(from: 0, through: end, by: Int64.Stride(step)).map { ($0, verdict($0)) }
  }

  @Test("What passes by itself within its time is never said")
  func patienceFirst() {
    #expect(said(every(10, to: 100) { $0 < 30 ? .bad : .calm }) == [:])
  }

  @Test("It is said once, however long it lasts, and its end once")
  func once() {
    #expect(said(every(10, to: 400) { $0 <= 200 ? .bad : .calm }) == [30: .firing, 270: .resolved])
  }

  @Test("What comes and goes is one alert: it must be calm for its time")
  func flapping() {
    let looks = every(10, to: 600) { $0 <= 60 || ($0 <= 300 && $0 / 10 % 4 < 3) ? .bad : .calm }
    #expect(said(looks) == [30: .firing, 370: .resolved])
  }

  @Test("Silence says nothing, and tells at its end what is still the case")
  func silence() {
    #expect(said(every(10, to: 200) { _ in .bad }, silenced: 0...100) == [110: .firing])
    #expect(said(every(10, to: 200) { $0 <= 60 ? .bad : .calm }, silenced: 0...100) == [:])
  }

  @Test("Whoever was told of it hears of its end, also in silence")
  func recoveryInSilence() {
    let looks = every(10, to: 300) { $0 <= 50 ? .bad : .calm }
    #expect(said(looks, silenced: 40...300) == [30: .firing, 120: .resolved])
  }

  @Test("Reminders come until somebody knows")
  func reminders() {
    let looks = every(600, to: 12_000) { _ in .bad }
    #expect(said(looks) == [600: .firing, 4_200: .reminder, 7_800: .reminder, 11_400: .reminder])
    #expect(said(looks, acknowledgedAt: 5_000) == [600: .firing, 4_200: .reminder])
  }

  @Test("A look that finds nothing out changes nothing")
  func unknown() {
    #expect(said(every(10, to: 400) { $0 <= 40 ? .bad : .unknown }) == [30: .firing])
    #expect(said(every(10, to: 400) { $0 == 0 ? .bad : .unknown }) == [:])
  }
}
