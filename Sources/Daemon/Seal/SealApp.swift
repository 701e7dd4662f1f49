import CoreMetrics
import Hummingbird
package import Logging
import Market
import NIOCore
import Outbound
import Postgres
import ServiceLifecycle
import Store
package import UnixSignals

/// `gkmd seal`: the sealer, what takes its heads away, and the figures of both.
package struct SealApp: Sendable {
  private let configuration: Configuration
  private let signer: NoteSigner
  private let registry: PrometheusRegistry
  private let logger: Logger
  private let adopts: Bool

  /// - Parameter adopts: takes the database's newest head for right where none is kept, or another key signed it.
  /// - Throws: `ConfigurationError` naming all that is needed and not set.
  package init(
    _ configuration: Configuration, adopts: Bool, registry: PrometheusRegistry, logger: Logger
  ) throws(ConfigurationError) {
    let missing = configuration.missingForSealing()
    guard missing.isEmpty, let key = configuration.seal.key, let signer = try? NoteSigner(key.text) else {
      throw ConfigurationError(problems: missing)
    }
    self.configuration = configuration
    self.signer = signer
    self.registry = registry
    self.logger = logger
    self.adopts = adopts
  }

  /// Runs until one of `signals` comes, or the task is cancelled.
  ///
  /// - Throws: `SealRefusal` where the log is not the one that was signed.
  package func run(signals: [UnixSignal] = [.sigterm, .sigint]) async throws {
    let settings = configuration.seal
    let database = databaseConfiguration
    let pool = PostgresPool(database, maximum: 2)
    let outbound = try OutboundClient()
    let telemetry = SealTelemetry(factory: registry)
    let publishers = try ways(outbound).map { HeadPublisher($0, telemetry: telemetry, logger: logger) }
    let sealer = Sealer(
      step: SealStep(signer: signer, origin: settings.origin, limit: settings.batch), database: database,
      state: SealState(path: settings.stateFile), interval: settings.interval, adopts: adopts, publishers: publishers,
      telemetry: telemetry, logger: logger)
    let health = Health(pool: pool, redis: nil)
    var services: [any Service] = [SealGauges(pool: pool, telemetry: telemetry), metricsServer(health)]
    services += publishers.map { $0 as any Service }
    services += [sealer, DrainNotice(health: health, notice: .zero)]
    var group = ServiceGroupConfiguration(services: services, gracefulShutdownSignals: signals, logger: logger)
    group.maximumGracefulShutdownDuration = configuration.http.drainTimeout
    do {
      try await ServiceGroup(configuration: group).run()
      await close(pool, outbound)
      logger.info("stopped")
    } catch {
      await close(pool, outbound)
      throw error
    }
  }

  private func close(_ pool: PostgresPool, _ outbound: OutboundClient) async {
    outbound.close()
    await pool.close()
  }

  private var databaseConfiguration: PostgresConfiguration {
    let database = configuration.database
    return PostgresConfiguration(
      conninfo: database.conninfo, password: database.password?.text, applicationName: "gkmd seal",
      connectTimeout: database.connectTimeout, statementTimeout: .seconds(120), lockTimeout: database.lockTimeout,
      // What is signed must not be lost with the database's memory.
      settings: ["synchronous_commit": "on"])
  }

  private func ways(_ outbound: OutboundClient) throws -> [any HeadPublisher.Way] {
    let settings = configuration.seal
    var ways: [any HeadPublisher.Way] = []
    if let folder = settings.publishFolder {
      ways.append(FolderWay(folder: folder, interval: settings.publishInterval))
    }
    if let url = settings.publishURL {
      ways.append(
        PostWay(url: url, token: settings.publishToken, interval: settings.publishInterval, outbound: outbound))
    }
    if let to = settings.digestTo, let server = configuration.mail.url {
      let mail = configuration.mail
      ways.append(
        MailWay(
          to: to, from: .init(name: mail.senderName, address: mail.sender), domain: mail.messageIDDomain,
          stateFile: settings.stateFile + ".digest", interval: settings.digestInterval,
          server: try SMTPConfiguration(url: server.text), outbound: outbound))
    }
    return ways
  }

  private func metricsServer(_ health: Health) -> some Service {
    let router = Router(context: WebContext.self)
    HealthRoutes(health: health, registry: registry).add(to: router, EndpointTable())
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    return Application(
      router: router, server: .http1(configuration: .init(idleTimeout: .seconds(30))),
      configuration: ApplicationConfiguration(
        address: configuration.http.metricsListen.bindAddress,
        availableConnectionsDelegate: .maximum(16, logger: quiet)),
      logger: quiet)
  }
}

/// Reads now and then how far the sealing is behind.
private struct SealGauges: Service {
  let pool: PostgresPool
  let telemetry: SealTelemetry

  private static let interval = Duration.seconds(2)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        if let lag = try? await pool.read({ try SealLag.read($0) }) { telemetry.stands(lag) }
        try? await Task.sleep(for: Self.interval)
      }
    }
  }
}

extension Configuration {
  /// What sealing needs and nobody has set, or has set to what cannot be used.
  package func missingForSealing() -> [ConfigurationProblem] {
    var sentences: [String] = []
    if let key = seal.key {
      do throws(NoteError) { _ = try NoteSigner(key.text) } catch { sentences.append("seal.key: \(error)") }
    } else {
      sentences.append("seal.key is not set: seal.key_file or the credential seal_key; gkmd seal keygen makes one")
    }
    if seal.digestTo != nil {
      if let url = mail.url {
        do throws(OutboundError) { _ = try SMTPConfiguration(url: url.text) } catch {
          sentences.append("mail.url: \(error.message)")
        }
      } else {
        sentences.append(
          "seal.digest_to is set and mail.url is not: SMTP_URL, mail.url_file or the credential smtp_url")
      }
    }
    return sentences.map { ConfigurationProblem(place: "configuration", message: $0) }
  }
}
