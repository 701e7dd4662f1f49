internal import CCurl
import Glibc

/// Starts a detached thread with every signal blocked but those of a crash, so that signals meet the threads that expect them and a write to
/// a closed connection inside TLS is an error and no SIGPIPE. Returns false when the system has no thread left.
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
  pthread_attr_setstacksize(&attributes, 1 << 20)
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
      gkm_curl_begin_thread(start.name)
      start.body()
      return nil
    }, start.toOpaque())
  if status != 0 { start.release() }
  return status == 0
}
