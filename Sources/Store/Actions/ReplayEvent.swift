package import Market
package import Postgres

/// A person has one of Stripe's events applied once more, by the same path as when it came.
package enum ReplayEvent {
  /// Puts a quarantined or parked event back into the queue, with an audit event that gives the reason; returns what its
  /// state was. It takes effect once however often it is replayed: one that took effect is not replayed.
  ///
  /// - Throws: `ActionRefused`, and `PostgresError` for what the database could not do.
  package static func replay(_ session: borrowing Session, event: String, reason: String) throws -> StripeEventState {
    do {
      let was = try session.first("SELECT api.replay_event(\(event), \(reason))") {
        try $0.word(0, as: StripeEventState.self)
      }
      guard let was else { throw StoreError.badRow("api.replay_event gave no state") }
      return was
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
