/// When to try again: near 1 s, 3 s and 8 s, then ever more seldom, each time with some jitter so that what failed
/// together does not come back together.
package enum RetrySchedule {
  private static let seconds: [Double] = [1, 3, 8, 20, 60, 180, 600]

  /// The wait after the `attempt`th failure, counted from 1.
  ///
  /// - Parameter jitter: from 0 up to 1, drawn by the caller.
  package static func delay(afterAttempt attempt: Int, jitter: Double) -> Duration {
    let base = seconds[min(max(attempt, 1), seconds.count) - 1]
    return .milliseconds(Int64(base * (850 + 300 * jitter)))
  }
}
