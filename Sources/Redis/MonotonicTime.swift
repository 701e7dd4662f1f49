import Glibc

/// Nanoseconds of the monotonic clock: what deadlines inside the connection's thread are measured in.
struct MonotonicTime: Comparable, Sendable {
  var nanoseconds: Int64

  static let distantFuture = MonotonicTime(nanoseconds: .max)

  static func now() -> MonotonicTime {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Saturates instead of overflowing; a negative duration counts as zero.
  static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
    let (seconds, attoseconds) = duration.components
    guard seconds < 4_000_000_000 else { return .distantFuture }
    let added = max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    let (sum, overflow) = time.nanoseconds.addingReportingOverflow(added)
    return MonotonicTime(nanoseconds: overflow ? .max : sum)
  }

  /// The nanoseconds left until this instant, never negative and at most an hour.
  func remaining(from now: MonotonicTime) -> Int64 {
    max(0, min(nanoseconds - now.nanoseconds, 3_600_000_000_000))
  }
}
