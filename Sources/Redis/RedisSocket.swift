import Glibc

/// A socket address, copied out of the resolver.
struct SocketAddress: Sendable, Equatable {
  var family: Int32
  /// The bytes of the `sockaddr`.
  var bytes: [UInt8]

  /// The address of a Unix socket; nil when the path does not fit.
  static func unix(_ path: String) -> SocketAddress? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { target in
      guard path.utf8.count < target.count else { return false }
      target.copyBytes(from: path.utf8)
      return true
    }
    guard fits else { return nil }
    return SocketAddress(family: AF_UNIX, bytes: withUnsafeBytes(of: &address) { Array($0) })
  }

  /// Resolves a host name. Waits for the name service as long as it takes: never call it on a connection's thread
  /// unless `numericOnly`.
  static func resolve(host: String, port: UInt16, numericOnly: Bool) -> Result<[SocketAddress], RedisError> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (numericOnly ? AI_NUMERICHOST : AI_ADDRCONFIG)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    guard status == 0 else {
      return .failure(RedisError(.connect, "cannot resolve \(host): \(String(cString: gai_strerror(status)))"))
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var entry = list
    while let info = entry?.pointee {
      let bytes = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
      addresses.append(SocketAddress(family: info.ai_family, bytes: Array(bytes)))
      entry = info.ai_next
    }
    return .success(addresses)
  }
}

/// A non-blocking stream socket; closed with its last use. Confined to one thread.
struct RedisSocket: ~Copyable {
  enum Progress: Equatable {
    case bytes(Int)
    case wouldBlock
    case ended
    case failed(Int32)
  }

  let descriptor: Int32

  private init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Starts to connect; completion shows as writability.
  static func connecting(to address: SocketAddress) throws(RedisError) -> RedisSocket {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = Glibc.socket(address.family, kind, 0)
    guard descriptor >= 0 else { throw RedisError(.connect, "no socket: \(describe(errno))") }
    let socket = RedisSocket(descriptor: descriptor)
    if address.family != AF_UNIX {
      var yes: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
      setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
    let status = address.bytes.withUnsafeBytes { raw in
      raw.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(raw.count)) }
    }
    let code = errno
    guard status == 0 || code == EINPROGRESS else {
      throw RedisError(.connect, "cannot connect: \(describe(code))")
    }
    return socket
  }

  deinit {
    close(descriptor)
  }

  /// The outcome of a connection attempt once the socket is writable; zero is success.
  func connectError() -> Int32 {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
  }

  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Progress {
    Self.progress(recv(descriptor, buffer.baseAddress, buffer.count, 0), endsAtZero: true)
  }

  func transmit(_ bytes: UnsafeRawBufferPointer) -> Progress {
    Self.progress(send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)), endsAtZero: false)
  }

  private static func progress(_ count: Int, endsAtZero: Bool) -> Progress {
    if count > 0 { return .bytes(count) }
    if count == 0 { return endsAtZero ? .ended : .wouldBlock }
    let code = errno
    return code == EAGAIN || code == EINTR ? .wouldBlock : .failed(code)
  }
}
