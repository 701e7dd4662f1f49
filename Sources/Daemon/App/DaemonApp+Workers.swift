import Market
import Outbound
import Redis
import ServiceLifecycle
import Store

extension DaemonApp {
  /// The workers, with what they need of the daemon's means.
  func makeWorkers(_ means: DaemonMeans, wake: WakeBoard) throws -> Workers {
    let configuration = means.configuration
    let mail = configuration.mail
    var server = try SMTPConfiguration(url: mail.url?.text ?? "")
    server.commandTimeout = mail.timeout
    let redis = means.redis
    return Workers(
      Workers.Means(
        pool: means.pool, vault: try means.demandVault(), outbound: means.outbound, mailServer: server,
        mail: KeyMailSettings(
          sender: .init(name: mail.senderName, address: mail.sender), publicURL: configuration.http.publicURL,
          includesKey: mail.includesKey, templates: try means.templates(),
          bounceAddress: mail.bounces.map { _ in mail.bounceAddress }),
        notices: noticeSettings, mailDomain: mail.messageIDDomain,
        stripe: means.stripe(deadline: configuration.stripe.deadline), redis: redis,
        signals: { wake.signals($0) }, wake: Self.waking(wake, redis)),
      limits: configuration.limits, telemetry: WorkTelemetry(factory: means.telemetry.factory),
      logger: means.logger, now: SystemClock.now)
  }

  /// How notices go out, as the configuration says.
  var noticeSettings: NoticeSettings {
    let mail = configuration.mail
    var settings = NoticeSettings(
      sender: .init(name: mail.senderName, address: mail.sender), publicURL: configuration.http.publicURL,
      mailDomain: mail.messageIDDomain, team: configuration.notices.team, webhooks: configuration.notices.webhooks)
    settings.bounceAddress = mail.bounces.map { _ in mail.bounceAddress }
    settings.lanes = configuration.notices.lanes
    settings.attempts = configuration.notices.attempts
    return settings
  }

  /// Reconciliation, with what it needs of the daemon's means.
  func makeReconciler(_ means: DaemonMeans, wake: WakeBoard) -> Reconciler {
    let configuration = means.configuration
    return Reconciler(
      ReconDesk(
        pool: means.pool, stripe: means.stripe(deadline: configuration.stripe.deadline),
        settings: configuration.reconcile, telemetry: ReconTelemetry(factory: means.telemetry.factory),
        logger: means.logger, wake: Self.waking(wake, means.redis), now: SystemClock.now))
  }

  /// Wakes workers of a kind here, and those of other processes, which poll beneath it.
  static func waking(_ wake: WakeBoard, _ redis: RedisClient) -> @Sendable (JobKind) -> Void {
    { kind in
      wake.wake(kind)
      Task { _ = try? await redis.pipeline([WakeBoard.announcement(kind)], timeout: .milliseconds(500)) }
    }
  }
}

extension Configuration {
  var limits: WorkLimits {
    WorkLimits(
      lease: workers.lease, batch: workers.batch, lanes: workers.lanes, deliveries: workers.deliveries,
      waitingDeliveries: 32 * workers.deliveries, deliveryAttempts: workers.deliveryAttempts,
      retention: retention, drain: workers.drain, restockWindow: workers.restockWindow,
      noticeWindow: notices.orderWindow, stockWatchInterval: notices.stockInterval, sendsReceipts: mail.receipts,
      delayedAfter: mail.delayedAfter)
  }
}
