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

  package init(
    lease: Duration = .seconds(12), batch: Int = 64, lanes: Int = 2, deliveries: Int = 16,
    waitingDeliveries: Int = 512, deliveryAttempts: Int = 8, jobAttempts: Int = 12,
    upkeepInterval: Duration = .seconds(2), roundInterval: Duration = .seconds(3_600),
    retention: Upkeep.Retention = Upkeep.Retention(), drain: Duration = .seconds(20),
    restockDelay: Duration = .seconds(30), restockWindow: Duration = .seconds(86_400)
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
  }
}

/// When to try again: near 1 s, 3 s and 8 s, then ever more seldom, each time with some jitter so that what failed
/// together does not come back together.
package enum RetrySchedule {
  private static let seconds: [Double] = [1, 3, 8, 20, 60, 180, 600]

  /// The wait after the `attempt`th failure, counted from 1. `jitter` is from 0 up to 1.
  package static func delay(afterAttempt attempt: Int, jitter: Double = .random(in: 0..<1)) -> Duration {
    let base = seconds[min(max(attempt, 1), seconds.count) - 1]
    return .milliseconds(Int64(base * (850 + 300 * jitter)))
  }
}
