import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Stock import") struct StockImportTests {
  @Test("seals each key for its row, counts it, and tells the audit log, as the daemon")
  func imports() async throws {
    try await withListings { market, vault in
      let report = try await run(market, vault, "AAAAA-BBBBB-CCCCC\n\n# a remark\n  DDDDD-EEEEE-FFFFF \r\n")
      #expect(report.accepted == 2)
      #expect(report.refused.isEmpty)
      let rows = try await DemoDatabase.connected(market.superuser) { connection in
        try await connection.read { session in
          try session.rows(
            """
            SELECT u.id, u.vendor_id, l.product_id, u.data_key_id, u.nonce, u.ciphertext, u.fingerprint, k.wrapped
            FROM gkm.stock_unit u JOIN gkm.listing l ON l.id = u.listing_id JOIN gkm.data_key k ON k.id = u.data_key_id
            ORDER BY u.id
            """
          ) { row in
            let place = SealedUnitPlace(unit: try row.id(0), vendor: try row.id(1), product: try row.id(2))
            let key = try vault.unwrap(try row.bytes(7), id: try row.id(3), vendor: place.vendor)
            let sealed = SealedUnit(nonce: try row.bytes(4), ciphertext: try row.bytes(5))
            let clear = String(decoding: try vault.open(sealed, at: place, under: key), as: UTF8.self)
            let fingerprint = try row.bytes(6)
            #expect(vault.fingerprint(of: clear)?.bytes == fingerprint)
            return clear
          }
        }
      }
      #expect(rows == ["AAAAA-BBBBB-CCCCC", "DDDDD-EEEEE-FFFFF"])
      #expect(try await market.database.sql("SELECT available, version FROM gkm.listing_stock;") == "2|1")
      let events = try await market.database.sql(
        "SELECT action, subject_kind, actor FROM gkm.audit_event WHERE action LIKE 'stock%' ORDER BY id;")
      #expect(events == "stock.imported|stock_import|gkm_daemon\nstock.imported|listing|gkm_daemon")
      _ = try await run(market, vault, "GGGGG")
      #expect(try await market.database.sql("SELECT available, version FROM gkm.listing_stock;") == "3|2")
      #expect(try await market.database.sql("SELECT count(DISTINCT data_key_id) FROM gkm.stock_unit;") == "2")
    }
  }

  @Test("tells the lines it does not take, and takes the others")
  func refusals() async throws {
    try await withListings { market, vault in
      _ = try await run(market, vault, "KNOWN-00000-11111", into: 2)
      let long = String(repeating: "X", count: 1_001)
      var file = Array("FIRST-1\nfirst – 1\nKNOWN0000011111\n---\n\(long)\na\u{202E}b\n".utf8)
      file += [0x47, 0xFF, 0x48, 0x0A] + Array("LAST-1".utf8)
      let report = try await run(market, vault, bytes: file)
      #expect(report.accepted == 2)
      #expect(
        report.refused == [
          .init(line: 2, why: .repeated), .init(line: 3, why: .known), .init(line: 4, why: .empty),
          .init(line: 5, why: .tooLong), .init(line: 6, why: .unsafe), .init(line: 7, why: .notUTF8),
        ])
      #expect(
        try await market.database.sql("SELECT rows_total, rows_accepted FROM gkm.stock_import WHERE listing_id = 1;")
          == "8|2")
    }
  }

  @Test("of a listing that is not there changes nothing")
  func unknownListing() async throws {
    try await withListings { market, vault in
      await #expect(throws: NotFound.self) { _ = try await run(market, vault, "A", into: 99) }
      let keys = try await market.database.sql("SELECT count(*) FROM gkm.data_key;")
      #expect(keys == "0")
    }
  }

  @Test("reads CSV by its column key, quotes and all")
  func csv() throws {
    let file = try StockFile(
      Array("\u{FEFF}title,KEY,note\r\n\"a, b\",A-1,x\n\n\"c \"\"d\"\"\ne\",\"B\"\"2\"\nf\ng,C-3,\n".utf8))
    #expect(file.lines.map(\.key) == ["A-1", "B\"2", "C-3"])
    #expect(file.lines.map(\.number) == [2, 4, 7])
    #expect(file.refused == [.init(line: 6, why: .noField)])
    #expect(try StockFile(Array("key\nX\n".utf8)).lines.map(\.key) == ["X"])
    #expect(try StockFile(Array("monkey\nX\n".utf8)).lines.map(\.key) == ["monkey", "X"])
  }

  @Test("says where a file cannot be read")
  func brokenFiles() {
    #expect(throws: StockFileError(line: 3, column: 3, "this quote is never closed")) {
      try StockFile(Array("t,key\na,b\nc,\"d\ne".utf8))
    }
    #expect(throws: StockFileError(line: 2, column: 6, "after a closing quote comes a comma or the line's end")) {
      try StockFile(Array("t,key\n\"aa\" b,c\n".utf8))
    }
    #expect(throws: StockFileError(line: 1, column: 1, "this looks like CSV, and no column is called `key`")) {
      try StockFile(Array("title,code\na,b\n".utf8))
    }
  }

  private func run(
    _ market: MarketDatabase, _ vault: KeyVault, _ text: String, into listing: Int64 = 1
  ) async throws -> StockImport.Report {
    try await run(market, vault, bytes: Array(text.utf8), into: listing)
  }

  private func run(
    _ market: MarketDatabase, _ vault: KeyVault, bytes: [UInt8], into listing: Int64 = 1
  ) async throws -> StockImport.Report {
    let file = try StockFile(bytes)
    return try await DemoDatabase.connected(market.daemon) { connection in
      try await connection.write { session in
        var stockImport = StockImport(vault)
        return try stockImport.run(
          session, into: ListingID(listing), file.lines, unread: file.refused, source: "test.csv")
      }
    }
  }

  /// A market with two listings of two vendors.
  private func withListings(_ body: @Sendable (MarketDatabase, KeyVault) async throws -> Void) async throws {
    try await MarketDatabase.with { market in
      try await market.database.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.vendor (handle, name, contact_email) VALUES ('one', 'One', 'a@x.example'),
          ('two', 'Two', 'b@x.example');
        INSERT INTO gkm.product (title, platform) VALUES ('A', 'Steam');
        INSERT INTO gkm.listing (vendor_id, product_id, price, currency) VALUES (1, 1, 100, 'eur'), (2, 1, 100, 'eur');
        """)
      try await body(market, try DemoDatabase.vault())
    }
  }
}
