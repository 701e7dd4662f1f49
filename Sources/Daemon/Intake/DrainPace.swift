import Market

/// How fast a queue is worked off, learnt from counting it again and again; and so how long what comes now will wait.
///
/// The age of the oldest says how long those waited who are served now. Under a flood that is known too late: what came
/// in while the oldest was still young has to be worked off as well.
struct DrainPace: Sendable {
  /// One count of the queue.
  struct Count: Sendable {
    /// How many are due and wait.
    var waiting: Int
    /// How many of them came since the count before.
    var new: Int
    /// When the first of them became due; `nil` where none waits.
    var oldest: Instant?
    var at: Instant
  }

  /// How long what was seen is remembered, more or less.
  private static let memory = Duration.seconds(4)

  private var last: Count?
  /// Per second; `nil` until a queue was seen that nobody emptied.
  private(set) var rate: Double?

  /// Takes a count in. Only between two counts with somebody waiting all the time is it seen what the workers can do;
  /// else all that came was done, and that says little.
  mutating func see(_ count: Count) {
    defer { last = count }
    guard let last, last.waiting > 0, let oldest = count.oldest, oldest <= last.at, count.at > last.at else { return }
    let seconds = (count.at - last.at) / .seconds(1)
    let sample = Double(max(0, last.waiting + count.new - count.waiting)) / seconds
    let weight = min(1, seconds / (Self.memory / .seconds(1)))
    rate = rate.map { $0 + weight * (sample - $0) } ?? sample
  }

  /// How long what comes now will wait, as things go; `nil` where nobody knows.
  var wait: Duration? {
    guard let last, let rate else { return nil }
    guard last.waiting > 0 else { return .zero }
    return .seconds(min(Double(last.waiting) / max(rate, 0.001), 1_000_000))
  }
}
