package import Glibc

/// The environment variables of this process.
package enum Environment {
  /// One variable; nil when unset or empty.
  package static func value(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// All of them, with `changes` applied; a nil value removes.
  static func current(changed changes: [String: String?]) -> [String: String] {
    var all: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { all[String(parts[0])] = String(parts[1]) }
      next += 1
    }
    for (name, value) in changes { all[name] = value }
    return all
  }
}

/// Whole small text files.
package enum TextFile {
  /// Reads a file; bytes that are no UTF-8 become U+FFFD.
  package static func read(_ path: String) throws(TestSupportError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw TestSupportError("cannot read \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Writes a file that only this user can read.
  package static func write(_ text: String, to path: String) throws(TestSupportError) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw TestSupportError("cannot write \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      guard count > 0 else { throw TestSupportError("cannot write \(path): \(String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }
}

/// What /proc says of processes.
package enum ProcessTable {
  /// When a process began, in clock ticks since boot; nil when it is gone or only waits to be reaped.
  package static func birth(of pid: pid_t) -> String? {
    guard let fields = stat(of: pid), fields.count > 19, fields[0] != "Z" else { return nil }
    return String(fields[19])
  }

  /// The processes whose parent is `pid`.
  package static func children(of pid: pid_t) -> [pid_t] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [pid_t] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let candidate = pid_t(name), let fields = stat(of: candidate) else { continue }
      if fields.count > 1, fields[1] == "\(pid)" { found.append(candidate) }
    }
    return found
  }

  /// The fields of /proc/PID/stat after the name: state, parent, …
  private static func stat(of pid: pid_t) -> [Substring]? {
    guard let line = try? TextFile.read("/proc/\(pid)/stat"), let end = line.lastIndex(of: ")") else { return nil }
    return line[line.index(after: end)...].split(separator: " ")
  }
}
