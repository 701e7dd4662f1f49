import Glibc

/// Interrupts a `poll(2)` of another thread: a pair of sockets that never block.
final class WakeSignal: Sendable {
  /// The end to poll for reading.
  let descriptor: Int32
  private let input: Int32

  init() throws(PostgresError) {
    var ends: (Int32, Int32) = (-1, -1)
    let status = withUnsafeMutableBytes(of: &ends) { bytes -> Int32 in
      let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
      return bytes.baseAddress.map {
        socketpair(AF_UNIX, Int32(type), 0, $0.assumingMemoryBound(to: Int32.self))
      } ?? -1
    }
    (descriptor, input) = ends
    if status != 0 {
      throw PostgresError(.connect, "no descriptors for a connection: \(String(cString: strerror(errno)))")
    }
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
    if input >= 0 { Glibc.close(input) }
  }

  /// Makes the descriptor readable. A full one is readable already.
  func signal() {
    var byte: UInt8 = 1
    _ = write(input, &byte, 1)
  }

  /// Makes it unreadable again.
  func drain() {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      while Glibc.read(descriptor, buffer.baseAddress, buffer.count) == buffer.count {}
    }
  }
}

/// Starts a detached thread that takes no signals.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var attributes = pthread_attr_t()
  guard pthread_attr_init(&attributes) == 0 else { return false }
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, 1 << 20)
  var all = sigset_t()
  var before = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_SETMASK, &all, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  let argument = Unmanaged.passRetained(Body(body)).toOpaque()
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
      return nil
    }, argument)
  if status != 0 {
    Unmanaged<Body>.fromOpaque(argument).release()
    return false
  }
  return true
}
