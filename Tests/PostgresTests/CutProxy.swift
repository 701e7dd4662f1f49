import Glibc
import Synchronization

/// A TCP proxy on loopback that can cut or stall a connection at a word of the client's.
final class CutProxy: Sendable {
  /// What happens when the client sends the word.
  enum Fault: Sendable {
    /// The connection is cut before the word reaches the server.
    case cutBefore
    /// The word reaches the server, and the connection is cut before the answer comes back.
    case cutAfter
    /// The word goes nowhere, and for two seconds nothing answers.
    case stall
  }

  let port: Int
  private let listener: Int32
  private let upstream: Int
  private let word: [UInt8]
  private let fault: Fault
  private let isArmed = Atomic<Bool>(false)

  /// A proxy to a port of loopback.
  init(to upstream: Int, at word: String, _ fault: Fault) throws {
    self.upstream = upstream
    self.word = Array(word.utf8)
    self.fault = fault
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, generic, &length) == 0
      }
    }
    guard bound else { throw ProxyError(number: errno) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Self.thread { self.accept() }
  }

  struct ProxyError: Error { let number: Int32 }

  /// From now on the word counts.
  func arm() { isArmed.store(true, ordering: .sequentiallyConsistent) }

  /// Stops listening.
  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func thread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, box)
    pthread_detach(thread)
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      if client < 0 { break }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = Self.loopback(upstream)
      let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      if !connected { shutdown(client, Int32(SHUT_RDWR)) }
      Self.thread { self.pass(from: client, to: server, watches: true) }
      Self.thread { self.pass(from: server, to: client, watches: false) }
    }
    Glibc.close(listener)
  }

  private func pass(from source: Int32, to sink: Int32, watches: Bool) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = recv(source, &buffer, buffer.count, 0)
      if count <= 0 { break }
      let isHit = watches && isArmed.load(ordering: .sequentiallyConsistent) && contains(buffer[..<count])
      if isHit {
        switch fault {
        case .cutBefore:
          shutdown(source, Int32(SHUT_RDWR))
          shutdown(sink, Int32(SHUT_RDWR))
          return
        case .cutAfter:
          shutdown(source, Int32(SHUT_RDWR))
        case .stall:
          sleep(2)
          shutdown(sink, Int32(SHUT_RDWR))
          return
        }
      }
      if send(sink, buffer, count, Int32(MSG_NOSIGNAL)) != count { break }
      if isHit {
        // The server gets the word and reads on to the end of it before it sees the end of the stream.
        usleep(200_000)
        break
      }
    }
    shutdown(sink, Int32(SHUT_WR))
  }

  private func contains(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.indices.contains { bytes[$0...].starts(with: word) }
  }
}
