import Market
import Testing

@testable import Daemon

@Suite("The pace at which a queue is worked off") struct DrainPaceTests {
  private let start = Instant(microseconds: 1_700_000_000_000_000)

  private func count(_ waiting: Int, new: Int = 0, oldest: Double?, at: Double) -> DrainPace.Count {
    .init(
      waiting: waiting, new: new, oldest: oldest.map { start + .seconds($0) }, at: start + .seconds(at))
  }

  @Test("What comes to a flood waits for all that is before it, though the oldest is still young")
  func flood() throws {
    var pace = DrainPace()
    pace.see(count(100, oldest: -0.1, at: 0))
    #expect(pace.rate == nil && pace.wait == nil)
    // 300 came in a second and 50 were done: five at a time wait for seven seconds now.
    pace.see(count(350, new: 300, oldest: -0.05, at: 1))
    #expect(pace.rate == 50 && pace.wait == .seconds(7))
    // Twice as fast from now on; believed little by little.
    for second in 2...20 { pace.see(count(350 - second, new: 99, oldest: -0.01, at: Double(second))) }
    #expect(try #require(pace.rate) > 95 && pace.rate ?? 0 < 101)
  }

  @Test("A queue that was empty in between says nothing of what the workers could do")
  func idle() {
    var pace = DrainPace()
    pace.see(count(1, oldest: -0.1, at: 0))
    pace.see(count(1, new: 1, oldest: 0.9, at: 1))
    pace.see(count(0, oldest: nil, at: 2))
    #expect(pace.rate == nil)
    pace.see(count(10, new: 10, oldest: 2.5, at: 3))
    pace.see(count(5, oldest: 2.5, at: 4))
    #expect(pace.rate == 5 && pace.wait == .seconds(1))
    pace.see(count(0, oldest: nil, at: 5))
    #expect(pace.rate == 5 && pace.wait == .zero)
  }

  @Test("Nobody at work: for ever, as far as anybody can see")
  func nobody() {
    var pace = DrainPace()
    for second in 0..<40 { pace.see(count(3, oldest: -1, at: Double(second))) }
    #expect(pace.rate == 0 && pace.wait ?? .zero >= .seconds(3_000))
  }
}
