package import Market
package import Postgres

/// Brings keys into a listing's stock: each is sealed for its row under a data key of this import, and known again by
/// its fingerprint. What stands in the clear is the caller's memory and nothing else.
package struct StockImport: Sendable {
  /// One key as the vendor wrote it, and where it stood.
  package struct Line: Sendable {
    package let number: Int
    package let key: String

    package init(number: Int, key: String) {
      self.number = number
      self.key = key
    }
  }

  package enum Refusal: String, Sendable {
    /// The same key stands on an earlier line.
    case repeated = "the same key stands on an earlier line"
    /// Some vendor's stock has or had it already.
    case known = "this key is in stock already"
    case empty = "nothing is left of it without blanks and dashes"
    case tooLong = "it is longer than 1,000 bytes"
    case unsafe = "it holds control characters"
    case notUTF8 = "it is not UTF-8"
    case noField = "this row ends before the column key"
  }

  /// A line that was not taken.
  package struct Refused: Sendable, Equatable {
    package let line: Int
    package let why: Refusal

    package init(line: Int, why: Refusal) {
      self.line = line
      self.why = why
    }
  }

  package struct Report: Sendable {
    package var imported: StockImportID?
    package var accepted = 0
    package var refused: [Refused] = []
  }

  private let vault: KeyVault
  private var random = SystemRandomNumberGenerator()

  package init(_ vault: KeyVault) { self.vault = vault }

  /// Imports inside the caller's transaction. Refused lines are told and do not stop the others.
  ///
  /// - Parameters:
  ///   - unread: lines of the same file that were refused before they came here.
  ///   - stamp: replaces the transaction's own time and actor, for a history that lies in the past.
  ///   - table: where the units go, for whoever brings them into the stock from there.
  package mutating func run(
    _ session: borrowing Session, into listing: ListingID, _ lines: [Line], unread: [Refused] = [], source: String,
    stamp fixed: Stamp? = nil, table: String = "gkm.stock_unit"
  ) throws -> Report {
    let place: (VendorID, ProductID)? = try session.first(
      "SELECT vendor_id, product_id FROM gkm.listing WHERE id = \(listing)"
    ) { (try $0.id(0), try $0.id(1)) }
    guard let (vendor, product) = place else { throw NotFound("there is no listing \(listing)") }
    let stamp = try fixed ?? Stamp.now(session)
    var report = Report(refused: unread)
    let candidates = try candidates(session, lines, &report)
    let dataKey = try makeDataKey(session, vendor)
    let source = SafeText.cleaned(source, limit: 200)
    let imported: StockImportID? = try session.first(
      """
      INSERT INTO gkm.stock_import
        (listing_id, vendor_id, data_key_id, source, rows_total, rows_accepted, imported_by, created_at)
      VALUES (\(listing), \(vendor), \(dataKey.id), \(source), \(lines.count + unread.count),
        \(candidates.count), \(stamp.actor), \(stamp.at))
      RETURNING id
      """
    ) { try $0.id(0) }
    guard let imported else { throw StoreError.badRow("the import has no id") }
    report.imported = imported
    report.accepted = candidates.count
    try tell(session, listing: listing, vendor: vendor, imported: imported, report, stamp)
    let shelf = Shelf(
      listing: listing, vendor: vendor, product: product, imported: imported, dataKey: dataKey, at: stamp.at,
      table: table)
    try write(session, candidates, shelf)
    try session.pipeline([
      """
      INSERT INTO gkm.listing_stock AS s (listing_id, vendor_id, available)
      VALUES (\(listing), \(vendor), \(candidates.count))
      ON CONFLICT (listing_id) DO UPDATE SET available = s.available + excluded.available, version = s.version + 1
      """,
      Restock.wake([listing]),
    ])
    return report
  }

  private typealias Candidate = (line: Int, key: [UInt8], fingerprint: [UInt8])

  /// Where the keys go.
  private struct Shelf {
    let listing: ListingID
    let vendor: VendorID
    let product: ProductID
    let imported: StockImportID
    let dataKey: DataKey
    let at: Instant
    let table: String
  }

  /// The lines that can be taken, with their fingerprints; the others go into the report.
  private func candidates(
    _ session: borrowing Session, _ lines: [Line], _ report: inout Report
  ) throws -> [Candidate] {
    var seen: Set<[UInt8]> = []
    var candidates: [Candidate] = []
    seen.reserveCapacity(lines.count)
    candidates.reserveCapacity(lines.count)
    for line in lines {
      let key = Array(line.key.utf8)
      // Keys are ASCII but for a few: the others are looked at as Unicode.
      guard key.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) || SafeText.isSafe(line.key) else {
        report.refused.append(Refused(line: line.number, why: .unsafe))
        continue
      }
      guard key.count <= 1_000 else {
        report.refused.append(Refused(line: line.number, why: .tooLong))
        continue
      }
      guard let fingerprint = vault.fingerprint(ofUTF8: key[...])?.bytes else {
        report.refused.append(Refused(line: line.number, why: .empty))
        continue
      }
      guard seen.insert(fingerprint).inserted else {
        report.refused.append(Refused(line: line.number, why: .repeated))
        continue
      }
      candidates.append((line.number, key, fingerprint))
    }
    var known: Set<[UInt8]> = []
    for part in candidates.parts(of: Self.rowsPerStatement) {
      known.formUnion(
        try session.rows(
          "SELECT fingerprint FROM gkm.stock_unit WHERE fingerprint = ANY (\(part.map(\.fingerprint)))"
        ) { try $0.bytes(0) })
    }
    guard !known.isEmpty else { return candidates }
    report.refused += candidates.filter { known.contains($0.fingerprint) }.map { Refused(line: $0.line, why: .known) }
    report.refused.sort { $0.line < $1.line }
    return candidates.filter { !known.contains($0.fingerprint) }
  }

  private mutating func makeDataKey(_ session: borrowing Session, _ vendor: VendorID) throws -> DataKey {
    let keyID: DataKeyID? = try session.first("SELECT nextval('gkm.data_key_id_seq')") { try $0.id(0) }
    guard let keyID else { throw StoreError.badRow("the data key has no id") }
    let dataKey = try DataKey(id: keyID, bytes: random.bytes(DataKey.byteCount))
    let vault = try KeyRotation.current(session, vault)
    let wrapped = try vault.wrap(dataKey, vendor: vendor, nonce: random.bytes(KeyVault.nonceByteCount))
    let generation = Int32(clamping: vault.kekGeneration)
    try session.execute(
      """
      INSERT INTO gkm.data_key (id, vendor_id, wrapped, kek_version)
      VALUES (\(keyID), \(vendor), \(wrapped), \(generation))
      """)
    return dataKey
  }

  /// The events go first: units come behind the event of their import.
  private func tell(
    _ session: borrowing Session, listing: ListingID, vendor: VendorID, imported: StockImportID, _ report: Report,
    _ stamp: Stamp
  ) throws {
    var audit = AuditBatch(stamp)
    let counts = ["accepted": String(report.accepted), "refused": String(report.refused.count)]
    try audit.add(.stockImported, .stockImport(imported), vendor: vendor, details: counts)
    try audit.add(
      .stockImported, .listing(listing), vendor: vendor,
      details: counts.merging(["import": imported.description]) { first, _ in first })
    try session.execute(audit.statement)
  }

  /// While the server writes some, the next are sealed here.
  private func write(_ session: borrowing Session, _ candidates: [Candidate], _ shelf: Shelf) throws {
    let parts = candidates.parts(of: Self.rowsPerStatement)
    guard let first = parts.first else { return }
    var ready = Result { try sealed(first, ids(session, first.count), shelf) }
    for next in parts.dropFirst() {
      let statement = try ready.get()
      let nextIDs = try ids(session, next.count)
      try session.execute(statement) { ready = Result { try sealed(next, nextIDs, shelf) } }
    }
    try session.execute(try ready.get())
  }

  /// Taken before sealing, because the ciphertext is bound to them.
  private func ids(_ session: borrowing Session, _ count: Int) throws -> [StockUnitID] {
    try session.rows("SELECT nextval('gkm.stock_unit_id_seq') FROM generate_series(1, \(count))") { try $0.id(0) }
  }

  private func sealed(_ part: ArraySlice<Candidate>, _ ids: [StockUnitID], _ shelf: Shelf) throws -> SQL {
    var random = SystemRandomNumberGenerator()
    let size = KeyVault.nonceByteCount
    let noise = random.bytes(size * part.count)
    var nonces: [[UInt8]] = []
    var ciphertexts: [[UInt8]] = []
    nonces.reserveCapacity(part.count)
    ciphertexts.reserveCapacity(part.count)
    for (index, candidate) in part.enumerated() {
      let place = SealedUnitPlace(unit: ids[index], vendor: shelf.vendor, product: shelf.product)
      let nonce = Array(noise[index * size..<(index + 1) * size])
      let unit = try vault.seal(candidate.key, at: place, under: shelf.dataKey, nonce: nonce)
      nonces.append(unit.nonce)
      ciphertexts.append(unit.ciphertext)
    }
    return """
      INSERT INTO \(unescaped: shelf.table)
        (id, listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint, created_at)
      SELECT u.id, \(shelf.listing), \(shelf.vendor), \(shelf.imported), \(shelf.dataKey.id), u.nonce, u.ciphertext,
        u.fingerprint, \(shelf.at)
      FROM unnest(\(ids), \(nonces), \(ciphertexts), \(part.map(\.fingerprint)))
        AS u (id, nonce, ciphertext, fingerprint)
      """
  }

  private static let rowsPerStatement = 4_000
}

extension Array {
  /// Slices of so many elements, the last one shorter.
  func parts(of count: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
  }
}
