import Glibc
import Market

/// Our clock: the time of this machine, to the microsecond.
enum SystemClock {
  static let now: @Sendable () -> Instant = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Instant(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000)
  }
}
