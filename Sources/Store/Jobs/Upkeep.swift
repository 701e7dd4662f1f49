import Market
package import Postgres

/// The little that has to be done now and then, by one daemon for all.
package enum Upkeep {
  /// How much a round did.
  package struct Done: Sendable, Equatable {
    /// Partitions made for the months to come.
    package let made: Int
    /// Months of event bodies taken away.
    package let dropped: Int
  }

  /// Makes the partitions of the months to come, and takes away bodies of events, rounds and settled dead letters that
  /// are kept no longer.
  package static func run(
    _ session: borrowing Session, keepBodies: Duration, keepLetters: Duration
  ) throws -> Done {
    let made = try session.first("SELECT gkm.ensure_partitions()") { try $0.int(0) }
    let bodies = Double(keepBodies.wholeMicroseconds) / 1_000_000
    let letters = Double(keepLetters.wholeMicroseconds) / 1_000_000
    let dropped = try session.first(
      "SELECT gkm.prune(make_interval(secs => \(bodies)), make_interval(secs => \(letters)))"
    ) { try $0.int(0) }
    return Done(made: made ?? 0, dropped: dropped ?? 0)
  }

  /// Ends the round. Throws `LeaseLost` where another daemon has it by now: nothing of it may be committed then.
  package static func complete(_ session: borrowing Session, _ job: ClaimedJob, lease: Lease) throws {
    guard try session.execute(JobQueue.complete([job.id], lease: lease)) == 1 else { throw LeaseLost(jobs: 1) }
  }
}
