import Glibc
import TestSupport

/// A TCP server of a test's own, on loopback and a thread: one connection after the other is talked to and then closed.
final class LoopbackListener: Sendable {
  let port: Int
  private let socket: Int32

  /// - Parameter talk: given each connection, which it need not close.
  init(_ talk: @escaping @Sendable (_ peer: Int32) -> Void) throws {
    let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    socket = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard bind(listener, address, length) == 0, listen(listener, 64) == 0 else { return 0 }
        getsockname(listener, address, &length)
        return Int(UnsafeRawPointer(address).load(as: sockaddr_in.self).sin_port.bigEndian)
      }
    }
    guard port > 0 else { throw Failure(code: errno) }
    BlockingThread.start {
      while true {
        let peer = accept(listener, nil, nil)
        if peer < 0 { break }
        talk(peer)
        close(peer)
      }
      close(listener)
    }
  }

  struct Failure: Error {
    let code: Int32
  }

  func stop() { shutdown(socket, Int32(SHUT_RDWR)) }
}
