import Glibc

/// TCP ports for servers that tests start themselves.
package enum FreePort {
  /// A port of 127.0.0.1 that nobody listens on now, from above the kernel's own range for clients, so that no outgoing
  /// connection takes it before its server does.
  package static func next() throws(TestSupportError) -> Int {
    for _ in 0..<200 {
      let port = UInt16.random(in: 61_000...65_400)
      let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard probe >= 0 else { throw TestSupportError("no socket: \(String(cString: strerror(errno)))") }
      defer { close(probe) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if bound == 0 { return Int(port) }
    }
    throw TestSupportError("no free port on 127.0.0.1 between 61000 and 65400")
  }
}
