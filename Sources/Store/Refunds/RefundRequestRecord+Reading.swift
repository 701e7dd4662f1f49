import Market
import Postgres

extension RefundRequestRecord {
  /// An order's requests, with their units.
  static func ofOrder(_ session: borrowing Session, _ order: OrderID) throws -> [RefundRequestRecord] {
    try session.rows(
      """
      SELECT r.id, r.state, r.stripe_refund,
        ARRAY(SELECT u.order_unit_id FROM gkm.refund_request_unit u WHERE u.request_id = r.id)
      FROM gkm.refund_request r WHERE r.order_id = \(order) ORDER BY r.id
      """
    ) {
      RefundRequestRecord(
        id: try $0.id(0), state: try $0.word(1), stripeRefund: try $0.stringOrNil(2),
        units: Set(try $0.int64Array(3).map { OrderUnitID($0) }))
    }
  }
}
