import Market
import Postgres
import Store
import TestSupport

/// A market of two vendors with a listing each, people, and the daemon's hand; files are sent as gkm sends them.
struct StockDepot: Sendable {
  let market: MarketDatabase
  let hand: KeyHand
  /// Of listing 1.
  let one: PostgresConnection
  /// Of listing 2.
  let two: PostgresConnection
  let ops: PostgresConnection
  let support: PostgresConnection

  static func with(_ body: @Sendable @escaping (StockDepot) async throws -> Void) async throws {
    try await MarketDatabase.with { market in
      try await market.database.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.vendor (handle, name, contact_email) VALUES ('one', 'One', 'a@x.example'),
          ('two', 'Two', 'b@x.example');
        INSERT INTO gkm.product (title, platform) VALUES ('Stellar Drift', 'Steam');
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency) VALUES (1, 1, 100, 'eur'), (2, 1, 100, 'eur');
        INSERT INTO gkm.listing_stock (listing_id, vendor_id) VALUES (1, 1), (2, 2);
        """)
      let vault = KeyVault(master: try MasterKey([UInt8](repeating: 7, count: 32)))
      try await KeyHand.with(market, vault: vault, isWorking: false) { hand in
        var open: [PostgresConnection] = []
        for (role, vendor) in [(Role.vendor, VendorID(1)), (.vendor, VendorID(2)), (.ops, nil), (.support, nil)] {
          let person = try await market.person(role, vendor: vendor, named: vendor.map { "v\($0)" })
          open.append(try await PostgresConnection.connect(person))
        }
        let depot = StockDepot(
          market: market, hand: hand, one: open[0], two: open[1], ops: open[2], support: open[3])
        do {
          try await body(depot)
        } catch {
          for connection in open { await connection.close() }
          throw error
        }
        for connection in open { await connection.close() }
      }
    }
  }

  /// Sends a file, in chunks of so many rows, and says that it is all; answers the import.
  func send(
    _ text: String, as person: PostgresConnection, into listing: Int64 = 1, isDryRun: Bool = false,
    reason: String? = nil, rowsInChunk: Int = 3
  ) async throws -> StockImportID {
    let id = try await person.write {
      try StockActions.begin(
        $0, listing: ListingID(listing), source: "keys.csv", isDryRun: isDryRun, reason: reason)
    }
    let chunks = try Self.chunks(text, rowsInChunk)
    try await put(chunks, id, as: person)
    let rows = chunks.reduce(0) { $0 + $1.rows }
    try await person.write { try StockActions.end($0, id, chunks: chunks.count, rows: rows) }
    return id
  }

  func put(_ chunks: [(clear: [UInt8], rows: Int)], _ id: StockImportID, as person: PostgresConnection) async throws {
    let key = try hand.vault.exchangeKey()
    for (position, chunk) in chunks.enumerated() {
      let sealed = try key.seal(chunk.clear, for: .stock(id, position: position, rows: chunk.rows))
      try await person.write {
        try StockActions.put($0, id, position: position, rows: chunk.rows, sealed: sealed)
      }
    }
  }

  static func chunks(_ text: String, _ rowsInChunk: Int) throws -> [(clear: [UInt8], rows: Int)] {
    var writer = StockChunkWriter()
    var chunks: [(clear: [UInt8], rows: Int)] = []
    let add: (Int, StockParser.Row) -> Void = { line, row in
      switch row {
      case .key(let key): writer.add(line: line, .key, key)
      case .noField: writer.add(line: line, .malformed)
      case .tooLong: writer.add(line: line, .tooLong)
      }
      if writer.rows == rowsInChunk { chunks.append(writer.take()) }
    }
    var parser = StockParser()
    try parser.feed(Array(text.utf8), add)
    try parser.finish(add)
    if writer.rows > 0 { chunks.append(writer.take()) }
    return chunks
  }

  func verdicts(_ id: StockImportID, as person: PostgresConnection) async throws -> [String] {
    try await person.read { session in
      try StockActions.verdicts(session, id, after: 0).map { "\($0.first)-\($0.last) \($0.verdict.rawValue)" }
    }
  }

  func standing(_ id: StockImportID, as person: PostgresConnection) async throws -> ImportStanding {
    try await person.read { try StockActions.standing($0, id) }
  }

  @discardableResult
  func sql(_ text: String) async throws -> String { try await market.database.sql(text + ";") }

  /// What `gkmd verify` has to say.
  func offenders() async throws -> [String] {
    let superuser = try await PostgresConnection.connect(market.superuser)
    var verification = Verification()
    verification.vault = hand.vault
    let made = verification
    let results = try await superuser.read(isolation: .repeatableRead) { try made.look($0) }
    await superuser.close()
    return results.flatMap { result in result.offenders.map { "\(result.check): \($0.name) \($0.problem)" } }
  }
}
