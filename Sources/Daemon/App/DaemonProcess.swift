import CoreMetrics
package import Logging
import Postgres
import Store

/// What concerns the process as a whole, to be done once, before anything else.
package enum DaemonProcess {
  /// No core file, and no other process of the user may read this one's memory: it holds keys. And its end is quiet,
  /// whatever its threads are at.
  package static func harden() {
    ProcessSecrecy.harden()
    CryptoLibrary.staysUntilTheEnd()
  }

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
