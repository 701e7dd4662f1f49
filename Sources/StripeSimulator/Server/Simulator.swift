import FoundationEssentials
import Hummingbird
import Logging
import NIOCore
package import Outbound
import ServiceLifecycle
import Synchronization

/// A stand-in for Stripe on loopback: the API, the hosted payment page, and the webhooks.
///
/// `run()` is its lifetime; cancelling it, or a graceful shutdown of its service group, ends it.
package final class Simulator: Service {
  package let configuration: SimulatorConfiguration
  private let store: Mutex<SimulatorState>
  let sender: WebhookSender
  private let logger: Logger
  private let onReady: @Sendable (String) async -> Void
  private let (addresses, address) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))

  /// - Parameters:
  ///   - outbound: what sends the webhooks.
  ///   - onReady: called with the base URL once calls are taken.
  package init(
    _ configuration: SimulatorConfiguration, over outbound: OutboundClient,
    onReady: @escaping @Sendable (String) async -> Void = { _ in }
  ) {
    var logger = Logger(label: "stripesim")
    logger.logLevel = .critical
    self.configuration = configuration
    self.logger = logger
    self.onReady = onReady
    store = Mutex(SimulatorState(configuration))
    sender = WebhookSender(configuration, over: outbound, clock: Self.now)
  }

  /// The clock, in Unix seconds.
  static func now() -> Int64 {
    Int64(Date().timeIntervalSince1970)
  }

  /// The base URL, once calls are taken; nil if that never came to be. To be awaited once.
  package func baseURL() async -> String? {
    for await address in addresses { return address }
    return nil
  }

  package func run() async throws {
    let router = Router()
    addAPI(to: router)
    addControls(to: router)
    addPages(to: router)
    let app = Application(
      router: router,
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: "stripesim", backlog: 1024),
      onServerRunning: { [self] channel in await started(port: channel.localAddress?.port ?? configuration.port) },
      logger: logger)
    defer { address.finish() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.sender.run() }
      group.addTask { try await self.keepTime() }
      group.addTask { [logger] in try await runGracefully(app, logger: logger) }
      // Whichever ends first (the server, on shutdown or because it could not bind) ends the others.
      defer { group.cancelAll() }
      _ = try await group.next()
    }
  }

  private func started(port: Int) async {
    let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
    let url = "http://\(host):\(port)"
    store.withLock { $0.publicURL = url }
    address.yield(url)
    await onReady(url)
  }

  /// Expires sessions and settles payments when they are due.
  private func keepTime() async throws {
    while true {
      try await Task.sleep(for: .milliseconds(250))
      transact { $0.advance(to: Self.now()) }
    }
  }

  /// One step on the state; what it emits is queued for delivery, even if it throws.
  func transact<T: Sendable, E: Error>(_ step: @Sendable (inout SimulatorState) throws(E) -> T) throws(E) -> T {
    let (result, events) = store.withLock { state -> (Result<T, E>, [SimEvent]) in
      let result: Result<T, E>
      do throws(E) { result = .success(try step(&state)) } catch { result = .failure(error) }
      return (result, state.takeOutbox())
    }
    sender.enqueue(events)
    return try result.get()
  }
}

extension Simulator {
  /// Runs a simulator while `body` works with it: for tests and for tools that need one beside them.
  package static func with<T: Sendable>(
    _ configuration: SimulatorConfiguration, over outbound: OutboundClient,
    _ body: @Sendable @escaping (_ baseURL: String, Simulator) async throws -> T
  ) async throws -> T {
    let simulator = Simulator(configuration, over: outbound)
    return try await withThrowingTaskGroup(of: T?.self) { group in
      group.addTask {
        try await simulator.run()
        return nil
      }
      group.addTask {
        guard let url = await simulator.baseURL() else { return nil }
        return try await body(url, simulator)
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let result = ended { return result }
      }
      throw CancellationError()
    }
  }
}
