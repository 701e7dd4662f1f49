package import Market
package import Postgres

/// A process of the daemon as it makes itself known: who it is, and what it sees from where it stands.
package struct Worker: Sendable, Equatable {
  package var host: String
  package var pid: Int32
  package var programVersion: String
  package var parts: [String]

  package init(host: String, pid: Int32, programVersion: String, parts: [String]) {
    self.host = host
    self.pid = pid
    self.programVersion = programVersion
    self.parts = parts
  }

  /// Whoever was not seen for so long is gone: four heartbeats.
  package static let goneAfterSeconds = 15

  /// What a process alone can know.
  package struct Condition: Sendable, Equatable {
    package var isDraining = false
    /// Our clock less the database's.
    package var clockOffset = Duration.zero
    package var redisDownSince: Instant?
    package var stripeFailures = 0
    package var stripeFailingSince: Instant?
    package var signatureRefusals = 0

    package init() {}
  }

  /// Makes it known. Answers its number in the table.
  package func enter(_ session: borrowing Session) throws -> Int64 {
    let id = try session.first(
      """
      INSERT INTO gkm.worker (holder, host, pid, program_version, parts)
      VALUES (\(LeaseHolder.number), \(safe(host, limit: 64) ?? ""), \(pid), \(programVersion), \(parts)) RETURNING id
      """
    ) { try $0.int64(0) }
    guard let id else { throw StoreError.badRow("a worker without a number") }
    return id
  }

  /// Says that it is there, and what it sees. Answers whether it is still known: a database that was restored may have
  /// forgotten it.
  package static func beat(_ session: borrowing Session, _ id: Int64, _ condition: Condition) throws -> Bool {
    try session.execute(
      """
      UPDATE gkm.worker SET last_seen = now(), stopped_at = NULL, draining = \(condition.isDraining),
        clock_offset_ms = \(condition.clockOffset.wholeMicroseconds / 1_000),
        redis_down_since = \(condition.redisDownSince), stripe_failures = \(Int32(clamping: condition.stripeFailures)),
        stripe_failing_since = \(condition.stripeFailingSince),
        signature_refusals = \(Int32(clamping: condition.signatureRefusals))
      WHERE id = \(id)
      """) == 1
  }

  /// Says that it ends. Answers how many jobs it gave back that it had not finished.
  package static func leave(_ session: borrowing Session, _ id: Int64?) throws -> Int {
    let released = try LeaseHolder.releaseAll(session)
    if let id {
      try session.execute("UPDATE gkm.worker SET stopped_at = now(), last_seen = now() WHERE id = \(id)")
    }
    return released
  }

  /// The database's time.
  package static func databaseTime(_ session: borrowing Session) throws -> Instant {
    guard let now = try session.first("SELECT clock_timestamp()", { try $0.instant(0) }) else {
      throw StoreError.badRow("clock_timestamp() gave no row")
    }
    return now
  }
}
