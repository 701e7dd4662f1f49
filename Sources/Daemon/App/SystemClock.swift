import Glibc
import Market

/// Our clock: the time of this machine, to the microsecond.
enum SystemClock {
  static let now: @Sendable () -> Instant = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let instant = Instant(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000)
    #if DEBUG
      return Instant(microseconds: instant.microseconds + FaultPlan.clockOffset * 1_000_000)
    #else
      return instant
    #endif
  }
}
