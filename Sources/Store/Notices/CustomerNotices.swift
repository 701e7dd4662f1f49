import Market
package import Postgres

/// What customers are told of their orders by mail, beside the keys themselves.
package enum CustomerNotices {
  /// Orders told of in one look.
  private static let limit = 500

  /// That their orders are paid.
  static func received(_ orders: [OrderID]) -> SQL { "SELECT gkm.notice_received(\(orders))" }

  /// That money went back, once for each refund.
  static func refunded(_ refunds: [ApplyWrites.RefundRow]) -> SQL {
    let amounts = refunds.map { Money($0.fact.amount, $0.currency).description }
    return "SELECT gkm.notice_refunded(\(refunds.map(\.id)), \(amounts))"
  }

  /// That an order takes longer than `after`: once for each. Answers how many were told.
  package static func delayed(_ session: borrowing Session, after: Duration) throws -> Int {
    let seconds = Double(after.wholeMicroseconds) / 1_000_000
    return try session.first("SELECT gkm.notice_delayed(make_interval(secs => \(seconds)), \(limit)::integer)") {
      try $0.int(0)
    } ?? 0
  }
}
