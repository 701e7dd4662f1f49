import FoundationEssentials
package import Market
package import Postgres

/// What people do about an order by hand. Each throws `ActionRefused` for what the market does not do, and changes
/// nothing then, and `PostgresError` for what the database could not do.
///
/// `version` is that of the order the person decided on: one that moved on since is not touched. A dry run tells what
/// would come of it, and needs neither version nor reason.
package enum OrderActions {
  /// Sends keys that arrived once more to the order's own address, under the next Message-ID of each mail's family.
  ///
  /// - Parameter units: places in the order, from 1; `nil` for all that arrived.
  package static func resend(
    _ session: borrowing Session, _ order: OrderID, version: Int64, units: [Int]? = nil, reason: String?,
    isDryRun: Bool = false
  ) throws -> ResendPlan {
    let places = units.map { $0.map { Int32(clamping: $0) } }
    return try call(session, "SELECT api.resend_order(\(order), \(version), \(places), \(reason), \(isDryRun))")
  }

  /// The same for one delivery as it was at `version`.
  package static func resend(
    _ session: borrowing Session, delivery: DeliveryID, version: Int64, reason: String?, isDryRun: Bool = false
  ) throws -> ResendPlan {
    let found = try refusing {
      try session.first(
        """
        SELECT o.id, o.version, d.version, d.state, (
          SELECT count(*) FROM gkm.order_unit u WHERE u.order_id = o.id AND u.id <= d.order_unit_id)
        FROM gkm.delivery d JOIN gkm.orders o ON o.id = d.order_id WHERE d.id = \(delivery)
        """
      ) {
        (
          order: OrderID(try $0.int64(0)), orderVersion: try $0.int64(1), version: try $0.int64(2),
          state: try $0.string(3), place: try $0.int(4)
        )
      }
    }
    guard let found else { throw ActionRefused(.notFound, "there is no delivery \(delivery)") }
    guard found.version == version else {
      throw ActionRefused(.changed, "this delivery changed since it was shown: it is \(found.state) now")
    }
    return try resend(
      session, found.order, version: found.orderVersion, units: [found.place], reason: reason, isDryRun: isDryRun)
  }

  /// Gives the order another address, which is sent its keys and all later mails; the old one is told. Refused once a
  /// key was looked at. What support calls it for is asked for, and done when somebody agrees.
  package static func resend(
    _ session: borrowing Session, _ order: OrderID, version: Int64, to address: String, reason: String?,
    isDryRun: Bool = false
  ) throws -> ResendPlan {
    try call(session, "SELECT api.resend_elsewhere(\(order), \(version), \(address), \(reason), \(isDryRun))")
  }

  /// Takes a bad key out, flags the batch it came with, and gives the unit at `place`, from 1, another, which is sent
  /// at once. Where none is in stock it is refused, or with `waits` the order waits for stock. What support calls it for
  /// is asked for.
  package static func replace(
    _ session: borrowing Session, _ order: OrderID, version: Int64, unit place: Int, waits: Bool = false,
    reason: String?, isDryRun: Bool = false
  ) throws -> ReplacementPlan {
    let place = Int32(clamping: place)
    return try call(
      session, "SELECT api.replace_key(\(order), \(version), \(place), \(waits), \(reason), \(isDryRun))")
  }

  /// The keys that came with the one that the unit at `place` has, or last had.
  package static func siblings(
    _ session: borrowing Session, _ order: OrderID, unit place: Int
  ) throws -> KeySiblings {
    try call(session, "SELECT api.key_siblings(\(order), \(Int32(clamping: place)))")
  }

  /// Stops an order: until it is released nothing of it is bound, delivered or paid back by itself.
  package static func hold(
    _ session: borrowing Session, _ order: OrderID, version: Int64, reason: String?, isDryRun: Bool = false
  ) throws -> HoldPlan {
    try call(session, "SELECT api.hold_order(\(order), \(version), \(reason), \(isDryRun))")
  }

  /// Lets it go on at once.
  package static func release(
    _ session: borrowing Session, _ order: OrderID, version: Int64, reason: String?, isDryRun: Bool = false
  ) throws -> HoldPlan {
    try call(session, "SELECT api.release_order(\(order), \(version), \(reason), \(isDryRun))")
  }

  /// Says something about an order among staff: it stands in its timeline. Answers the order's number.
  package static func note(_ session: borrowing Session, _ order: OrderID, text: String) throws -> String {
    let number = try refusing {
      try session.first("SELECT api.note_order(\(order), \(text))") { try $0.string(0) }
    }
    guard let number else { throw StoreError.badRow("api.note_order gave no number") }
    return number
  }

  private static func call<Answer: Decodable>(_ session: borrowing Session, _ sql: SQL) throws -> Answer {
    let answer = try refusing { try session.first(sql) { try $0.bytes(0) } }
    guard let answer, let plan = try? JSONDecoder().decode(Answer.self, from: Data(answer)) else {
      throw StoreError.badRow("a function of orders gave no plan")
    }
    return plan
  }

  private static func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
