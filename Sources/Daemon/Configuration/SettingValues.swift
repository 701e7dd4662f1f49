import Glibc

/// A text or bytes that never print themselves.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package let bytes: [UInt8]

  package init(_ text: String) { bytes = Array(text.utf8) }
  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// As text, the blanks and line ends around it left out.
  package var text: String {
    let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
    let rest = bytes.drop { blanks.contains($0) }
    let end = rest.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? rest.startIndex
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  package var description: String { "(secret)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Times with units, as settings spell them.
enum DurationText {
  private static let units: [(suffix: String, length: Duration)] = [
    ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3_600)), ("d", .seconds(86_400)),
  ]

  static func parse(_ text: String) -> Duration? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits), count <= 1_000_000_000,
      let unit = units.first(where: { $0.suffix == text[digits.endIndex...] })
    else { return nil }
    return unit.length * Int(count)
  }

  /// In the largest unit that leaves no rest.
  static func spell(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    guard milliseconds != 0 else { return "0s" }
    for unit in units.reversed() {
      let length = unit.length.components.seconds * 1_000 + unit.length.components.attoseconds / 1_000_000_000_000_000
      if milliseconds % length == 0 { return "\(milliseconds / length)\(unit.suffix)" }
    }
    return "\(milliseconds)ms"
  }
}

/// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, or `unix:/run/gkmd/http.sock`.
package enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
  case tcp(host: String, port: Int)
  case unix(path: String)

  package init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { return nil }
    self = .tcp(host: host, port: port)
  }

  /// Whether nobody but this machine can reach it.
  package var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
  }

  package var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// Reads small files whole.
enum FileContents {
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  static func read(_ path: String, limitBytes: Int) throws(Problem) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Problem(description: "cannot open \(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw Problem(description: "cannot read \(path): \(String(cString: strerror(errno)))")
      }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= limitBytes else { throw Problem(description: "\(path) is larger than \(limitBytes) bytes") }
    }
  }
}
