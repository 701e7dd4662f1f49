import Hummingbird
package import Logging
import Market
import NIOCore
import ServiceLifecycle
import Store
import Stripe
package import UnixSignals

/// `gkmd serve`: composes the parts and runs them until told to stop.
///
/// On SIGTERM or SIGINT it first says that it is not ready, then stops accepting, finishes the requests under way,
/// drains the workers, and last closes its connections.
package struct DaemonApp: Sendable {
  let configuration: Configuration
  let parts: Set<DaemonPart>
  private let registry: PrometheusRegistry
  let logger: Logger

  /// Throws a `ConfigurationError` naming all that the parts need and is not set.
  package init(
    _ configuration: Configuration, parts: Set<DaemonPart>, registry: PrometheusRegistry, logger: Logger
  ) throws(ConfigurationError) {
    let missing = configuration.missing(for: parts)
    guard missing.isEmpty else { throw ConfigurationError(problems: missing) }
    self.configuration = configuration
    self.parts = parts
    self.registry = registry
    self.logger = logger
  }

  /// Runs until one of `signals` comes, or the task is cancelled, or a part fails.
  ///
  /// - Parameter onListening: told the ports of the public and of the metrics server once they take connections; a
  ///   server that is not run has none.
  package func run(
    signals: [UnixSignal] = [.sigterm, .sigint],
    onListening: @escaping @Sendable (_ port: Int?, _ metricsPort: Int?) -> Void = { _, _ in }
  ) async throws {
    let means = try DaemonMeans(configuration, factory: registry, logger: logger)
    let ports = ListeningPorts(expectsPublic: parts.contains { $0.servesHTTP }, onListening)
    let names = parts.map(\.rawValue).sorted()
    let heartbeat = Heartbeat(
      pool: means.watchPool, redis: means.redis, vitals: means.vitals, parts: names,
      interval: configuration.workers.heartbeat, logger: logger, now: SystemClock.now)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: try services(means, ports, heartbeat), gracefulShutdownSignals: [], logger: logger))
    logger.info("starting", metadata: ["parts": "\(names.joined(separator: ","))"])
    let http = configuration.http
    let limit = http.drainNotice + http.drainTimeout + configuration.workers.drain
    do {
      let isComplete = try await Draining(signals: signals, limit: limit, logger: logger).run(group)
      await heartbeat.leave()
      await means.close()
      logger.info("\(isComplete ? "stopped" : "stopped before everything was finished")")
    } catch {
      await heartbeat.leave()
      await means.close()
      throw error
    }
  }

  /// In the order in which they are started; they are stopped in the reverse.
  private func services(
    _ means: DaemonMeans, _ ports: ListeningPorts, _ heartbeat: Heartbeat
  ) throws -> [any Service] {
    let installation = InstallationWatch(
      pool: means.pool, keyIsLive: configuration.stripe.isLive, logger: logger)
    let health = Health(pool: means.pool, redis: means.redis, installation: installation)
    let wake = WakeBoard(
      poll: configuration.workers.poll, redis: parts.contains(.workers) ? means.redisConfiguration : nil,
      logger: logger)
    let table = EndpointTable()
    let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
    let isSecure = configuration.http.publicURL.hasPrefix("https://")
    router.add(
      middleware: ProblemMiddleware(table: table, isSecure: isSecure, telemetry: means.telemetry, logger: logger))
    HealthRoutes(health: health, registry: nil).add(to: router, table)
    var services: [any Service] = [heartbeat, installation, wake]
    var intake: WebhookIntake?
    let budget = BodyBudget(bytes: configuration.http.bodyBudgetBytes)
    if parts.contains(.intake) {
      let gate = BacklogGate(
        pool: means.pool, limit: configuration.intake.backlogLimit, age: configuration.intake.backlogAge, logger: logger
      )
      services.append(gate)
      intake = addIntake(
        to: router, table, means, installation: installation, gate: gate, wake: wake, budget: budget)
    }
    let limiter = RateLimiter(redis: means.redis, now: Self.now)
    if parts.contains(.checkout) {
      let guardian = RateGuard(limiter: limiter, clients: configuration.http.addressRule)
      services.append(
        try addShop(to: router, table, means, installation: installation, guardian: guardian, budget: budget))
    }
    if parts.contains(.pages) {
      let pages = try OrderPages(
        settings: configuration.page, pool: means.pool, vault: try means.demandVault(), limiter: limiter,
        clients: configuration.http.addressRule, telemetry: means.telemetry, logger: logger)
      pages.addRoutes(to: router, table)
    }
    try addLookup(to: router, table, means, limiter: limiter, budget: budget, wake: wake)
    if parts.contains(.checkout) { addDocument(to: router, table) }
    if parts.contains(.workers) { services += [try makeWorkers(means, wake: wake)] + (try bounces(means, wake: wake)) }
    services += try watches(means, name: heartbeat.name)
    services.append(
      PeopleService(
        pool: means.watchPool, access: means.access.map(RedisAccess.init), interval: .seconds(2), logger: logger))
    if parts.contains(.reconcile) { services.append(makeReconciler(means, wake: wake)) }
    services.append(GaugeService(means: means, intake: intake, logger: logger))
    services.append(metricsServer(health, ports))
    if parts.contains(where: { $0.servesHTTP }) { services.append(OnEventLoops(inner: publicServer(router, ports))) }
    services.append(DrainNotice(health: health, vitals: means.vitals, notice: configuration.http.drainNotice))
    return services
  }

  private func addIntake(
    to router: Router<WebContext>, _ table: EndpointTable, _ means: DaemonMeans, installation: InstallationWatch,
    gate: BacklogGate, wake: WakeBoard, budget: BodyBudget
  ) -> WebhookIntake {
    let settings = configuration.intake
    let intake = WebhookIntake(
      settings: settings,
      verifier: SignatureVerifier(
        secrets: configuration.stripe.webhookSecrets.map(\.text),
        toleranceSeconds: settings.tolerance.components.seconds),
      pool: means.intakePool,
      seen: SeenEvents(redis: means.redis, budget: settings.redisBudget, seenFor: settings.seenFor),
      installation: installation, gate: gate, wake: wake, telemetry: means.telemetry, vitals: means.vitals,
      logger: logger, now: Self.now)
    WebhookRoute(
      intake: intake, settings: settings, http: configuration.http, budget: budget, telemetry: means.telemetry
    ).add(to: router, table)
    return intake
  }

  private func publicServer(_ router: Router<WebContext>, _ ports: ListeningPorts) -> some Service {
    let http = configuration.http
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    return Application(
      router: router,
      server: .http1(
        configuration: .init(
          idleTimeout: .nanoseconds(http.idleTimeout.wholeNanoseconds),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: http.headerLimitBytes, maxHeaderListSize: 2 * http.headerLimitBytes,
            maxHeaderFieldCount: 128))),
      configuration: ApplicationConfiguration(
        address: http.listen.bindAddress, backlog: 1_024,
        availableConnectionsDelegate: .maximum(http.maximumConnections, logger: quiet)),
      onServerRunning: { ports.publicServer(at: $0.localAddress?.port) }, logger: quiet)
  }

  private func metricsServer(_ health: Health, _ ports: ListeningPorts) -> some Service {
    let router = Router(context: WebContext.self)
    HealthRoutes(health: health, registry: registry).add(to: router, EndpointTable())
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    return Application(
      router: router, server: .http1(configuration: .init(idleTimeout: .seconds(30))),
      configuration: ApplicationConfiguration(
        address: configuration.http.metricsListen.bindAddress,
        availableConnectionsDelegate: .maximum(64, logger: quiet)),
      onServerRunning: { ports.metricsServer(at: $0.localAddress?.port) }, logger: quiet)
  }

  /// Our clock, in Unix seconds.
  static let now: @Sendable () -> Int64 = { SystemClock.now().unixSeconds }
}

extension ListenAddress {
  var bindAddress: BindAddress {
    switch self {
    case .tcp(let host, let port): .hostname(host, port: port)
    case .unix(let path): .unixDomainSocket(path: path)
    }
  }
}

extension Duration {
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
