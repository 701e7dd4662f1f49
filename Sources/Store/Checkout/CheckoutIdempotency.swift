package import Market
package import Postgres

/// A request that may come again: its key, and what it asks for, as digests of 32 bytes.
package struct IdempotencyClaim: Hashable, Sendable {
  package let key: [UInt8]
  package let body: [UInt8]
  /// How long the key is remembered.
  package let lifetime: Duration

  package init(key: [UInt8], body: [UInt8], lifetime: Duration) {
    self.key = key
    self.body = body
    self.lifetime = lifetime
  }
}

/// Others hold these keys: the transaction is to be rolled back, and tried again without their wishes.
package struct IdempotencyKeysTaken: Error, Sendable {
  package let keys: Set<[UInt8]>
}

/// An order whose stock is held and whose session is not known to be made.
package struct PendingCheckout: Sendable, Equatable {
  package let order: OpenedOrder
  package let email: String
  package let locale: String

  package init(order: OpenedOrder, email: String, locale: String) {
    self.order = order
    self.email = email
    self.locale = locale
  }
}

/// An order that can be paid, as it was answered.
package struct AnsweredCheckout: Sendable, Equatable {
  package let order: OrderID
  package let number: String
  package let amount: Money
  package let session: String
  package let url: String
  package let expiresAt: Instant

  package init(order: OrderID, number: String, amount: Money, session: String, url: String, expiresAt: Instant) {
    self.order = order
    self.number = number
    self.amount = amount
    self.session = session
    self.url = url
    self.expiresAt = expiresAt
  }
}

/// Where a key stands.
package enum IdempotencyStanding: Sendable, Equatable {
  case unknown
  /// The key came with another body.
  case otherBody
  /// The key came with this body, and there is nothing to repeat.
  case known
  case pending(PendingCheckout)
  case opened(AnsweredCheckout)
  /// The refusal, as the one that wrote it encoded it.
  case refused([UInt8])
}

/// Requests that were carried out once, and what was answered.
package enum CheckoutIdempotency {
  /// Where the claim's key stands now.
  package static func standing(
    _ session: borrowing Session, _ claim: IdempotencyClaim
  ) throws -> IdempotencyStanding {
    let found = try session.first(
      """
      SELECT i.body_hash, i.order_id, i.payable_until, i.session_url, i.session_expires_at, i.problem::text, o.number,
        o.amount::bigint, o.currency::text, o.checkout_session, o.customer_email::text, o.locale
      FROM gkm.checkout_idempotency i LEFT JOIN gkm.orders o ON o.id = i.order_id
      WHERE i.key_hash = \(claim.key) AND i.expires_at > now()
      """
    ) { row -> Found in
      guard try row.bytes(0) == claim.body else { return .standing(.otherBody) }
      if let problem = try row.stringOrNil(5) { return .standing(.refused(Array(problem.utf8))) }
      guard let order: OrderID = try row.idOrNil(1) else { return .standing(.known) }
      let amount = try row.money(7, 8)
      if let url = try row.stringOrNil(3) {
        return .standing(
          .opened(
            AnsweredCheckout(
              order: order, number: try row.string(6), amount: amount, session: try row.string(9), url: url,
              expiresAt: try row.instant(4))))
      }
      return .order(
        order, number: try row.string(6), amount: amount, payableUntil: try row.instant(2), email: try row.string(10),
        locale: try row.string(11))
    }
    switch found {
    case nil: return .unknown
    case .standing(let standing): return standing
    case .order(let id, let number, let amount, let payableUntil, let email, let locale):
      let order = OpenedOrder(
        id: id, number: number, lines: try lines(session, id), amount: amount, payableUntil: payableUntil)
      return .pending(PendingCheckout(order: order, email: email, locale: locale))
    }
  }

  private enum Found {
    case standing(IdempotencyStanding)
    case order(OrderID, number: String, amount: Money, payableUntil: Instant, email: String, locale: String)
  }

  private static func lines(_ session: borrowing Session, _ order: OrderID) throws -> [OpenedOrder.Line] {
    try session.rows(
      """
      SELECT listing_id, title::text, quantity, unit_price::bigint, currency::text FROM gkm.order_line
      WHERE order_id = \(order) ORDER BY listing_id
      """
    ) { row in
      let quantity = try row.int(2)
      let price = try row.money(3, 4)
      return OpenedOrder.Line(
        listing: try row.id(0), title: try row.string(1), quantity: quantity, unitPrice: price,
        total: try price.multiplied(by: quantity))
    }
  }

  /// Binds keys to orders that this transaction opened. Keys are taken in one order by everybody, after the stock, so
  /// that nobody waits in a circle; whoever holds one is waited for.
  ///
  /// Throws `IdempotencyKeysTaken` where a key was taken before, and not long enough ago to be forgotten.
  static func bind(
    _ session: borrowing Session, _ claims: [(claim: IdempotencyClaim, order: OpenedOrder)], at now: Instant
  ) throws {
    if claims.isEmpty { return }
    let bound = try session.rows(
      """
      INSERT INTO gkm.checkout_idempotency AS i (key_hash, body_hash, order_id, payable_until, expires_at)
      SELECT * FROM unnest(
        \(claims.map(\.claim.key)), \(claims.map(\.claim.body)), \(claims.map(\.order.id)),
        \(claims.map(\.order.payableUntil)), \(claims.map { now + $0.claim.lifetime })
      ) AS c (key_hash, body_hash, order_id, payable_until, expires_at) ORDER BY key_hash
      ON CONFLICT (key_hash) DO UPDATE
      SET body_hash = excluded.body_hash, order_id = excluded.order_id, payable_until = excluded.payable_until,
        session_url = NULL, session_expires_at = NULL, problem = NULL, created_at = now(),
        expires_at = excluded.expires_at
      WHERE i.expires_at <= now()
      RETURNING key_hash
      """
    ) { try $0.bytes(0) }
    let taken = Set(claims.map(\.claim.key)).subtracting(bound)
    if !taken.isEmpty { throw IdempotencyKeysTaken(keys: taken) }
  }

  /// Remembers a request that opened no order: a refusal to repeat, or that it was made at all. Where the key is known
  /// already, nothing changes.
  package static func note(
    _ session: borrowing Session, _ claim: IdempotencyClaim, problem: [UInt8]? = nil
  ) throws {
    let forgotten = try Stamp.now(session).at + claim.lifetime
    let document = problem.map { PostgresBind.json(utf8: $0) } ?? .null(.jsonb)
    try session.execute(
      """
      INSERT INTO gkm.checkout_idempotency AS i (key_hash, body_hash, problem, expires_at)
      VALUES (\(claim.key), \(claim.body), \(document), \(forgotten))
      ON CONFLICT (key_hash) DO UPDATE
      SET body_hash = excluded.body_hash, order_id = NULL, payable_until = NULL, session_url = NULL,
        session_expires_at = NULL, problem = excluded.problem, created_at = now(), expires_at = excluded.expires_at
      WHERE i.expires_at <= now()
      """)
  }

  /// What an order's key is answered with from now on.
  static func answer(_ order: OrderID, url: String, expiresAt: Instant) -> SQL {
    """
    UPDATE gkm.checkout_idempotency SET session_url = \(url), session_expires_at = \(expiresAt)
    WHERE order_id = \(order) AND session_url IS NULL
    """
  }

  /// Gives the key back of an order that came to nothing before it was answered.
  static func free(_ order: OrderID) -> SQL {
    "DELETE FROM gkm.checkout_idempotency WHERE order_id = \(order) AND session_url IS NULL"
  }

  /// Forgets keys whose time is over, at most `limit`. Answers how many.
  @discardableResult
  package static func forget(_ session: borrowing Session, limit: Int = 1_000) throws -> Int {
    try session.execute(
      """
      DELETE FROM gkm.checkout_idempotency WHERE key_hash IN (
        SELECT key_hash FROM gkm.checkout_idempotency WHERE expires_at <= now() ORDER BY expires_at LIMIT \(limit))
      """)
  }
}
