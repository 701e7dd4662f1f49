package import Logging
package import Market
package import Outbound
package import Postgres
package import Redis
import ServiceLifecycle
package import Store
package import Stripe

/// Everything that happens to an order after its event is stored: applying events, delivering keys, second looks.
///
/// Its `run` is the workers' lifetime. On a graceful shutdown nothing more is taken from the queue, what is under way
/// is finished, and its outcomes are written.
package final class Workers: Service {
  /// What the workers work with.
  package struct Means: Sendable {
    package var pool: PostgresPool
    package var vault: KeyVault
    package var outbound: OutboundClient
    package var mailServer: SMTPConfiguration
    package var mail: KeyMailSettings
    package var notices: NoticeSettings
    /// The right side of every Message-ID.
    package var mailDomain: String
    /// `nil`: questions to Stripe wait.
    package var stripe: StripeClient?
    /// `nil`: no live ticks.
    package var redis: RedisClient?
    /// A stream of wake-ups for workers of a kind, one at once; polling is its affair.
    package var signals: @Sendable (JobKind) -> AsyncStream<Void>
    /// Wakes the workers of a kind, in this process and elsewhere.
    package var wake: @Sendable (JobKind) -> Void

    package init(
      pool: PostgresPool, vault: KeyVault, outbound: OutboundClient, mailServer: SMTPConfiguration,
      mail: KeyMailSettings, notices: NoticeSettings, mailDomain: String, stripe: StripeClient?, redis: RedisClient?,
      signals: @escaping @Sendable (JobKind) -> AsyncStream<Void>, wake: @escaping @Sendable (JobKind) -> Void
    ) {
      self.pool = pool
      self.vault = vault
      self.outbound = outbound
      self.mailServer = mailServer
      self.mail = mail
      self.notices = notices
      self.mailDomain = mailDomain
      self.stripe = stripe
      self.redis = redis
      self.signals = signals
      self.wake = wake
    }
  }

  private let means: Means
  private let limits: WorkLimits
  private let logger: Logger
  private let keeper: LeaseKeeper
  private let settler: DeliverySettler
  private let sender: DeliverySender
  private let apply: ApplyWorker
  private let deliver: DeliveryWorker
  private let orders: OrderWorker
  private let refunds: RefundWorker
  private let notices: NoticeWorker
  private let secrets: WebhookSecretWorker
  private let upkeep: UpkeepWorker
  private let imports: ImportWorker
  private let keys: KeyDesk

  /// - Parameter now: our clock.
  package init(
    _ means: Means, limits: WorkLimits, telemetry: WorkTelemetry = WorkTelemetry(), logger: Logger,
    now: @escaping @Sendable () -> Instant
  ) {
    self.means = means
    self.limits = limits
    self.logger = logger
    let ticks = LiveTicks(means.redis)
    let slots = Slots(limits.waitingDeliveries)
    let keeper = LeaseKeeper(pool: means.pool, lease: limits.lease, logger: logger)
    self.keeper = keeper
    let horizon = ClaimHorizon()
    var server = means.mailServer
    server.maximumConnections = limits.deliveries
    settler = DeliverySettler(pool: means.pool, telemetry: telemetry, ticks: ticks, logger: logger) { outcome in
      keeper.release(outcome.delivery.job)
      slots.giveBack(1)
    }
    let dataKeys = DataKeyCache(means.vault)
    let wake = means.wake
    let pool = means.pool
    let gate = MailGate(logger: logger, now: now) {
      wake(.deliver)
      // Notices wait longer and longer between their tries, the team's alerts among them.
      Task {
        _ = try? await pool.write { try NoticeQueue.mailIsBack($0) }
        wake(.notify)
      }
    }
    sender = DeliverySender(
      pool: means.pool, keys: dataKeys, mail: KeyMail(means.mail, vault: means.vault),
      outbound: means.outbound, server: server, keeper: keeper, settler: settler, slots: slots,
      gate: gate, attemptLimit: limits.deliveryAttempts, telemetry: telemetry, logger: logger, now: now)
    apply = ApplyWorker(
      pool: means.pool, vault: means.vault, mailDomain: means.mailDomain, sender: sender, slots: slots, limits: limits,
      telemetry: telemetry, ticks: ticks, horizon: horizon, logger: logger, wake: means.wake)
    deliver = DeliveryWorker(
      pool: means.pool, vault: means.vault, sender: sender, slots: slots, gate: gate, limits: limits,
      telemetry: telemetry, ticks: ticks, horizon: horizon, logger: logger)
    orders = OrderWorker(
      pool: means.pool, apply: apply,
      recheck: Recheck(
        pool: means.pool, apply: apply, telemetry: ReconTelemetry(factory: telemetry.factory), logger: logger, now: now),
      stripe: means.stripe, limits: limits, telemetry: telemetry, logger: logger,
      now: now)
    refunds = RefundWorker(
      pool: means.pool, apply: apply, stripe: means.stripe, keeper: keeper, limits: limits, telemetry: telemetry,
      logger: logger, now: now)
    notices = NoticeWorker(
      pool: means.pool,
      sender: NoticeSender(
        settings: means.notices, vault: means.vault, templates: means.mail.templates,
        outbound: means.outbound, server: server, now: now),
      keeper: keeper, settings: means.notices, limits: limits, telemetry: telemetry, ticks: ticks, logger: logger)
    secrets = WebhookSecretWorker(pool: means.pool, vault: means.vault, limits: limits, logger: logger)
    upkeep = UpkeepWorker(pool: means.pool, limits: limits, telemetry: telemetry, logger: logger)
    imports = ImportWorker(
      pool: means.pool, vault: means.vault, keeper: keeper, limits: limits, telemetry: telemetry, logger: logger,
      wake: means.wake)
    keys = KeyDesk(
      pool: means.pool, vault: means.vault, requests: KeyRequests(means.vault, keys: dataKeys), limits: limits,
      telemetry: telemetry, logger: logger)
  }

  /// Works until shut down, and then until what is under way is finished, or for as long as that may take: what is left
  /// then is whoever's finds it.
  package func run() async throws {
    await withTaskGroup { race in
      race.addTask { await self.workToTheEnd() }
      race.addTask {
        try? await gracefulShutdown()
        try? await Task.sleep(for: self.limits.drain)
      }
      await race.next()
      race.cancelAll()
    }
  }

  private func workToTheEnd() async {
    await withTaskGroup { upkeep in
      upkeep.addTask { await self.keeper.run() }
      await withTaskGroup { settling in
        settling.addTask { await self.settler.run() }
        await withTaskGroup { sending in
          sending.addTask { await self.sender.run() }
          await self.work()
          self.sender.finish()
        }
        self.settler.finish()
      }
      upkeep.cancelAll()
    }
  }

  /// Takes from the queues until shut down. The first lane of events listens; when there is more than it takes at
  /// once it calls the others.
  private func work() async {
    let helpers = (1..<max(1, limits.lanes)).map { _ in
      AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    }
    await withTaskGroup { group in
      group.addTask {
        await self.apply.run(self.means.signals(.apply)) { for helper in helpers { helper.continuation.yield() } }
        for helper in helpers { helper.continuation.finish() }
      }
      for helper in helpers { group.addTask { await self.apply.run(helper.stream) } }
      group.addTask { await self.deliver.run(self.means.signals(.deliver)) }
      for kind in [JobKind.restock, .postLedger, .fetchDispute, .listRefunds, .recheck, .submitEvidence] {
        group.addTask { await self.orders.run(kind, self.means.signals(kind)) }
      }
      group.addTask { await self.refunds.run(self.means.signals(.refund)) }
      group.addTask { await self.notices.run(self.means.signals(.notify)) }
      group.addTask { await self.secrets.run(self.means.signals(.webhookSecret)) }
      group.addTask { await cancelWhenGracefulShutdown { await self.watchStock() } }
      group.addTask { await self.upkeep.run(self.means.signals(.upkeep)) }
      group.addTask { await self.imports.run(self.means.signals(.importStock)) }
      group.addTask { await self.keys.run(.reveal, self.means.signals(.reveal)) }
      group.addTask { await self.keys.run(.findKey, self.means.signals(.findKey)) }
      group.addTask { await cancelWhenGracefulShutdown { await self.keys.keepClean() } }
      group.addTask { await cancelWhenGracefulShutdown { await self.keepUp() } }
      group.addTask { await cancelWhenGracefulShutdown { await self.keepRescuing() } }
      group.addTask { await cancelWhenGracefulShutdown { await self.keepPlansTrue() } }
    }
  }

  /// Looks for listings that fell to their threshold. Every daemon does: whichever sees one first tells of it.
  private func watchStock() async {
    while !Task.isCancelled {
      do {
        if try await means.pool.write({ try NoticeQueue.watchStock($0) }) > 0 { means.wake(.notify) }
      } catch {
        logger.warning("stock could not be watched, and will be again", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: limits.stockWatchInterval)
    }
  }

  /// What a dead worker held is taken up before what waits. Every daemon sees to it: who comes second finds nothing.
  private func keepRescuing() async {
    while !Task.isCancelled {
      do {
        if try await means.pool.run({ try Rescue.putFirst($0) }) > 0 {
          means.wake(.apply)
          means.wake(.deliver)
        }
      } catch {
        logger.debug("nobody looked for what dead workers held", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: .seconds(1))
    }
  }

  /// Tables that grow fast are looked at before plans that were made for small ones do harm.
  private func keepPlansTrue() async {
    while !Task.isCancelled {
      do {
        try await means.pool.write { try TableStatistics.refresh($0) }
      } catch {
        logger.debug("nobody looked at how tables grew", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: .seconds(1))
    }
  }

  /// What every daemon looks after: parked events whose order came, and whether a round of upkeep has begun.
  private func keepUp() async {
    while !Task.isCancelled {
      do {
        let interval = limits.roundInterval
        if try await means.pool.write({ try JobQueue.addRound($0, .upkeep, every: interval) }) { means.wake(.upkeep) }
        if let after = limits.delayedAfter,
          try await means.pool.write({ try CustomerNotices.delayed($0, after: after) }) > 0
        {
          means.wake(.notify)
        }
        if try await means.pool.write({ try ParkedEvents.wakeOverlooked($0) }) > 0 { means.wake(.apply) }
        try await means.pool.write { try LedgerCheckpoint.take($0) }
      } catch {
        logger.warning("upkeep failed, and will be tried again", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: limits.upkeepInterval)
    }
  }
}
