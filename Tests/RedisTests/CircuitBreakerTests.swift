import Testing

@testable import Redis

@Suite("The circuit breaker")
struct CircuitBreakerTests {
  private let start = MonotonicTime(nanoseconds: 0)

  @Test("opens after so many failures in a row, and a success in between starts the count again")
  func opens() {
    var breaker = CircuitBreaker(failures: 3, pause: .seconds(1))
    for success in [false, false, true, false, false] { breaker.record(success: success, at: start) }
    #expect(breaker.admit(at: start) == .proceed)
    breaker.record(success: false, at: start)
    #expect(breaker.admit(at: start) == .reject)
  }

  @Test("sends one probe after its pause, and the probe's answer decides")
  func probes() {
    var breaker = CircuitBreaker(failures: 1, pause: .seconds(1))
    breaker.record(success: false, at: start)
    #expect(breaker.admit(at: start + .milliseconds(999)) == .reject)
    #expect(breaker.admit(at: start + .seconds(1)) == .rejectAndProbe)
    #expect(breaker.admit(at: start + .seconds(1)) == .reject)
    breaker.recordProbe(success: false, at: start + .seconds(2))
    #expect(breaker.admit(at: start + .milliseconds(2999)) == .reject)
    #expect(breaker.admit(at: start + .seconds(3)) == .rejectAndProbe)
    breaker.recordProbe(success: true, at: start + .seconds(3))
    #expect(breaker.admit(at: start + .seconds(3)) == .proceed)
  }

  @Test("is not closed by late successes of calls from before it opened")
  func late() {
    var breaker = CircuitBreaker(failures: 1, pause: .seconds(1))
    breaker.record(success: false, at: start)
    breaker.record(success: true, at: start)
    #expect(breaker.admit(at: start) == .reject)
  }

  @Test("Pauses between attempts double up to their limit and are jittered by at most half")
  func backoff() {
    var backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
    var generator = SystemRandomNumberGenerator()
    for full in [100, 200, 400, 800, 1000, 1000, 1000] {
      let pause = backoff.next(using: &generator)
      #expect(pause >= .milliseconds(full / 2))
      #expect(pause <= .milliseconds(full))
    }
    for _ in 0..<100 { #expect(backoff.next(using: &generator) <= .seconds(1)) }
    backoff.reset()
    #expect(backoff.next(using: &generator) <= .milliseconds(100))
  }
}
