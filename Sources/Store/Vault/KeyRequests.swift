package import Market
package import Postgres

/// What the daemon does with requests for keys: it opens, seals anew to whoever asked, and forgets.
package struct KeyRequests: Sendable {
  private let vault: KeyVault
  private let keys: DataKeyCache

  package init(_ vault: KeyVault, keys: DataKeyCache) {
    self.vault = vault
    self.keys = keys
  }

  /// How long a request is worth an answer: nobody waits longer.
  package static let patience = Duration.seconds(60)

  private struct Request {
    let id: KeyRequestID
    let state: String
    let askedBy: String
    let isLate: Bool
    let unit: StockUnitID?
    let asker: [UInt8]?
  }

  /// Answers one request and ends its job, in a transaction of its own. One that nobody waits for any more is ended
  /// without an answer.
  package func answer(_ session: borrowing Session, _ job: ClaimedJob, lease: Lease) throws {
    guard let number = Int64(job.subject) else { throw StoreError.badRow("“\(job.subject)” is no request") }
    let request: Request? = try session.first(
      """
      SELECT id, state, requested_by, asked_at < now() - interval '60 seconds', stock_unit_id, public_key
      FROM gkm.key_request WHERE id = \(number) FOR UPDATE
      """
    ) {
      Request(
        id: try $0.id(0), state: try $0.string(1), askedBy: try $0.string(2), isLate: try $0.bool(3),
        unit: try $0.idOrNil(4), asker: try $0.bytesOrNil(5))
    }
    if let request, request.state == "queued" {
      if request.isLate {
        try end(session, request, "expired", problem: "nobody waited for it any more")
      } else if request.unit != nil {
        try reveal(session, request)
      } else {
        try find(session, request)
      }
    }
    guard try session.execute(JobQueue.complete([job.id], lease: lease)) == 1 else { throw LeaseLost(jobs: 1) }
  }

  // MARK: Revealing

  private func reveal(_ session: borrowing Session, _ request: Request) throws {
    let row: (SealedUnitPlace, DataKeyID, SealedUnit, OrderID?, String?, OrderUnitID?)? = try session.first(
      """
      SELECT u.id, u.vendor_id, l.product_id, u.data_key_id, u.nonce, u.ciphertext, a.order_id, o.number, a.order_unit_id
      FROM gkm.stock_unit u JOIN gkm.listing l ON l.id = u.listing_id
      LEFT JOIN gkm.assignment a ON a.stock_unit_id = u.id
      LEFT JOIN gkm.orders o ON o.id = a.order_id
      WHERE u.id = \(request.unit)
      """
    ) {
      (
        SealedUnitPlace(unit: try $0.id(0), vendor: try $0.id(1), product: try $0.id(2)), try $0.id(3),
        SealedUnit(nonce: try $0.bytes(4), ciphertext: try $0.bytes(5)), try $0.idOrNil(6), try $0.stringOrNil(7),
        try $0.idOrNil(8)
      )
    }
    guard let (place, dataKey, sealed, order, number, orderUnit) = row,
      let asker = request.asker.flatMap({ ExchangeKey($0) })
    else { return try end(session, request, "failed", problem: "its key cannot be sealed to whoever asked") }
    try keys.load(session, keys.missing([dataKey]))
    guard let clear = try? keys.open(sealed, at: place, under: dataKey) else {
      return try end(session, request, "failed", problem: "the key does not open in its place")
    }
    let envelope = try vault.answer(clear, to: asker, for: .reveal(request.id, place.unit))
    var audit = AuditBatch(try Stamp.now(session))
    let named = order.flatMap { id in number.map { (id: id, number: $0) } }
    try audit.add(
      .keyRevealed, .keyRequest(request.id), order: named, vendor: place.vendor,
      details: ["unit": place.unit.description, "to": request.askedBy])
    var statements: [SQL] = [
      audit.statement,
      "INSERT INTO gkm.key_envelope (request_id, sealed) VALUES (\(request.id), \(envelope))",
      """
      UPDATE gkm.key_request SET state = 'answered', answered_at = now(), public_key = NULL, version = version + 1
      WHERE id = \(request.id)
      """,
    ]
    if let order {
      statements.append(
        """
        INSERT INTO gkm.reveal (order_id, order_unit_id, channel, revealed_by)
        VALUES (\(order), \(orderUnit), 'console', \(request.askedBy))
        """)
    }
    try session.pipeline(statements)
  }

  // MARK: Finding

  private func find(_ session: borrowing Session, _ request: Request) throws {
    let sealed = try session.first("DELETE FROM gkm.key_envelope WHERE request_id = \(request.id) RETURNING sealed") {
      try $0.bytes(0)
    }
    guard let sealed, let clear = try? vault.open(sealed, for: .find(login: request.askedBy)) else {
      return try end(
        session, request, "failed", problem: "what was asked does not open: is the market's key the right one?")
    }
    let fingerprint = vault.fingerprint(ofUTF8: clear[...])?.bytes ?? []
    let orders: [OrderID] = try session.rows(
      """
      SELECT a.order_id FROM gkm.stock_unit u JOIN gkm.assignment a ON a.stock_unit_id = u.id
      WHERE u.fingerprint = \(fingerprint) ORDER BY a.order_id DESC LIMIT 50
      """
    ) { try $0.id(0) }
    let unit: StockUnitID? = try session.first(
      "SELECT id FROM gkm.stock_unit WHERE fingerprint = \(fingerprint)"
    ) { try $0.id(0) }
    var audit = AuditBatch(try Stamp.now(session))
    var details = ["orders": orders.map(\.description).joined(separator: " "), "to": request.askedBy]
    details["unit"] = unit?.description
    try audit.add(.keyFindAnswered, .keyRequest(request.id), details: details)
    try session.pipeline([
      audit.statement,
      """
      UPDATE gkm.key_request SET state = 'answered', answered_at = now(), found = \(orders), found_unit = \(unit),
        version = version + 1
      WHERE id = \(request.id)
      """,
    ])
  }

  // MARK: Forgetting

  private func end(_ session: borrowing Session, _ request: Request, _ state: String, problem: String) throws {
    var audit = AuditBatch(try Stamp.now(session))
    try audit.add(
      Self.endAction(state, isReveal: request.unit != nil), .keyRequest(request.id), details: ["problem": problem])
    try session.pipeline([
      audit.statement, "DELETE FROM gkm.key_envelope WHERE request_id = \(request.id)",
      """
      UPDATE gkm.key_request SET state = \(state), problem = \(problem), public_key = NULL, version = version + 1
      WHERE id = \(request.id)
      """,
    ])
  }

  private static func endAction(_ state: String, isReveal: Bool) -> AuditAction {
    guard isReveal else { return .keyFindFailed }
    return state == "expired" ? .keyRevealExpired : .keyRevealFailed
  }

  /// Takes sealed answers away that nobody fetched within a minute. Answers how many.
  package static func sweep(_ session: borrowing Session) throws -> Int {
    let left: [(KeyRequestID, Bool)] = try session.rows(
      """
      SELECT r.id, r.kind = 'reveal' FROM gkm.key_request r LEFT JOIN gkm.key_envelope e ON e.request_id = r.id
      WHERE r.state IN ('queued', 'answered') AND coalesce(e.written_at, r.answered_at, r.asked_at)
        < now() - make_interval(secs => 45)
      ORDER BY r.id LIMIT 500 FOR NO KEY UPDATE OF r SKIP LOCKED
      """
    ) { (try $0.id(0), try $0.bool(1)) }
    guard !left.isEmpty else { return 0 }
    var audit = AuditBatch(try Stamp.now(session))
    for (id, isReveal) in left { try audit.add(endAction("expired", isReveal: isReveal), .keyRequest(id)) }
    try session.pipeline([
      audit.statement, "DELETE FROM gkm.key_envelope WHERE request_id = ANY (\(left.map(\.0)))",
      """
      UPDATE gkm.key_request SET state = 'expired', problem = 'nobody fetched it', public_key = NULL,
        version = version + 1
      WHERE id = ANY (\(left.map(\.0)))
      """,
    ])
    return left.count
  }
}
