import Glibc

/// One keep-alive connection with at most one request under way.
struct LoadConnection {
  let descriptor: Int32
  /// The request under way, by its place on the tape.
  var request: Int?
  /// What of it is still to be written.
  var unsent: Range<Int> = 0..<0
  /// When its latency began, in microseconds of the monotonic clock.
  var began: Int64 = 0
  private var received: [UInt8] = []

  init(host: String, port: UInt16) throws(LoadError) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw LoadError("socket: \(String(cString: strerror(errno)))") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      Glibc.close(descriptor)
      throw LoadError("\(host) is no IPv4 address")
    }
    let socketDescriptor = descriptor
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socketDescriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      let reason = String(cString: strerror(errno))
      Glibc.close(descriptor)
      throw LoadError("\(host):\(port): \(reason)")
    }
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    received.reserveCapacity(1_024)
  }

  func close() { Glibc.close(descriptor) }

  /// Writes what it can of the request under way. `false`: the connection is cut.
  mutating func write(from tape: [UInt8]) -> Bool {
    while !unsent.isEmpty {
      let count = tape.withUnsafeBytes { bytes -> Int in
        guard let base = bytes.baseAddress else { return 0 }
        return send(descriptor, base + unsent.lowerBound, unsent.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN
      }
      unsent = unsent.lowerBound + count..<unsent.upperBound
    }
    return true
  }

  enum Arrival {
    case incomplete
    case answered(status: Int)
    case cut
  }

  /// Reads what has come.
  mutating func read() -> Arrival {
    let room = 4_096
    let count = withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer -> Int in
      let count = recv(descriptor, buffer.baseAddress, room, 0)
      if count > 0 { received.append(contentsOf: buffer[..<count]) }
      return count
    }
    if count == 0 { return .cut }
    if count < 0 { return errno == EAGAIN || errno == EINTR ? .incomplete : .cut }
    guard let answer = ResponseHead.read(received) else { return .incomplete }
    guard received.count >= answer.totalBytes else { return .incomplete }
    received.removeAll(keepingCapacity: true)
    return .answered(status: answer.status)
  }
}

/// The little of an HTTP/1.1 answer that says where it ends. A chunked body is not understood: the daemon sends none.
struct ResponseHead: Equatable {
  let status: Int
  let totalBytes: Int

  /// `nil` until the whole head is there.
  static func read(_ bytes: [UInt8]) -> ResponseHead? {
    guard bytes.count > 16, let end = headEnd(bytes) else { return nil }
    var status = 0
    for byte in bytes[9..<12] { status = status * 10 + Int(byte &- 0x30) }
    let name = Array("content-length:".utf8)
    var length = 0
    var line = 0
    while line < end {
      let next = (line..<end).first { bytes[$0] == 0x0A } ?? end
      if next - line > name.count, zip(bytes[line...], name).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 }) {
        for byte in bytes[line + name.count..<next] where byte >= 0x30 && byte <= 0x39 {
          length = length * 10 + Int(byte - 0x30)
        }
      }
      line = next + 1
    }
    return ResponseHead(status: status, totalBytes: end + length)
  }

  /// Behind the empty line.
  private static func headEnd(_ bytes: [UInt8]) -> Int? {
    var index = 3
    while index < bytes.count {
      if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A { return index + 1 }
      index += 1
    }
    return nil
  }
}

/// Why no load could be made.
package struct LoadError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
