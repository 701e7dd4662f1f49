import Glibc
package import Market

/// The machine's clock, where a command or the screen begins; everything below is told the time.
package enum SystemClock {
  package static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }
}
