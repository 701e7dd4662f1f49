import Market
package import Postgres

/// The little that has to be done now and then, by one daemon for all.
package enum Upkeep {
  /// How long is kept what grows without end. What is about an order or a payment is kept for ever.
  package struct Retention: Sendable, Equatable {
    /// Raw bodies of Stripe's events; whole months at a time.
    package var eventBodies: Duration
    /// Dead letters, from when they were settled.
    package var letters: Duration
    /// Alerts, from when they were over; those that a person did something about stay.
    package var alerts: Duration
    /// Notices that went out or were not wanted any more; what failed, bounced or is in doubt stays.
    package var notices: Duration

    package init(
      eventBodies: Duration = .seconds(400 * 86_400), letters: Duration = .seconds(90 * 86_400),
      alerts: Duration = .seconds(400 * 86_400), notices: Duration = .seconds(400 * 86_400)
    ) {
      self.eventBodies = eventBodies
      self.letters = letters
      self.alerts = alerts
      self.notices = notices
    }
  }

  /// How much a round did.
  package struct Done: Sendable, Equatable {
    /// Partitions made for the months to come.
    package let made: Int
    /// Months of event bodies taken away.
    package let dropped: Int
  }

  /// Makes the partitions of the months to come, and takes away what is kept no longer.
  package static func run(_ session: borrowing Session, _ retention: Retention) throws -> Done {
    let made = try session.first("SELECT gkm.ensure_partitions()") { try $0.int(0) }
    let (bodies, letters) = (seconds(retention.eventBodies), seconds(retention.letters))
    let dropped = try session.first(
      """
      SELECT gkm.prune(make_interval(secs => \(bodies)), make_interval(secs => \(letters)),
        make_interval(secs => \(seconds(retention.alerts))), make_interval(secs => \(seconds(retention.notices))))
      """
    ) { try $0.int(0) }
    return Done(made: made ?? 0, dropped: dropped ?? 0)
  }

  private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeMicroseconds) / 1_000_000 }

  /// Ends the round. Throws `LeaseLost` where another daemon has it by now: nothing of it may be committed then.
  package static func complete(_ session: borrowing Session, _ jobs: [ClaimedJob], lease: Lease) throws {
    let ended = try session.execute(JobQueue.complete(jobs.map(\.id), lease: lease))
    guard ended == jobs.count else { throw LeaseLost(jobs: jobs.count - Int(ended)) }
  }
}
