/// When to send a call again, and after how long. Pure: the attempt's outcome and a random number in, a delay out.
package struct RetryPolicy: Sendable {
  /// Requests sent at most, the first included.
  package var attempts: Int
  /// The first delay's upper end; each next one doubles.
  package var firstDelay: Duration
  /// The upper end of every delay that Stripe does not ask for itself.
  package var longestDelay: Duration
  /// A `Retry-After` beyond this is not waited for.
  package var longestRetryAfter: Duration

  package init(
    attempts: Int = 5, firstDelay: Duration = .milliseconds(500), longestDelay: Duration = .seconds(5),
    longestRetryAfter: Duration = .seconds(60)
  ) {
    self.attempts = attempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
    self.longestRetryAfter = longestRetryAfter
  }

  /// What became of one attempt.
  package enum Outcome: Sendable {
    /// No answer came.
    case unanswered
    /// An answer that is not a success, with the headers that speak of retrying.
    case answered(status: Int, shouldRetry: String?, retryAfter: String?)
  }

  /// The delay before attempt `number + 1`, or nil where there should be none.
  ///
  /// Stripe's word (`Stripe-Should-Retry`) goes before the status; without it, no answer, 409, 429 and ≥ 500 are worth
  /// another try. Delays are jittered over their upper half. `Retry-After` only ever lengthens.
  /// - Parameters:
  ///   - number: the attempt that ended, from 1.
  ///   - random: from 0 up to 1.
  package func delay(afterAttempt number: Int, outcome: Outcome, random: Double) -> Duration? {
    guard number < attempts, isWorthRetrying(outcome) else { return nil }
    var ceiling = firstDelay
    for _ in 1..<max(number, 1) where ceiling < longestDelay { ceiling *= 2 }
    var delay = min(ceiling, longestDelay) * (0.5 + 0.5 * min(max(random, 0), 1))
    if case .answered(_, _, let after) = outcome, let seconds = after.flatMap({ Int64($0) }), seconds >= 0 {
      guard seconds <= longestRetryAfter.components.seconds else { return nil }
      delay = max(delay, .seconds(seconds))
    }
    return delay
  }

  private func isWorthRetrying(_ outcome: Outcome) -> Bool {
    switch outcome {
    case .unanswered: true
    case .answered(_, "true", _): true
    case .answered(_, "false", _): false
    case .answered(let status, _, _): status == 409 || status == 429 || status >= 500
    }
  }
}
