import Glibc
import Synchronization

/// A TCP proxy on loopback that does to a connection's bytes what networks do: cuts, holds back, delays, slices. What it
/// does can be changed at any time, and counts from then on for every connection, those that are open included.
package final class FaultProxy: Sendable {
  /// Which way bytes go.
  package enum Way: Sendable {
    case toServer
    case toClient
  }

  package enum Fault: Sendable, Equatable {
    /// Bytes pass.
    case none
    /// Both sides are cut before the bytes that hold the word pass.
    case cutBefore(String, Way = .toServer)
    /// The word reaches the server, and the connection is cut before an answer comes back.
    case cutAfter(String)
    /// Both sides are cut once so many bytes have gone that way on a connection.
    case cutAfterBytes(Int, Way)
    /// The word goes nowhere, nothing answers, and the connection stays open.
    case stall(String, Way = .toServer)
    /// Nothing passes either way, and connections stay open: new ones are taken, too.
    case blackHole
    /// The server's side of what is open ends without the client being told: whatever it sends meets silence.
    case halfOpen
    /// Every piece comes that much later.
    case delay(Duration, Way)
    /// One byte at a time.
    case slice
    /// Connections are taken and ended at once.
    case refuse

    /// Whether it meets one moment of a connection, and is used up by it.
    fileprivate var isMoment: Bool {
      switch self {
      case .cutBefore, .cutAfter, .cutAfterBytes, .stall: true
      default: false
      }
    }
  }

  private struct State {
    var fault = Fault.none
    /// How many more connections it meets; nil: all.
    var left: Int?
    /// Whether a client whose side was gone is not told when the fault is over, either.
    var isLasting = false
    var hits = 0
    var links: [ObjectIdentifier: FaultLink] = [:]
  }

  package let port: Int
  private let upstream: Int
  private let listener: Int32
  private let state = Mutex(State())

  /// A proxy to a port of loopback.
  package init(to upstream: Int) throws(TestSupportError) {
    self.upstream = upstream
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.listener = listener
    var address = Self.loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, length) == 0 && listen(listener, 128) == 0
          && getsockname(listener, generic, &length) == 0
      }
    }
    guard bound else { throw TestSupportError("no proxy: \(String(cString: strerror(errno)))") }
    port = Int(UInt16(bigEndian: address.sin_port))
    BlockingThread.start { self.accept() }
  }

  /// From now on this is what happens.
  ///
  /// - Parameters:
  ///   - times: a fault of one moment meets so many connections, and then bytes pass again.
  ///   - lasting: clients whose side is gone are not told of it when the fault is over, either.
  package func set(_ fault: Fault, times: Int? = nil, lasting: Bool = false) {
    state.withLock { state in
      state.fault = fault
      state.left = times
      state.isLasting = state.isLasting || lasting
    }
    if fault == .halfOpen { for link in links { link.endServer() } }
    if fault == .refuse { cut() }
  }

  /// How many connections a fault of one moment has met.
  package var hits: Int { state.withLock { $0.hits } }

  /// Cuts every connection there is.
  package func cut() { for link in links { link.end() } }

  /// Stops listening, and cuts what there is.
  package func close() {
    shutdown(listener, Int32(SHUT_RDWR))
    set(.none)
    cut()
  }

  private var links: [FaultLink] { state.withLock { Array($0.links.values) } }
  private var fault: Fault { state.withLock { $0.fault } }
  private var isSilent: Bool { state.withLock { $0.fault == .halfOpen || $0.isLasting } }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      if client < 0 { break }
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      BlockingThread.start { self.open(client) }
    }
    Glibc.close(listener)
  }

  private func open(_ client: Int32) {
    while fault == .blackHole { usleep(20_000) }
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = Self.loopback(upstream)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard connected, fault != .refuse else {
      Glibc.close(server)
      Glibc.close(client)
      return
    }
    for end in [client, server] {
      var one: Int32 = 1
      setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }
    let link = FaultLink(client: client, server: server)
    state.withLock { $0.links[ObjectIdentifier(link)] = link }
    BlockingThread.start { self.pass(link, .toServer) }
    pass(link, .toClient)
  }

  /// Passes one way's bytes until either side ends.
  private func pass(_ link: FaultLink, _ way: Way) {
    let (source, sink) = way == .toServer ? (link.client, link.server) : (link.server, link.client)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var reader = FaultReader(way)
    loop: while true {
      let count = recv(source, &buffer, buffer.count, 0)
      if count <= 0 { break }
      if link.isHalf { continue }
      let bytes = Array(buffer[..<count])
      switch judge(&reader, bytes) {
      case .pass: guard send(bytes, to: sink, sliced: fault == .slice) else { break loop }
      case .cut: break loop
      case .cutAfter:
        shutdown(link.client, Int32(SHUT_RDWR))
        _ = send(bytes, to: sink, sliced: false)
        // The server gets the word and acts on it before it sees the end of the stream.
        usleep(200_000)
        break loop
      case .stall:
        while recv(source, &buffer, buffer.count, 0) > 0 {}
        break loop
      case .late(let pause):
        usleep(pause)
        guard send(bytes, to: sink, sliced: false) else { break loop }
      }
    }
    // A half-open client is not told while that lasts; any other side is.
    while way == .toClient, link.isHalf, isSilent, !link.isEnded { usleep(20_000) }
    link.end()
    if link.leave() { state.withLock { $0.links[ObjectIdentifier(link)] = nil } }
  }

  private enum Verdict { case pass, cut, cutAfter, stall, late(UInt32) }

  private func judge(_ reader: inout FaultReader, _ bytes: [UInt8]) -> Verdict {
    // Lost packets come again once the network is back.
    while fault == .blackHole { usleep(20_000) }
    let way = reader.way
    return state.withLock { state in
      let isHit = reader.take(bytes, state.fault) && state.left != 0
      if isHit, state.fault.isMoment {
        state.hits += 1
        state.left = state.left.map { $0 - 1 }
      }
      switch state.fault {
      case .cutBefore, .cutAfterBytes: return isHit ? .cut : .pass
      case .cutAfter: return isHit ? .cutAfter : .pass
      case .stall: return isHit ? .stall : .pass
      case .delay(let pause, way):
        let (seconds, attoseconds) = pause.components
        return .late(UInt32(seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
      default: return .pass
      }
    }
  }

  private func send(_ bytes: [UInt8], to sink: Int32, sliced: Bool) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = sliced ? rest.prefix(1) : rest
      let count = piece.withUnsafeBytes { Glibc.send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// What one way of a connection has carried: enough to find a word that comes in two pieces.
private struct FaultReader {
  let way: FaultProxy.Way
  private var total = 0
  private var tail: [UInt8] = []

  init(_ way: FaultProxy.Way) { self.way = way }

  /// Whether these bytes are the ones that the fault waits for.
  mutating func take(_ bytes: [UInt8], _ fault: FaultProxy.Fault) -> Bool {
    let before = total
    total += bytes.count
    defer { tail = (tail + bytes).suffix(64) }
    switch fault {
    case .cutBefore(let word, way), .stall(let word, way): return holds(bytes, word)
    case .cutAfter(let word) where way == .toServer: return holds(bytes, word)
    case .cutAfterBytes(let limit, way): return before < limit && total >= limit
    default: return false
    }
  }

  private func holds(_ bytes: [UInt8], _ word: String) -> Bool {
    let word = Array(word.utf8)
    let text = tail.suffix(max(0, word.count - 1)) + bytes
    guard let first = word.first, text.count >= word.count else { return false }
    let last = text.endIndex - word.count
    return text.indices.contains { $0 <= last && text[$0] == first && text[$0...].starts(with: word) }
  }
}

/// The two sockets of a connection, closed when both ways have come to their end.
private final class FaultLink: Sendable {
  let client: Int32
  let server: Int32
  private let ways = Atomic<Int>(2)
  private let ended = Atomic<Bool>(false)
  private let half = Atomic<Bool>(false)

  init(client: Int32, server: Int32) {
    self.client = client
    self.server = server
  }

  deinit {
    close(client)
    close(server)
  }

  var isEnded: Bool { ended.load(ordering: .sequentiallyConsistent) }

  func end() {
    ended.store(true, ordering: .sequentiallyConsistent)
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(server, Int32(SHUT_RDWR))
  }

  /// Whether its server's side is gone, and its client not told.
  var isHalf: Bool { half.load(ordering: .sequentiallyConsistent) }

  func endServer() {
    half.store(true, ordering: .sequentiallyConsistent)
    shutdown(server, Int32(SHUT_RDWR))
  }

  /// Whether the other way has left already.
  func leave() -> Bool { ways.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 }
}

/// A thread for what blocks, which no executor's thread may.
package enum BlockingThread {
  package static func start(_ body: @escaping @Sendable () -> Void) {
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
}
