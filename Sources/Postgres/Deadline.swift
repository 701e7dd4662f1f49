import Glibc

/// A moment on the monotonic clock after which something is no longer waited for.
struct Deadline: Sendable, Comparable {
  /// Nanoseconds of CLOCK_MONOTONIC.
  let nanoseconds: Int64

  static let never = Deadline(nanoseconds: .max)

  static var now: Deadline {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Deadline(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// That long from now; `never` if nil or beyond the clock.
  static func after(_ duration: Duration?) -> Deadline {
    guard let duration else { return never }
    let (seconds, attoseconds) = duration.components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds > 0 ? never : Deadline(nanoseconds: .min) }
    let (sum, beyond) = now.nanoseconds.addingReportingOverflow(whole + attoseconds / 1_000_000_000)
    return beyond ? never : Deadline(nanoseconds: sum)
  }

  /// The moment that much later.
  func later(by duration: Duration) -> Deadline {
    let (sum, beyond) = nanoseconds.addingReportingOverflow(duration.components.attoseconds / 1_000_000_000)
    let (total, over) = sum.addingReportingOverflow(duration.components.seconds * 1_000_000_000)
    return self == .never || beyond || over ? .never : Deadline(nanoseconds: total)
  }

  var hasPassed: Bool { self != .never && self <= .now }

  /// What is left of it.
  var remaining: Duration {
    self == .never ? .seconds(Int64.max / 4) : .nanoseconds(max(0, nanoseconds - Deadline.now.nanoseconds))
  }

  /// What is left, rounded up to milliseconds for `poll(2)`; -1 for ever.
  var pollMilliseconds: Int32 {
    if self == .never { return -1 }
    let left = max(0, nanoseconds - Deadline.now.nanoseconds)
    return Int32(min((left + 999_999) / 1_000_000, 86_400_000))
  }

  static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
