import Glibc

/// A process that holds keys keeps them to itself.
package enum ProcessSecrecy {
  /// No core file, no picture of registers and memory in a log, and no other process of the user may read this one's
  /// memory. To be called once, before anything else.
  package static func harden() {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    // prctl is variadic, which Swift does not import; five words is what the system call takes (prctl(2)).
    typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    if let address = dlsym(nil, "prctl") {
      _ = unsafeBitCast(address, to: Prctl.self)(prSetDumpable, 0, 0, 0, 0)
    }
    // Swift's runtime would write what the registers point to beside the backtrace. Whoever wants one asks for it, as
    // with SWIFT_BACKTRACE=enable=yes,registers=none.
    if getenv("SWIFT_BACKTRACE") == nil {
      for crash in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(crash, SIG_DFL) }
    }
  }

  /// PR_SET_DUMPABLE of <sys/prctl.h>.
  private static let prSetDumpable: Int32 = 4
}
