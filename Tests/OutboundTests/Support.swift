import Glibc
import Synchronization
import TestSupport

@testable import Outbound

/// The error that `body` throws, and how long that took.
func failure(
  of body: () async throws(OutboundError) -> some Any
) async -> (error: OutboundError?, time: Duration) {
  let start = ContinuousClock.now
  do throws(OutboundError) {
    _ = try await body()
    return (nil, ContinuousClock.now - start)
  } catch {
    return (error, ContinuousClock.now - start)
  }
}

/// Waits until `condition` holds; false when it does not within `limit`.
func eventually(within limit: Duration = .seconds(10), _ condition: () async throws -> Bool) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}

/// Something that threads write and a test reads.
final class Shared<Value: Sendable>: Sendable {
  private let storage: Mutex<Value>

  init(_ value: Value) {
    storage = Mutex(value)
  }

  var value: Value { storage.withLock { $0 } }

  func change<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
    storage.withLock { body(&$0) }
  }
}

/// One connection to a `ScriptedServer`, with blocking calls for the script's thread.
final class Peer {
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
  }

  deinit {
    // Also where a process that another test just started has inherited the descriptor.
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// The next line without its end; nil when the other side has hung up.
  func line() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeFirst(end + 1)
        return line.hasSuffix("\r") ? String(line.dropLast()) : String(line.split(separator: "\r\n")[0])
      }
      guard receive() else { return nil }
    }
  }

  /// Reads more; false when the other side has hung up.
  func receive() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    buffer += chunk[..<count]
    return true
  }

  /// Says nothing until the other side hangs up.
  func hang() {
    while receive() { buffer = [] }
  }
}

/// A TCP server on loopback that runs a script on a thread for each connection.
final class ScriptedServer: Sendable {
  let port: Int
  /// Connections accepted so far.
  let accepted = Shared(0)
  private let listener: Int32

  init(_ script: @escaping @Sendable (Peer, Int) -> Void) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    // Small, so that a large mail stays partly unsent while the script does not read.
    var size: Int32 = 32 << 10
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, listen(descriptor, 100) == 0 else { throw TestSupportError("cannot listen") }
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    listener = descriptor
    let accepted = accepted
    _ = startThread(named: "scripted") {
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        let number = accepted.change { count in
          count += 1
          return count
        }
        _ = startThread(named: "script") { script(Peer(connection), number) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}

extension MailEnvelope {
  static func sample(_ text: String = "hello", to: [String] = ["buyer@example.com"]) -> MailEnvelope {
    let message = "From: <shop@example.com>\r\nSubject: \(text)\r\n\r\n\(text)\r\n"
    return MailEnvelope(from: "bounce@example.com", to: to, message: Array(message.utf8))
  }
}

extension ChildProcess {
  /// The port that a server of ours chose and printed, as "ready PORT".
  func readyPort() async throws -> Int {
    var port: Int?
    _ = try await eventually(within: .seconds(60)) {
      let line = try output().split(separator: "\n").first { $0.hasPrefix("ready ") && $0.contains(".") }
      port = line.flatMap { Int($0.dropFirst(6).prefix { $0 != "." }) }
      return port != nil
    }
    guard let port else { throw TestSupportError("\(name) did not start: \(tail())") }
    return port
  }
}
