package import Market
package import Postgres
package import Store

/// A market whose audit log is sealed, step by step, as a test says.
package struct SealedMarket: Sendable {
  package let market: MarketDatabase
  package let daemon: PostgresConnection
  package let sealer: PostgresConnection
  /// Whose heads are signed; a thief has another.
  package var signer: NoteSigner

  package static let origin = "test.example/audit"

  /// A signing key of tests: the same byte 32 times.
  package static func signer(_ byte: UInt8 = 1, named name: String = "test.example/sealer") -> NoteSigner? {
    NoteSigner(name: name, seed: [UInt8](repeating: byte, count: 32))
  }

  /// A market of its own, without any event yet.
  package static func with<T: Sendable>(_ body: @Sendable (SealedMarket) async throws -> T) async throws -> T {
    try await MarketDatabase.with { try await over($0, body) }
  }

  /// The sealing of a market that is there.
  package static func over<T: Sendable>(
    _ market: MarketDatabase, _ body: @Sendable (SealedMarket) async throws -> T
  ) async throws -> T {
    guard let signer = signer() else { throw TestSupportError("the test's signing key is none") }
    let sealed = SealedMarket(
      market: market, daemon: try await PostgresConnection.connect(market.daemon),
      sealer: try await PostgresConnection.connect(market.sealer), signer: signer)
    do {
      let value = try await body(sealed)
      await sealed.close()
      return value
    } catch {
      await sealed.close()
      throw error
    }
  }

  private func close() async {
    await daemon.close()
    await sealer.close()
  }

  /// Writes so many events of listing 1 in one transaction, as the daemon.
  package func write(_ count: Int, through connection: PostgresConnection? = nil) async throws {
    try await (connection ?? daemon).write { try Self.write($0, count) }
  }

  /// The same, inside a transaction of the caller's.
  package static func write(_ session: borrowing Session, _ count: Int) throws {
    var batch = AuditBatch(try Stamp.now(session))
    for number in 0..<count {
      try batch.add(.listingChanged, .listing(ListingID(1)), details: ["number": String(number)])
    }
    try session.execute(batch.statement)
  }

  /// Seals what can be sealed now, in steps of `limit` events; returns the last head. What other databases of the server
  /// are in the midst of can hold it up: see `sealAll`.
  @discardableResult
  package func seal(limit: Int = 1_000, at now: Instant = Instant(unixSeconds: 1_767_225_600)) async throws
    -> SignedHead?
  {
    let step = step(limit: limit)
    return try await sealer.write { session in
      var position = try Self.position(session)
      var head: SignedHead?
      while true {
        let result = try step.run(session, position, now: now)
        head = result.head ?? head
        position = result.position
        if !result.isFull { return head }
      }
    }
  }

  /// Seals until every event is sealed; returns the newest head.
  @discardableResult
  package func sealAll(limit: Int = 1_000) async throws -> SignedHead {
    var head: SignedHead?
    try await eventually {
      head = try await seal(limit: limit) ?? head
      return try await sql(
        "SELECT count(*) FROM gkm.audit_event e LEFT JOIN gkm.audit_leaf l ON l.event_id = e.id WHERE l.hash IS NULL;")
        == "0"
    }
    guard let head else { throw TestSupportError("there was nothing to seal") }
    return head
  }

  package func step(limit: Int = 1_000) -> SealStep { SealStep(signer: signer, origin: Self.origin, limit: limit) }

  /// Where a sealer that starts now goes on.
  package static func position(_ session: borrowing Session) throws -> SealStep.Position {
    let newest = try StoredHead.newest(session)
    let tree = try SealedTree.tree(session, size: newest?.size ?? 0)
    return try SealStep.Position(session, tree: tree, newest: newest)
  }

  /// Asks again and again, for at most a minute, until it holds.
  package func eventually(_ holds: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !holds() {
      guard ContinuousClock.now < end else { throw TestSupportError("did not come true within a minute") }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  @discardableResult
  package func sql(_ text: String) async throws -> String { try await market.database.sql(text) }

  /// As a superuser who has switched triggers off.
  @discardableResult
  package func tamper(_ text: String) async throws -> String {
    try await sql("SET session_replication_role = replica; \(text)")
  }
}
