package import Market
package import Postgres

/// How a customer who lost the link proves an address: a code is mailed to it, and shown again.
package struct AddressCodes: Sendable {
  private let vault: KeyVault

  package init(vault: KeyVault) { self.vault = vault }

  /// How long a code is good for, in minutes.
  package static let minutes = 15
  /// Codes mailed to one address in an hour.
  package static let perHour = 3
  /// Codes tried of one request.
  package static let tries = 5

  /// An order of the address that was proven.
  package struct Order: Sendable, Equatable {
    package let id: OrderID
    package let number: String
    package let state: OrderState
    package let amount: Money
    package let createdAt: Instant
    package let title: String
    package let tokenGeneration: Int32
  }

  /// Notes a request, and has the code mailed where the address has an order and got few codes of late. What is answered
  /// is the same in every case.
  package func request(_ session: borrowing Session, address: String, nonce: [UInt8]) throws -> AddressCodeRequest {
    let digest = vault.addressDigest(address)
    // One address at a time: its codes are counted.
    let lock = digest.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    try session.execute("SELECT pg_advisory_xact_lock(\(lock))")
    let orders: [OrderID] = try session.rows(
      """
      SELECT o.id FROM gkm.orders o
      WHERE lower(o.customer_email) = \(address.lowercased())
        AND o.state NOT IN ('open', 'expired', 'payment_failed')
        AND \(Self.perHour) > (
          SELECT count(*) FROM gkm.address_code c
          WHERE c.address_digest = \(digest) AND c.created_at > now() - interval '1 hour')
      ORDER BY o.id DESC LIMIT 1
      """
    ) { try $0.id(0) }
    let order = orders.first
    let id = try session.first(
      """
      INSERT INTO gkm.address_code (nonce, address_digest, order_id, expires_at)
      VALUES (\(nonce), \(digest), \(order), now() + make_interval(mins => \(Self.minutes)::integer)) RETURNING id
      """
    ) { try $0.int64(0) }
    guard let id else { throw StoreError.badRow("a request for a code got no id") }
    let request = AddressCodeRequest(id: id, nonce: nonce)
    // Asked for in any case: for an address without an order it goes nowhere.
    try NoticeQueue.add(
      session,
      Notice(
        "address_code", to: .customer, dedupe: "address_code/\(id)", order: order,
        data: ["request": request.text, "minutes": String(Self.minutes)]))
    return request
  }

  /// The orders of the address that `code` proves; `nil` where it is wrong, used, too old, or was guessed at too often.
  /// Each look counts, and a right code is good for one.
  package func orders(_ session: borrowing Session, _ request: AddressCodeRequest, code: String) throws -> [Order]? {
    let found = try session.first(
      """
      UPDATE gkm.address_code SET tries = tries + 1
      WHERE id = \(request.id) AND nonce = \(request.nonce) AND tries < \(Self.tries) AND used_at IS NULL
        AND expires_at > now()
      RETURNING order_id, address_digest
      """
    ) { (order: try $0.idOrNil(0) as OrderID?, digest: try $0.bytes(1)) }
    let isRight = vault.isCode(code, of: request)
    guard let found, isRight, let order = found.order else { return nil }
    try session.execute("UPDATE gkm.address_code SET used_at = now() WHERE id = \(request.id)")
    let proven = try session.first(
      "SELECT lower(customer_email), number FROM gkm.orders WHERE id = \(order)"
    ) { (address: try $0.string(0), number: try $0.string(1)) }
    // Mail about the order may go elsewhere by now: what was proven is the address that was asked for.
    guard let proven, vault.addressDigest(proven.address) == found.digest else { return nil }
    var audit = AuditBatch(try Stamp.now(session, role: .customer))
    try audit.add(.addressProven, .order(order), order: (order, proven.number))
    try session.execute(audit.statement)
    return try orders(session, of: proven.address)
  }

  private func orders(_ session: borrowing Session, of address: String) throws -> [Order] {
    try session.rows(
      """
      SELECT o.id, o.number, o.state, o.amount::bigint, o.currency::text, o.created_at, o.token_generation, (
          SELECT string_agg(l.title || CASE WHEN l.quantity > 1 THEN ' × ' || l.quantity ELSE '' END, ', ' ORDER BY l.id)
          FROM gkm.order_line l WHERE l.order_id = o.id)
      FROM gkm.orders o
      WHERE lower(o.customer_email) = \(address) AND o.state NOT IN ('open', 'expired', 'payment_failed')
      ORDER BY o.id DESC LIMIT 100
      """
    ) {
      Order(
        id: try $0.id(0), number: try $0.string(1), state: try $0.word(2), amount: try $0.money(3, 4),
        createdAt: try $0.instant(5), title: try $0.stringOrNil(7) ?? "", tokenGeneration: try $0.int32(6))
    }
  }

  /// Takes away what nobody can use any more. Answers how much.
  package static func prune(_ session: borrowing Session) throws -> Int {
    try session.execute("DELETE FROM gkm.address_code WHERE created_at < now() - interval '1 day'")
  }
}
