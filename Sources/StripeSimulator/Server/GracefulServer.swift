import Logging
import ServiceLifecycle

/// Runs a Hummingbird application so that cancelling it is a graceful shutdown.
///
/// A server that is cancelled outright while it accepts a connection traps: NIO insists that the connection's writer
/// was finished, and nobody had it yet. So the server runs in a task of its own, which cancellation does not reach, and
/// is asked to end instead; what it still has under way is cut after `patience`.
func runGracefully(_ server: any Service, patience: Duration = .seconds(1), logger: Logger) async throws {
  var configuration = ServiceGroupConfiguration(services: [server], logger: logger)
  configuration.maximumGracefulShutdownDuration = patience
  let group = ServiceGroup(configuration: configuration)
  let running = Task { try await group.run() }
  try await withTaskCancellationHandler {
    try await running.value
  } onCancel: {
    Task { await group.triggerGracefulShutdown() }
  }
}
