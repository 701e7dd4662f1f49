import FoundationEssentials
package import Market
package import Postgres

/// What vendors, and ops on their behalf, do with stock. All of it throws `ActionRefused`, and `PostgresError` for what
/// the database could not do.
package enum StockActions {
  /// Begins an import into a listing; a reason is demanded of staff.
  package static func begin(
    _ session: borrowing Session, listing: ListingID, source: String, isDryRun: Bool, reason: String?
  ) throws -> StockImportID {
    let source = SafeText.cleaned(source, limit: 200)
    let id: StockImportID? = try refusing {
      try session.first("SELECT api.stock_import_begin(\(listing), \(source), \(isDryRun), \(reason))") {
        try $0.id(0)
      }
    }
    guard let id else { throw StoreError.badRow("api.stock_import_begin gave no id") }
    return id
  }

  /// Sends the next chunk, sealed.
  package static func put(
    _ session: borrowing Session, _ id: StockImportID, position: Int, rows: Int, sealed: [UInt8]
  ) throws {
    let (position, rows) = (Int32(clamping: position), Int32(clamping: rows))
    try refusing {
      _ = try session.first("SELECT api.stock_import_put(\(id), \(position), \(rows), \(sealed))") { try $0.int(0) }
    }
  }

  /// Says that all of it was sent.
  package static func end(_ session: borrowing Session, _ id: StockImportID, chunks: Int, rows: Int) throws {
    let (chunks, rows) = (Int32(clamping: chunks), Int32(clamping: rows))
    try refusing { _ = try session.rows("SELECT api.stock_import_end(\(id), \(chunks), \(rows))") { _ in } }
  }

  package static func cancel(_ session: borrowing Session, _ id: StockImportID, reason: String) throws {
    try refusing { _ = try session.rows("SELECT api.stock_import_cancel(\(id), \(reason))") { _ in } }
  }

  package static func standing(_ session: borrowing Session, _ id: StockImportID) throws -> ImportStanding {
    let json = try refusing {
      try session.first("SELECT api.stock_import_standing(\(id))") { try $0.bytes(0) }
    }
    guard let json, let standing = try? JSONDecoder().decode(ImportStanding.self, from: Data(json)) else {
      throw StoreError.badRow("api.stock_import_standing gave no standing")
    }
    return standing
  }

  /// Verdicts of the lines behind `after`, as ranges.
  package static func verdicts(
    _ session: borrowing Session, _ id: StockImportID, after: Int, limit: Int = 2_000
  ) throws -> [VerdictRange] {
    let (after, limit) = (Int32(clamping: after), Int32(clamping: limit))
    return try refusing {
      try session.rows("SELECT first_row, last_row, verdict FROM api.stock_verdicts(\(id), \(after), \(limit))") {
        VerdictRange(first: try $0.int(0), last: try $0.int(1), verdict: try $0.word(2))
      }
    }
  }

  /// What is taken out of sale.
  package enum Wish: Sendable, Equatable {
    case units([StockUnitID])
    case ofImport(StockImportID)
    /// The newest so many.
    case count(Int)
  }

  /// Takes keys of a listing out of sale; answers how many, and how many are left to sell.
  package static func withdraw(
    _ session: borrowing Session, listing: ListingID, _ wish: Wish, reason: String
  ) throws -> (withdrawn: Int, available: Int) {
    var units: [StockUnitID]?
    var ofImport: StockImportID?
    var count: Int32?
    switch wish {
    case .units(let ids): units = ids
    case .ofImport(let id): ofImport = id
    case .count(let number): count = Int32(clamping: number)
    }
    let (some, one, most) = (units, ofImport, count)
    let done = try refusing {
      try session.first(
        """
        SELECT (w ->> 'withdrawn')::bigint, (w ->> 'available')::bigint
        FROM api.withdraw_stock(\(listing), \(some), \(one), \(most), \(reason)) AS w
        """
      ) { (withdrawn: try $0.int(0), available: try $0.int(1)) }
    }
    guard let done else { throw StoreError.badRow("api.withdraw_stock gave no answer") }
    return done
  }

  private static func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}

/// How an import stands.
package struct ImportStanding: Sendable, Equatable, Decodable {
  package var id: Int64
  package var listing: Int64
  package var state: ImportState
  package var isDryRun: Bool
  /// Whether the signed-in person began it.
  package var isMine: Bool
  package var rows: Int
  package var done: Int
  package var chunks: Int
  package var accepted: Int
  package var repeated: Int
  package var yours: Int
  package var review: Int
  package var malformed: Int
  package var tooLong: Int
  package var problem: String?

  private enum CodingKeys: String, CodingKey {
    case id, listing, state, rows, done, chunks, accepted, repeated, yours, review, malformed, problem
    case isDryRun = "dry_run"
    case isMine = "mine"
    case tooLong = "too_long"
  }

  package var isOver: Bool { ![.uploading, .queued].contains(state) }
  package var refused: Int { repeated + yours + review + malformed + tooLong }

  /// The counts that are not 0, with their words.
  package var refusals: [(StockVerdict, Int)] {
    [(.repeated, repeated), (.yours, yours), (.review, review), (.malformed, malformed), (.tooLong, tooLong)]
      .filter { $0.1 > 0 }
  }
}

/// Where an import stands.
package enum ImportState: String, CaseIterable, Sendable, Decodable {
  case uploading, queued, imported, checked, failed, cancelled
}

/// Lines that follow each other with one verdict.
package struct VerdictRange: Sendable, Equatable {
  package let first: Int
  package let last: Int
  package let verdict: StockVerdict
}
