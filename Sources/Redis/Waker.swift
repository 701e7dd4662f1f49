internal import CHiredis
import Glibc

/// Ends a thread's `poll(2)` from any other thread. The descriptor closes with the last reference.
final class Waker: Sendable {
  let descriptor: Int32

  /// Throws when the process has no descriptors left.
  init() throws(RedisError) {
    descriptor = gkm_hiredis_eventfd()
    guard descriptor >= 0 else { throw RedisError(.connect, "no event descriptor: \(describe(errno))") }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func wake() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  func drain() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}

/// The text of an errno value.
func describe(_ code: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
    guard let base = buffer.baseAddress else { return "error \(code)" }
    return strerror_r(code, base, buffer.count) == 0 ? String(cString: base) : "error \(code)"
  }
}

/// Starts a detached thread with every signal blocked but those of a crash, so that signals meet the threads that expect them and a write to
/// a closed socket is an error and no SIGPIPE. Returns false when the system has no thread left.
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
  final class Start {
    let body: @Sendable () -> Void
    let name: String
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, 512 << 10)
  var thread = pthread_t()
  let start = Unmanaged.passRetained(Start(name, body))
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      var all = sigset_t()
      sigfillset(&all)
      for crash in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS] { sigdelset(&all, crash) }
      pthread_sigmask(SIG_SETMASK, &all, nil)
      guard let argument else { return nil }
      let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
      gkm_hiredis_name_thread(start.name)
      start.body()
      return nil
    }, start.toOpaque())
  if status != 0 { start.release() }
  return status == 0
}
