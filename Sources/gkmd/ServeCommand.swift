import ArgumentParser
import Daemon
import Logging

/// `gkmd serve`
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Take Stripe's events, open orders, deliver keys.",
    discussion: """
      Runs until SIGTERM or SIGINT, then finishes what is under way. Logs are JSON lines on standard error. \
      'gkmd check-config' shows what is in force.
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var selection: PartOptions

  func validate() throws { _ = try selection.parts() }

  func run() async throws {
    let (configuration, _) = try options.load()
    let parts = try selection.parts()
    let (logger, sink) = DaemonProcess.startLogging(level: configuration.log.level)
    defer { sink.flush() }
    let app: DaemonApp
    do {
      app = try DaemonApp(configuration, parts: parts, registry: DaemonProcess.startMetrics(), logger: logger)
    } catch {
      throw Failure(error.description, status: 78)
    }
    do {
      try await app.run { port, metricsPort in
        logger.info(
          "serving",
          metadata: [
            "port": "\(port.map(String.init) ?? "none")", "metrics_port": "\(metricsPort.map(String.init) ?? "none")",
          ])
      }
    } catch {
      logger.critical("stopped by an error", metadata: ["error": "\(error)"])
      sink.flush()
      throw Failure("stopped: \(error)", status: 70)
    }
  }
}
