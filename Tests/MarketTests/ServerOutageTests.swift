import Testing

@testable import Market

@Suite("What is tried while a server is away") struct ServerOutageTests {
  private let start = Instant(unixSeconds: 1_767_225_600)

  private func away(at: Instant) -> ServerOutage {
    var outage = ServerOutage()
    for _ in 0..<4 { outage.failed(at: at) }
    return outage
  }

  @Test func someFailuresAreAccidents() {
    var outage = ServerOutage()
    for _ in 0..<3 { outage.failed(at: start) }
    var admission = outage.admit(at: start)
    #expect(!outage.isAway && admission == .all)
    let ended = outage.answered()
    #expect(!ended)
    // Only those in a row count.
    for _ in 0..<3 { outage.failed(at: start) }
    admission = outage.admit(at: start)
    #expect(admission == .all)
    outage.failed(at: start)
    admission = outage.admit(at: start)
    #expect(outage.isAway && admission == .none)
  }

  @Test func oneIsTriedNowAndThenHoweverLongItLasts() {
    var outage = away(at: start)
    var tries: [Int64] = []
    for millisecond in stride(from: Int64(0), to: 3_600_000, by: 250) {
      let now = start + .milliseconds(millisecond)
      switch outage.admit(at: now) {
      case .all: Issue.record("the server is away")
      case .one:
        tries.append(millisecond / 1000)
        outage.failed(at: now)
      case .none: break
      }
    }
    #expect(tries.prefix(5) == [1, 2, 4, 7, 12])
    #expect(zip(tries, tries.dropFirst()).allSatisfy { $1 - $0 <= 5 })
    #expect(tries.count > 700)
  }

  @Test func anAnswerEndsIt() {
    var outage = away(at: start)
    let endings = [outage.answered(), outage.answered()]
    #expect(endings == [true, false])
    let admission = outage.admit(at: start)
    #expect(!outage.isAway && admission == .all)
  }

  @Test func whatWasUnderWayDoesNotPutOffTheNextTry() {
    var outage = away(at: start)
    for _ in 0..<100 { outage.failed(at: start + .milliseconds(900)) }
    let admission = outage.admit(at: start + .seconds(1))
    #expect(admission == .one)
  }

  @Test func aClockSetBackDoesNotStopTheTries() {
    var outage = away(at: start)
    let admission = outage.admit(at: Instant(unixSeconds: 1_767_225_600 - 3600))
    #expect(admission == .one)
  }
}
