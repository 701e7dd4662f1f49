package import Market
package import Postgres

/// A person asks for a delivery that failed, or waits for its next attempt, to be tried again now.
package enum RetryDelivery {
  /// The delivery as it stands, for its version; throws `ActionRefused` where there is none. For staff.
  package static func current(_ session: borrowing Session, delivery: DeliveryID) throws -> DeliveryRow {
    do {
      if let row = try DeliveryList.page(session, where: ["d.id = \(delivery)"], after: nil, limit: 1).first {
        return row
      }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
    throw ActionRefused(.notFound, "there is no delivery \(delivery)")
  }

  /// Puts it back in the queue, with its retry budget whole and an audit event that gives the reason; returns its new
  /// version. `version` is that of the row the person decided on.
  ///
  /// - Throws: `ActionRefused`, and `PostgresError` for what the database could not do.
  package static func retry(
    _ session: borrowing Session, delivery: DeliveryID, version: Int64, reason: String
  ) throws -> Int64 {
    do {
      let next = try session.first("SELECT api.retry_delivery(\(delivery), \(version), \(reason))") {
        try $0.int64(0)
      }
      guard let next else { throw StoreError.badRow("api.retry_delivery gave no version") }
      return next
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
