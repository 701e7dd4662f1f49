import Glibc
import TestSupport

/// A connection on which exactly the bytes are sent that a test says, and everything that comes back is kept.
final class RawConnection {
  private let socket: Int32
  private(set) var received: [UInt8] = []
  /// Whether the other side has ended it.
  private(set) var isEnded = false

  /// Connects to a port of 127.0.0.1.
  init(port: Int) throws(TestSupportError) {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw TestSupportError("no socket: \(String(cString: strerror(errno)))") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else {
      let reason = String(cString: strerror(errno))
      close(socket)
      throw TestSupportError("nobody listens on port \(port): \(reason)")
    }
    _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    // An answer to the first piece must not wait for the next.
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit { close(socket) }

  /// Sends all of it, for at most a few seconds; false where the other side takes no more.
  @discardableResult
  func send(_ bytes: [UInt8]) async throws -> Bool {
    var rest = bytes[...]
    let end = ContinuousClock.now + .seconds(10)
    while !rest.isEmpty, ContinuousClock.now < end {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        take()
        try await Task.sleep(for: .milliseconds(2))
      } else {
        return false
      }
    }
    return rest.isEmpty
  }

  /// Reads until something holds of what came, the other side ends the connection, or the time is over.
  func receive(within limit: Duration, until isEnough: ([UInt8]) -> Bool = { _ in false }) async throws {
    let end = ContinuousClock.now + limit
    while true {
      take()
      if isEnded || isEnough(received) || ContinuousClock.now >= end { return }
      try await Task.sleep(for: .milliseconds(3))
    }
  }

  /// What is there to be read now.
  private func take() {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(socket, &chunk, chunk.count, 0)
      if count > 0 {
        received += chunk[..<count]
      } else {
        if count == 0 || errno != EAGAIN { isEnded = true }
        return
      }
    }
  }
}

/// One answer of an HTTP/1.1 server.
struct RawAnswer: Equatable {
  var status: Int
  var headers: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  /// The whole answers that `bytes` begin with, and what follows them.
  static func parse(_ bytes: [UInt8], isEnded: Bool) -> (answers: [RawAnswer], rest: [UInt8]) {
    var answers: [RawAnswer] = []
    var rest = bytes[...]
    while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
      let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
      let first = lines[0].split(separator: " ")
      guard first.count >= 2, first[0].hasPrefix("HTTP/1."), let status = Int(first[1]) else { break }
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
      }
      var body = rest[end.upperBound...]
      if status / 100 == 1 {
        rest = body
        continue
      }
      if let length = headers["content-length"].flatMap({ Int($0) }) {
        guard body.count >= length else { break }
        rest = body.dropFirst(length)
        body = body.prefix(length)
      } else if headers["transfer-encoding"] == "chunked" {
        guard let last = body.firstRange(of: Array("0\r\n\r\n".utf8)) else { break }
        rest = body[last.upperBound...]
        body = body[..<last.lowerBound]
      } else if status == 304 || status == 204 {
        rest = body
        body = []
      } else {
        guard isEnded else { break }
        rest = []
      }
      answers.append(RawAnswer(status: status, headers: headers, body: Array(body)))
    }
    return (answers, Array(rest))
  }
}
