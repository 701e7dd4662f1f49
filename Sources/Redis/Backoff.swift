/// Growing, jittered pauses between attempts: each at most the doubled one before it, half of it random, so that many
/// clients of a restarted server do not come back in step.
struct Backoff: Sendable {
  let first: Duration
  let longest: Duration
  private var exponent = 0

  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  mutating func reset() {
    exponent = 0
  }

  /// The pause before the next attempt, between a half and the whole of `first × 2^n`, bounded by `longest`.
  mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let full = min(longest, first * (1 << exponent))
    if exponent < 20 { exponent += 1 }
    return full * Double.random(in: 0.5...1, using: &generator)
  }

  mutating func next() -> Duration {
    var system = SystemRandomNumberGenerator()
    return next(using: &system)
  }
}
