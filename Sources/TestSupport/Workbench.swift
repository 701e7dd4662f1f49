package import Market
package import Postgres
package import Store

/// A market with one listing, and the daemon's own hand to work in it.
package struct Workbench: Sendable {
  package let market: MarketDatabase
  package let daemon: PostgresConnection
  package let vault: KeyVault
  package let listing: ListingID

  package static let price = Money(1_999, .eur)

  package static func with<T: Sendable>(
    keys: Int, on server: PrivatePostgres? = nil, _ body: @Sendable (Workbench) async throws -> T
  ) async throws -> T {
    try await MarketDatabase.with(on: server) { market in
      let vault = KeyVault(master: try MasterKey([UInt8](repeating: 7, count: 32)))
      let listing = try await market.database.sql(
        """
        BEGIN; SET LOCAL session_replication_role = replica;
        INSERT INTO gkm.vendor (handle, name, contact_email, mail_events)
          VALUES ('vend', 'Vend', 'v@example.com', '{}');
        INSERT INTO gkm.product (title, platform) VALUES ('Stellar Drift', 'Steam');
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency) VALUES (1, 1, 1999, 'eur') RETURNING id;
        INSERT INTO gkm.listing_stock (listing_id, vendor_id) VALUES (1, 1);
        COMMIT;
        """)
      let daemon = try await PostgresConnection.connect(market.daemon)
      let bench = Workbench(
        market: market, daemon: daemon, vault: vault,
        listing: ListingID(Int64(listing.split(separator: "\n").last ?? "") ?? 0))
      if keys > 0 { try await bench.stock(1...keys) }
      do {
        let value = try await body(bench)
        await daemon.close()
        return value
      } catch {
        await daemon.close()
        throw error
      }
    }
  }

  /// The same market on another server, which took it over; the connection of `daemon` stays where it was.
  package func moved(to server: PrivatePostgres) -> Workbench {
    Workbench(
      market: MarketDatabase(database: market.database.moved(to: server)), daemon: daemon, vault: vault,
      listing: listing)
  }

  package func stock(_ numbers: ClosedRange<Int>) async throws {
    let (vault, listing) = (vault, listing)
    try await daemon.write { session in
      var stockImport = StockImport(vault)
      let lines = numbers.map { StockImport.Line(number: $0, key: "KEY-\($0)-AAAA") }
      _ = try stockImport.run(session, into: listing, lines, source: "test")
    }
  }

  /// Opens orders of so many units each.
  package func open(_ quantities: Int...) async throws -> [OpenedOrder] { try await open(each: quantities) }

  package func open(each quantities: [Int]) async throws -> [OpenedOrder] {
    let reserver = Reserver(
      vault: vault,
      times: ReservationTimes(opening: .seconds(60), payable: .seconds(1_800), grace: .seconds(60)))
    let listing = listing
    let wishes = quantities.map {
      ReservationWish([CartLine(listing, quantity: $0)], email: "buyer@example.com", name: "Buyer")
    }
    let outcomes = try await daemon.write { try reserver.reserve($0, for: wishes) }
    return outcomes.compactMap { if case .opened(let order) = $0 { order } else { nil } }
  }

  /// Stores an event and its job, as intake does, and claims it.
  package func receive(_ contents: [(id: String, content: EventContent)], lease: Lease) async throws -> [EventToApply] {
    let events = contents.map {
      ReceivedEvent(id: $0.id, type: "test.event", state: .pending, body: [0x7B, 0x7D], signature: "")
    }
    let fresh = try await daemon.write { try EventIntake.record($0, events.sorted { $0.id < $1.id }) }
    let claimed = try await daemon.run { try ApplyClaim.claim($0, limit: 1_000, lease: lease) }
    let byID = Dictionary(uniqueKeysWithValues: contents.map { ($0.id, $0.content) })
    return claimed.filter { fresh.contains($0.eventID) }.compactMap { one in
      byID[one.eventID].map {
        EventToApply(job: one.job.id, eventID: one.eventID, type: one.type, reading: .content($0))
      }
    }
  }

  package func context(_ lease: Lease, express: Int = 0, thorough: Bool = false) -> ApplyContext {
    ApplyContext(
      vault: vault, mailDomain: "shop.example", lease: lease, deliveryLease: Lease(for: .seconds(12)),
      expressSlots: express, isThorough: thorough)
  }

  /// Receives and applies events in one batch.
  @discardableResult
  package func apply(
    _ contents: (id: String, content: EventContent)..., express: Int = 0, thorough: Bool = false
  ) async throws -> ApplyResult {
    let lease = Lease(for: .seconds(12))
    let events = try await receive(contents, lease: lease)
    let context = context(lease, express: express, thorough: thorough)
    return try await daemon.write { try ApplyTransaction.run($0, events, context) }
  }

  /// Settles them as mails written from a template.
  package func settle(_ outcomes: [DeliveryOutcome]) async throws -> DeliverySettlement.Result {
    let outcomes = outcomes.map { outcome in
      var outcome = outcome
      outcome.template = outcome.template ?? Self.template
      return outcome
    }
    return try await daemon.write { try DeliverySettlement.write($0, outcomes) }
  }

  /// A text that mails of the bench are written from.
  package static let template = TemplateVersion(
    key: "key_delivered", locale: "en",
    version: "cd84f4776ccbcef4bf7f405107b52e7b66b9b799697db469347e3b82b1b78387", content: "Your key.\n")

  /// Makes every job due, whoever holds it: as when leases have run out.
  package func passTime() async throws {
    try await market.database.sql("UPDATE gkm.job SET run_at = now() - interval '1 s';")
  }

  /// Claims and prepares what is due.
  package func prepare(_ attemptLimit: Int = 8) async throws -> DeliveryClaim.Result {
    let lease = Lease(for: .seconds(12))
    let jobs = try await daemon.write { try JobQueue.claim($0, .deliver, limit: 100, lease: lease) }
    let vault = vault
    return try await daemon.write {
      try DeliveryClaim.prepare($0, jobs, lease: lease, attemptLimit: attemptLimit, vault: vault)
    }
  }

  @discardableResult
  package func sql(_ text: String) async throws -> String { try await market.database.sql(text) }

  package func state(of order: OpenedOrder) async throws -> String {
    try await sql("SELECT state FROM gkm.orders WHERE id = \(order.id);")
  }

  /// The counter agrees with the rows: empty where it does.
  package func imbalance() async throws -> String {
    try await sql(
      """
      SELECT s.listing_id, s.available, s.reserved, s.sold FROM gkm.listing_stock s
      WHERE s.available + s.reserved <> (SELECT count(*) FROM gkm.stock_unit u WHERE u.listing_id = s.listing_id
          AND u.state = 'available')
        OR s.sold <> (SELECT count(*) FROM gkm.stock_unit u WHERE u.listing_id = s.listing_id AND u.state = 'assigned')
        OR s.reserved <> (SELECT coalesce(sum(quantity), 0) FROM gkm.reservation r WHERE r.listing_id = s.listing_id
          AND r.state = 'held');
      """)
  }
}
