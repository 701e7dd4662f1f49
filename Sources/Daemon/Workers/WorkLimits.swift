import Market
package import Store

/// How much the workers take on at once, and how long things may take.
package struct WorkLimits: Sendable {
  /// How long a claimed job is its worker's. A crashed worker's jobs are due again after it.
  package var lease: Duration
  /// Jobs claimed at once.
  package var batch: Int
  /// Batches of events applied side by side.
  package var lanes: Int
  /// Mails under way at once.
  package var deliveries: Int
  /// Prepared deliveries that may wait for one of those; beyond it they stay in the queue.
  package var waitingDeliveries: Int
  /// Attempts of one delivery until a person must look.
  package var deliveryAttempts: Int
  /// Failures of one job until it goes to the dead letters.
  package var jobAttempts: Int
  /// How often each daemon looks for overlooked events and for periodic work whose round has begun.
  package var upkeepInterval: Duration
  /// How often one daemon of all makes partitions and takes away what is kept no longer.
  package var roundInterval: Duration
  /// How long is kept what grows without end.
  package var retention: Upkeep.Retention
  /// How long what is under way may take once the workers are told to end; then its jobs are given back.
  package var drain: Duration
  /// How long an order without stock waits for the next look.
  package var restockDelay: Duration
  /// How long it waits in all; then what is missing is paid back.
  package var restockWindow: Duration
  /// Vendors get one mail for all orders that were paid in so much time.
  package var noticeWindow: Duration
  /// How often it is looked for listings that fell to their threshold.
  package var stockWatchInterval: Duration
  /// Whether customers are told that their orders are paid.
  package var sendsReceipts: Bool
  /// How long after it was paid an order counts as late; `nil`: nobody is told.
  package var delayedAfter: Duration?

  package init(
    lease: Duration = .seconds(12), batch: Int = 64, lanes: Int = 2, deliveries: Int = 16,
    waitingDeliveries: Int = 512, deliveryAttempts: Int = 8, jobAttempts: Int = 12,
    upkeepInterval: Duration = .seconds(2), roundInterval: Duration = .seconds(3_600),
    retention: Upkeep.Retention = Upkeep.Retention(), drain: Duration = .seconds(20),
    restockDelay: Duration = .seconds(30), restockWindow: Duration = .seconds(86_400),
    noticeWindow: Duration = .seconds(60), stockWatchInterval: Duration = .seconds(15),
    sendsReceipts: Bool = false, delayedAfter: Duration? = nil
  ) {
    self.lease = lease
    self.batch = batch
    self.lanes = lanes
    self.deliveries = deliveries
    self.waitingDeliveries = waitingDeliveries
    self.deliveryAttempts = deliveryAttempts
    self.jobAttempts = jobAttempts
    self.upkeepInterval = upkeepInterval
    self.roundInterval = roundInterval
    self.retention = retention
    self.drain = drain
    self.restockDelay = restockDelay
    self.restockWindow = restockWindow
    self.noticeWindow = noticeWindow
    self.stockWatchInterval = stockWatchInterval
    self.sendsReceipts = sendsReceipts
    self.delayedAfter = delayedAfter
  }
}

extension RetrySchedule {
  /// The wait after the `attempt`th failure, counted from 1.
  static func delay(afterAttempt attempt: Int) -> Duration {
    delay(afterAttempt: attempt, jitter: .random(in: 0..<1))
  }
}
