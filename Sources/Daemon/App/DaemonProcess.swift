import CoreMetrics
import Glibc
package import Logging

/// What concerns the process as a whole, to be done once, before anything else.
package enum DaemonProcess {
  /// No core file, and no other process of the user may read this one's memory: it holds keys.
  package static func harden() {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    // prctl is variadic, which Swift does not import; five words is what the system call takes (prctl(2)).
    typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    if let address = dlsym(nil, "prctl") {
      _ = unsafeBitCast(address, to: Prctl.self)(prSetDumpable, 0, 0, 0, 0)
    }
  }

  /// PR_SET_DUMPABLE of <sys/prctl.h>.
  private static let prSetDumpable: Int32 = 4

  /// Sends all logs as JSON lines to standard error.
  package static func startLogging(level: Logger.Level) -> (logger: Logger, sink: LogSink) {
    let sink = LogSink()
    LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level, sink: sink) }
    return (Logger(label: "gkmd"), sink)
  }

  /// Gathers all metrics for `/metrics`.
  package static func startMetrics() -> PrometheusRegistry {
    let help = [WorkTelemetry.help, SealTelemetry.help, ReconTelemetry.help].reduce(Telemetry.help) {
      $0.merging($1) { _, new in new }
    }
    let registry = PrometheusRegistry(help: help)
    MetricsSystem.bootstrap(registry)
    return registry
  }
}
