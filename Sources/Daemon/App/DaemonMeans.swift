import CoreMetrics
import Logging
import Market
import Messages
import Outbound
import Postgres
import Redis
import Stripe

/// What the parts of a daemon share: connections, keys, clients.
struct DaemonMeans: Sendable {
  let configuration: Configuration
  let pool: PostgresPool
  /// One connection for each lane, so that nothing else can keep events waiting.
  let intakePool: PostgresPool
  /// For what watches: a daemon that is busy must not look like one that is gone.
  let watchPool: PostgresPool
  let redisConfiguration: RedisConfiguration
  let redis: RedisClient
  /// As the user that keeps the others, where there is one.
  let access: RedisClient?
  let outbound: OutboundClient
  let vault: KeyVault?
  let ticks: LiveTicks
  let vitals: Vitals
  let telemetry: Telemetry
  let logger: Logger

  /// Opens nothing yet: connections are made when they are first needed.
  init(_ configuration: Configuration, factory: any MetricsFactory, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    let database = configuration.database
    var settings = PostgresConfiguration(
      conninfo: database.conninfo, password: database.password?.text, applicationName: "gkmd",
      connectTimeout: database.connectTimeout, statementTimeout: database.statementTimeout,
      lockTimeout: database.lockTimeout)
    pool = PostgresPool(
      settings, maximum: database.connections, waiters: database.waiters, waitTimeout: database.waitTimeout)
    settings.applicationName = "gkmd watch"
    watchPool = PostgresPool(settings, maximum: 2, waiters: 64, waitTimeout: database.waitTimeout)
    settings.applicationName = "gkmd intake"
    intakePool = PostgresPool(
      settings, maximum: configuration.intake.lanes, waiters: configuration.intake.lanes,
      waitTimeout: configuration.intake.deadline)
    var redisConfiguration = try RedisConfiguration(url: configuration.redis.url?.text ?? "")
    redisConfiguration.clientName = redisConfiguration.clientName ?? "gkmd"
    self.redisConfiguration = redisConfiguration
    redis = try RedisClient(redisConfiguration)
    access = try configuration.redis.accessURL.map { url in
      var configuration = try RedisConfiguration(url: url.text)
      configuration.clientName = configuration.clientName ?? "gkmd-people"
      return try RedisClient(configuration)
    }
    outbound = try OutboundClient()
    vault = try configuration.keys.masterKey.map { KeyVault(master: try MasterKey(file: $0.bytes)) }
    ticks = LiveTicks(redis)
    vitals = Vitals(now: SystemClock.now)
    telemetry = Telemetry(factory: factory)
  }

  /// The vault, where a part needs it.
  func demandVault() throws -> KeyVault {
    guard let vault else {
      throw ConfigurationError(problems: [ConfigurationProblem(place: "configuration", message: "no master key")])
    }
    return vault
  }

  /// The texts that are sent: ours, and over them those of the configured folder.
  func templates() throws -> MessageTemplates {
    try MessageTemplates(shop: configuration.mail.senderName, overrides: configuration.mail.templates)
  }

  /// Stripe's API, with an end to how long one call may take with all its attempts.
  func stripe(deadline: Duration) -> StripeClient {
    StripeClient(
      StripeConfiguration(
        apiBase: configuration.stripe.apiBase, apiKey: configuration.stripe.apiKey?.text ?? "",
        attemptTimeout: min(deadline, .seconds(20)), deadline: deadline),
      over: WatchedTransport(outbound, vitals: vitals))
  }

  /// Ends what is open, the database last: whatever still runs may have to note its outcome.
  func close() async {
    outbound.close()
    redis.close()
    access?.close()
    await intakePool.close()
    await watchPool.close()
    await pool.close()
  }
}
