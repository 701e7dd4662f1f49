/// How long things took: counts in buckets that grow by an eighth, so that quantiles are within 7 %.
package struct LatencyHistogram: Sendable {
  private static let bucketCount = 8 * 32
  private var buckets = [Int](repeating: 0, count: bucketCount)
  package private(set) var count = 0
  package private(set) var longest = Duration.zero

  package init() {}

  package mutating func add(_ duration: Duration) {
    let microseconds = max(duration / .microseconds(1), 1)
    var bucket = 0
    // log2(x) · 8, by doubling and then linearly within the octave.
    let octave = microseconds.exponent
    bucket = Int(octave) * 8 + Int((microseconds.significand - 1) * 8)
    buckets[min(max(bucket, 0), Self.bucketCount - 1)] += 1
    count += 1
    longest = max(longest, duration)
  }

  /// The time within which `fraction` of them lie; zero where there are none.
  package func quantile(_ fraction: Double) -> Duration {
    let rank = Int((Double(count) * fraction).rounded(.up))
    guard rank > 0 else { return .zero }
    var seen = 0
    for (bucket, number) in buckets.enumerated() {
      seen += number
      guard seen >= rank else { continue }
      let scale = Double(sign: .plus, exponent: bucket / 8, significand: 1 + (Double(bucket % 8) + 0.5) / 8)
      return min(.nanoseconds(Int64(scale * 1000)), longest)
    }
    return longest
  }

  var json: JSON {
    func milliseconds(_ duration: Duration) -> JSON { .double((duration / .microseconds(10)).rounded() / 100) }
    return [
      "count": JSON(count), "p50_ms": milliseconds(quantile(0.5)), "p90_ms": milliseconds(quantile(0.9)),
      "p99_ms": milliseconds(quantile(0.99)), "max_ms": milliseconds(longest),
    ]
  }
}
