package import Market
package import Postgres

/// One key as its buyer sees it. Never prints itself.
package struct RevealedKey: Sendable, CustomStringConvertible, CustomReflectable {
  package let title: String
  package let platform: String
  /// Which of the line's units, from 1.
  package let position: Int
  package let key: String

  package var description: String { "RevealedKey(redacted)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Shows an order's keys to whoever holds its link, and records who looked.
package struct KeyReveal: Sendable {
  /// Who looks.
  package struct Witness: Sendable {
    package var address: String?
    package var agent: String?

    package init(address: String?, agent: String?) {
      self.address = address
      self.agent = agent
    }
  }

  package enum Outcome: Sendable {
    case shown(OrderPageView, [RevealedKey])
    /// The order is not in a state in which keys are shown, or has none yet.
    case refused(OrderPageView)
    case unknown
  }

  private let vault: KeyVault

  package init(vault: KeyVault) {
    self.vault = vault
  }

  /// Opens the keys and writes who looked, with one audit event for each unit, in this transaction: what is shown after
  /// its commit is on record. The order is locked, so that a refund or a dispute comes wholly before or after.
  package func reveal(
    _ session: borrowing Session, tokenHash: [UInt8], by witness: Witness
  ) throws -> Outcome {
    let locked = try session.first("SELECT id FROM gkm.orders WHERE token_hash = \(tokenHash) FOR SHARE") {
      OrderID(try $0.int64(0))
    }
    guard let order = locked, let page = try OrderPageRead.page(session, tokenHash: tokenHash) else { return .unknown }
    guard page.isRevealable else { return .refused(page) }
    let sealed = try units(session, order)
    let keys = try sealed.map { unit in
      let dataKey = try vault.unwrap(unit.wrapped, id: unit.dataKey, vendor: unit.place.vendor)
      let bytes = try vault.open(unit.sealed, at: unit.place, under: dataKey)
      return RevealedKey(
        title: unit.title, platform: unit.platform, position: unit.position, key: String(decoding: bytes, as: UTF8.self)
      )
    }
    try record(session, page, sealed, witness)
    return .shown(page, keys)
  }

  private struct Unit {
    let orderUnit: OrderUnitID
    let title: String
    let platform: String
    let position: Int
    let place: SealedUnitPlace
    let dataKey: DataKeyID
    let wrapped: [UInt8]
    let sealed: SealedUnit
  }

  private func units(_ session: borrowing Session, _ order: OrderID) throws -> [Unit] {
    try session.rows(
      """
      SELECT a.order_unit_id, l.title::text, p.platform::text, u.position, s.id, s.vendor_id, li.product_id,
        s.data_key_id, k.wrapped, s.nonce, s.ciphertext
      FROM gkm.assignment a
      JOIN gkm.order_unit u ON u.id = a.order_unit_id
      JOIN gkm.order_line l ON l.id = u.order_line_id
      JOIN gkm.stock_unit s ON s.id = a.stock_unit_id
      JOIN gkm.listing li ON li.id = s.listing_id
      JOIN gkm.product p ON p.id = li.product_id
      JOIN gkm.data_key k ON k.id = s.data_key_id
      WHERE a.order_id = \(order) AND a.active AND s.state = 'assigned' AND u.state = 'sold'
      ORDER BY u.order_line_id, u.position
      """
    ) {
      Unit(
        orderUnit: try $0.id(0), title: try $0.string(1), platform: try $0.string(2), position: try $0.int(3),
        place: SealedUnitPlace(unit: try $0.id(4), vendor: try $0.id(5), product: try $0.id(6)),
        dataKey: try $0.id(7), wrapped: try $0.bytes(8),
        sealed: SealedUnit(nonce: try $0.bytes(9), ciphertext: try $0.bytes(10)))
    }
  }

  private func record(
    _ session: borrowing Session, _ page: OrderPageView, _ units: [Unit], _ witness: Witness
  ) throws {
    var audit = AuditBatch(try Stamp.now(session, role: .customer))
    for unit in units {
      try audit.add(
        .keyRevealed, .orderUnit(unit.orderUnit), order: (page.id, page.number), vendor: unit.place.vendor,
        details: ["channel": "page"])
    }
    try session.pipeline([
      """
      INSERT INTO gkm.reveal (order_id, order_unit_id, channel, address, agent)
      SELECT \(page.id), unit, 'page', \(safe(witness.address, limit: 64)), \(safe(witness.agent, limit: 200))
      FROM unnest(\(units.map(\.orderUnit))) AS g (unit)
      """,
      audit.statement,
    ])
  }
}
