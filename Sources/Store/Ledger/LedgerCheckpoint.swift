package import Postgres

/// What vendors' accounts come to by what was posted up to some transaction, so that their balances need not read it all
/// again. `gkm.take_ledger_checkpoint` says how it is known that nothing comes in below.
package enum LedgerCheckpoint {
  /// Between two of them: balances read what was posted in so much time.
  package static let interval = 10.0

  /// Moves the checkpoints on if that is due; any daemon may. Inside a transaction of its own, read committed.
  package static func take(_ session: borrowing Session) throws {
    _ = try session.first(
      "SELECT gkm.take_ledger_checkpoint(make_interval(secs => \(interval)), interval '1 second')"
    ) { try $0.int64OrNil(0) }
  }

  /// The same at once, in a database that nobody else writes to.
  static func takeAlone(_ session: borrowing Session) throws {
    _ = try session.first("SELECT gkm.take_ledger_checkpoint(interval '0', NULL)") { try $0.int64OrNil(0) }
  }
}
