import Glibc
import Logging
import ServiceLifecycle
import StripeSimulator
import UnixSignals

/// A variable of the environment that is set and not empty.
func environment(_ name: String) -> String? {
  guard let value = getenv(name) else { return nil }
  let text = String(cString: value)
  return text.isEmpty ? nil : text
}

/// Prints a line at once, however standard output is buffered.
@Sendable func announce(_ line: String) {
  write("\(line)\n", to: STDOUT_FILENO)
}

/// Tells on standard error how the customers fare.
@Sendable func tell(_ statistics: TrafficStatistics) {
  write("\(statistics.line)\n", to: STDERR_FILENO)
}

private func write(_ text: String, to descriptor: Int32) {
  let bytes = Array(text.utf8)
  var rest = bytes[...]
  while !rest.isEmpty {
    let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    guard written > 0 else { return }
    rest = rest.dropFirst(written)
  }
}

/// Runs services until they end, or until SIGTERM or SIGINT asks for it.
func runServices(_ services: [ServiceGroupConfiguration.ServiceConfiguration]) async throws {
  var logger = Logger(label: "stripesim") { StreamLogHandler.standardError(label: $0) }
  logger.logLevel = .warning
  var configuration = ServiceGroupConfiguration(
    services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
  configuration.maximumGracefulShutdownDuration = .seconds(3)
  try await ServiceGroup(configuration: configuration).run()
}
