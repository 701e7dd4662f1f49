package import Logging
package import Store

/// All that `gkmd` can be told, with a default for everything but secrets and places.
///
/// From the configuration file (TOML), over it the environment where a variable is named for it. Secrets come from
/// files or credentials; in development also from the environment.
package struct Configuration: Sendable {
  package enum Mode: String, Sendable, CaseIterable {
    case development, production
  }

  package var mode: Mode
  package var log: LogSettings
  package var http: HTTPSettings
  package var intake: IntakeSettings
  package var checkout: CheckoutSettings
  package var api: APISettings
  package var page: PageSettings
  package var database: DatabaseSettings
  package var redis: RedisSettings
  package var stripe: StripeSettings
  package var mail: MailSettings
  package var workers: WorkerSettings
  package var notices: NoticeConfiguration
  package var keys: KeySettings
  package var seal: SealSettings
  package var reconcile: ReconcileSettings
  package var alerts: AlertSettings
  package var retention: Upkeep.Retention

  /// Reads `file` (a path) and the environment.
  ///
  /// - Throws: every problem there is, not only the first.
  package static func load(
    file path: String?, environment: [String: String]
  ) throws(ConfigurationError) -> (configuration: Configuration, entries: [ConfigurationEntry]) {
    guard let path else { return try parse("", named: "", environment: environment) }
    let bytes: [UInt8]
    do {
      bytes = try FileContents.read(path, limitBytes: 1 << 20)
    } catch {
      throw ConfigurationError(problems: [ConfigurationProblem(place: path, message: error.description)])
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(problems: [ConfigurationProblem(place: path, message: "not UTF-8")])
    }
    return try parse(text, named: path, environment: environment)
  }

  /// Reads the text of a configuration file.
  package static func parse(
    _ text: String, named place: String, environment: [String: String]
  ) throws(ConfigurationError) -> (configuration: Configuration, entries: [ConfigurationEntry]) {
    var reader = ConfigurationReader(
      file: try ConfigurationFile.parse(text, named: place), environment: environment)
    let configuration = Configuration(&reader)
    reader.refuseUnknownNames()
    guard reader.problems.isEmpty else { throw ConfigurationError(problems: reader.problems) }
    return (configuration, reader.entries)
  }

  private init(_ reader: inout ConfigurationReader) {
    mode =
      reader.parsed("mode", env: ["GKM_MODE"], default: "development", wanted: "development or production") {
        Mode(rawValue: $0)
      } ?? .development
    reader.allowsSecretsInEnvironment = mode == .development
    log = LogSettings(&reader)
    http = HTTPSettings(&reader)
    intake = IntakeSettings(&reader)
    checkout = CheckoutSettings(&reader, publicURL: http.publicURL)
    api = APISettings(&reader, publicURL: http.publicURL)
    page = PageSettings(&reader)
    database = DatabaseSettings(&reader)
    redis = RedisSettings(&reader)
    stripe = StripeSettings(&reader)
    mail = MailSettings(&reader, publicURL: http.publicURL)
    workers = WorkerSettings(&reader)
    notices = NoticeConfiguration(&reader)
    if mode == .production, notices.webhooks.allowsLocal {
      reader.problem("webhooks.allow_local", "in production vendors' endpoints are on the open Internet")
    }
    keys = KeySettings(&reader)
    seal = SealSettings(&reader, publicURL: http.publicURL)
    reconcile = ReconcileSettings(&reader)
    alerts = AlertSettings(&reader, reconcile)
    retention = Upkeep.Retention(&reader)
    if mode == .production, !http.metricsListen.isLocal {
      reader.problem(
        "http.metrics_listen", "in production the metrics stay on this machine: a loopback address is wanted")
    }
  }
}

package struct LogSettings: Sendable {
  package var level: Logger.Level

  init(_ reader: inout ConfigurationReader) {
    level =
      reader.parsed(
        "log.level", env: ["GKM_LOG_LEVEL"], default: "info",
        wanted: "trace, debug, info, notice, warning, error or critical"
      ) { Logger.Level(rawValue: $0) } ?? .info
  }
}

package struct DatabaseSettings: Sendable {
  /// A URI or a keyword string; empty for libpq's own sources (PGHOST…, PGSERVICE).
  package var conninfo: String
  package var password: Secret?
  /// Connections for everything but intake, which has one for each of its lanes.
  package var connections: Int
  package var waiters: Int
  package var waitTimeout: Duration
  package var connectTimeout: Duration
  package var statementTimeout: Duration
  package var lockTimeout: Duration

  init(_ reader: inout ConfigurationReader) {
    conninfo = reader.secretInText("database.conninfo", env: ["GKM_DATABASE_URL"])
    password = reader.secret("database.password", env: [], credential: "database_password")
    connections = reader.number("database.connections", default: 16, in: 2...200)
    waiters = reader.number("database.waiters", default: 1_000, in: 1...100_000)
    waitTimeout = reader.duration("database.wait_timeout", default: .seconds(5), in: .milliseconds(10)...(.seconds(60)))
    connectTimeout = reader.duration(
      "database.connect_timeout", default: .seconds(3), in: .milliseconds(100)...(.seconds(60)))
    statementTimeout = reader.duration(
      "database.statement_timeout", default: .seconds(10), in: .milliseconds(100)...(.seconds(600)))
    lockTimeout = reader.duration(
      "database.lock_timeout", default: .seconds(5), in: .milliseconds(100)...(.seconds(600)))
  }
}

package struct RedisSettings: Sendable {
  /// Holds a password as a rule.
  package var url: Secret?
  /// As whom people's users are kept in step; without it they are not.
  package var accessURL: Secret?

  init(_ reader: inout ConfigurationReader) {
    url = reader.secret("redis.url", env: ["REDIS_URL"], credential: "redis_url")
    accessURL = reader.secret("redis.access_url", env: ["REDIS_ACCESS_URL"], credential: "redis_access_url")
  }
}

package struct StripeSettings: Sendable {
  package var apiBase: String
  package var apiKey: Secret?
  /// The endpoint's active signing secrets: two while one is being rolled.
  package var webhookSecrets: [Secret]
  package var deadline: Duration

  /// Whether the key moves real money; `nil` where it does not say.
  package var isLive: Bool? {
    guard let key = apiKey?.text else { return nil }
    if key.hasPrefix("sk_live_") || key.hasPrefix("rk_live_") { return true }
    return key.hasPrefix("sk_test_") || key.hasPrefix("rk_test_") ? false : nil
  }

  init(_ reader: inout ConfigurationReader) {
    apiBase = reader.text("stripe.api_base", env: ["STRIPE_API_BASE"], default: "https://api.stripe.com")
    apiKey = reader.secret("stripe.api_key", env: ["STRIPE_API_KEY"], credential: "stripe_api_key")
    let secrets = reader.secret(
      "stripe.webhook_secret", env: ["STRIPE_WEBHOOK_SECRET"], credential: "stripe_webhook_secret")
    let parts = (secrets?.text ?? "").split { $0 == "," || $0 == "\n" || $0 == " " }
    webhookSecrets = parts.map { Secret(String($0)) }
    deadline = reader.duration("stripe.deadline", default: .seconds(60), in: .seconds(1)...(.seconds(600)))
  }
}

package struct WorkerSettings: Sendable {
  /// How long a claimed job is its worker's.
  package var lease: Duration
  /// How long what is under way may take once the daemon is told to stop.
  package var drain: Duration
  /// How often a daemon says that it is there.
  package var heartbeat: Duration
  /// How long a worker waits where nothing wakes it.
  package var poll: Duration
  /// Jobs claimed at once.
  package var batch: Int
  /// Batches of events applied side by side.
  package var lanes: Int
  /// Mails under way at once.
  package var deliveries: Int
  /// Attempts of one delivery until a person must look.
  package var deliveryAttempts: Int
  /// How long a paid order waits for new stock before what is missing is paid back.
  package var restockWindow: Duration

  init(_ reader: inout ConfigurationReader) {
    lease = reader.duration("workers.lease", default: .seconds(12), in: .seconds(2)...(.seconds(300)))
    poll = reader.duration("workers.poll", default: .milliseconds(500), in: .milliseconds(10)...(.seconds(1)))
    drain = reader.duration("workers.drain", default: .seconds(20), in: .milliseconds(100)...(.seconds(300)))
    heartbeat = reader.duration("workers.heartbeat", default: .seconds(3), in: .milliseconds(100)...(.seconds(5)))
    batch = reader.number("workers.batch", default: 64, in: 1...1_000)
    lanes = reader.number("workers.lanes", default: 2, in: 1...32)
    deliveries = reader.number("workers.deliveries", default: 16, in: 1...500)
    deliveryAttempts = reader.number("workers.delivery_attempts", default: 8, in: 1...100)
    restockWindow = reader.duration(
      "workers.restock_window", env: ["GKM_RESTOCK_WINDOW"], default: .seconds(86_400),
      in: .seconds(1)...(.seconds(30 * 86_400)))
  }
}

package struct KeySettings: Sendable {
  /// 64 hexadecimal digits or 32 bytes.
  package var masterKey: Secret?

  init(_ reader: inout ConfigurationReader) {
    masterKey = reader.secret("keys.master_key", env: ["GKM_MASTER_KEY"], credential: "master_key")
  }
}
