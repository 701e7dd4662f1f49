import Glibc
package import Market

/// Times as people read them, in their zone or in UTC. No ages that tick: a quiet screen stays quiet.
package struct ClockFormat: Equatable, Sendable {
  /// Seconds east of UTC.
  package var offset: Int
  package var isUTC: Bool
  /// `offset` is the machine's own zone's as of now: of another day its tables know better.
  package var followsZone: Bool

  package init(offset: Int, isUTC: Bool, followsZone: Bool = false) {
    self.offset = offset
    self.isUTC = isUTC
    self.followsZone = followsZone
  }

  /// `2027-01-31 18:00`: a day that may be far away, as the clocks there show it then.
  package func day(_ instant: Instant) -> String {
    let time = (instant + .seconds(offset(at: instant))).civil
    return
      "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2)) \(padded(time.hour, 2)):\(padded(time.minute, 2))"
  }

  private func offset(at instant: Instant) -> Int {
    guard followsZone, !isUTC else { return offset }
    var seconds = time_t(instant.microseconds / 1_000_000)
    var local = tm()
    return localtime_r(&seconds, &local) == nil ? offset : local.tm_gmtoff
  }

  /// `11-22 14:05:09`.
  package func short(_ instant: Instant) -> String {
    let time = shifted(instant)
    return "\(padded(time.month, 2))-\(padded(time.day, 2)) \(clock(time))"
  }

  /// `14:05`.
  package func minute(_ instant: Instant) -> String {
    let time = shifted(instant)
    return "\(padded(time.hour, 2)):\(padded(time.minute, 2))"
  }

  /// `2026-11-22 14:05:09.123`.
  package func precise(_ instant: Instant) -> String {
    let time = shifted(instant)
    return
      "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2)) \(clock(time)).\(padded(time.microsecond / 1_000, 3))"
  }

  /// `14:05:09.123`.
  package func time(_ instant: Instant) -> String {
    let time = shifted(instant)
    return "\(clock(time)).\(padded(time.microsecond / 1_000, 3))"
  }

  private func clock(_ time: CivilTime) -> String {
    "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
  }

  private func shifted(_ instant: Instant) -> CivilTime { (instant + .seconds(offset)).civil }

  /// `UTC`, `+02:00`.
  package var zone: String { zone(of: offset) }

  /// The same on that day.
  package func zone(at instant: Instant) -> String { zone(of: offset(at: instant)) }

  private func zone(of offset: Int) -> String {
    guard !isUTC, offset != 0 else { return "UTC" }
    let minutes = Int64(abs(offset) / 60)
    return "\(offset < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
  }
}
