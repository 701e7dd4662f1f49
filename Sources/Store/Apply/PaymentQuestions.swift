package import Market
package import Postgres

/// What has to be known of a payment before Stripe is asked about it.
package enum PaymentQuestions {
  /// The events that have told of a dispute so far, which the answer to a question asked now settles. `nil` where
  /// nothing is known of it.
  package static func reports(
    _ session: borrowing Session, dispute: String, of order: OrderID
  ) throws -> Set<String>? {
    let facts = try session.first("SELECT facts FROM gkm.payment WHERE order_id = \(order)") {
      try OrderSnapshot.decoded($0.bytes(0))
    }
    return facts?.disputes[dispute].map { Set($0.reports.keys) }
  }
}
