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

  /// Does the same with every delivery of an order, as it was at `version`, that failed or waits; answers how many those
  /// are.
  package static func retry(
    _ session: borrowing Session, order: OrderID, version: Int64, reason: String
  ) throws -> Int {
    let deliveries: [DeliveryRow]
    do {
      let now = try session.first("SELECT version FROM gkm.orders WHERE id = \(order)") { try $0.int64(0) }
      guard now == version else { throw ActionRefused(.changed, "this order changed since it was shown") }
      deliveries = try DeliveryList.page(
        session, where: ["d.order_id = \(order)", "d.state IN ('failed', 'retrying')"], after: nil, limit: 500)
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
    guard !deliveries.isEmpty else {
      throw ActionRefused(.impossible, "nothing of this order failed or waits for another try")
    }
    for row in deliveries.reversed() {
      _ = try retry(session, delivery: DeliveryID(row.id), version: row.version, reason: reason)
    }
    return deliveries.count
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
