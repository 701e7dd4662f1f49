import Glibc
package import Market

/// The machine's clock, where a command or the screen begins; everything below is told the time.
package enum SystemClock {
  package static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }

  /// The name of the zone that the person is in: `Europe/Berlin`. UTC where the machine does not say.
  package static var zoneName: String {
    if let name = ConsoleFolders.environment("TZ") { return name.hasPrefix(":") ? String(name.dropFirst()) : name }
    var buffer = [CChar](repeating: 0, count: 1_024)
    let count = readlink("/etc/localtime", &buffer, buffer.count)
    guard count > 0 else { return "UTC" }
    let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.firstRange(of: "/zoneinfo/").map { String(path[$0.upperBound...]) } ?? "UTC"
  }
}
