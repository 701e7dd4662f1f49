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
  package mutating func run(
    _ session: borrowing Session, into listing: ListingID, _ lines: [Line], unread: [Refused] = [], source: String,
    stamp fixed: Stamp? = nil
  ) throws -> Report {
    let place: (VendorID, ProductID)? = try session.first(
      "SELECT vendor_id, product_id FROM gkm.listing WHERE id = \(listing)"
    ) { (try $0.id(0), try $0.id(1)) }
    guard let (vendor, product) = place else { throw NotFound("there is no listing \(listing)") }
    let stamp = try fixed ?? Stamp.now(session)
    var report = Report(refused: unread)
    let candidates = try candidates(session, lines, &report)
    let batch = try sealed(session, candidates, vendor: vendor, product: product)
    let source = SafeText.cleaned(source, limit: 200)
    let imported: StockImportID? = try session.first(
      """
      INSERT INTO gkm.stock_import
        (listing_id, vendor_id, data_key_id, source, rows_total, rows_accepted, imported_by, created_at)
      VALUES (\(listing), \(vendor), \(batch.dataKey), \(source), \(lines.count + unread.count),
        \(candidates.count), \(stamp.actor), \(stamp.at))
      RETURNING id
      """
    ) { try $0.id(0) }
    guard let imported else { throw StoreError.badRow("the import has no id") }
    report.imported = imported
    report.accepted = candidates.count
    try write(session, batch, listing: listing, vendor: vendor, imported: imported, report, stamp)
    return report
  }

  private struct Batch {
    var dataKey: DataKeyID
    var ids: [StockUnitID] = []
    var nonces: [[UInt8]] = []
    var ciphertexts: [[UInt8]] = []
    var fingerprints: [[UInt8]] = []
  }

  /// The lines that can be taken, with their fingerprints; the others go into the report.
  private func candidates(
    _ session: borrowing Session, _ lines: [Line], _ report: inout Report
  ) throws -> [(line: Line, fingerprint: [UInt8])] {
    var seen: Set<[UInt8]> = []
    var candidates: [(line: Line, fingerprint: [UInt8])] = []
    for line in lines {
      guard SafeText.isSafe(line.key) else {
        report.refused.append(Refused(line: line.number, why: .unsafe))
        continue
      }
      guard line.key.utf8.count <= 1_000 else {
        report.refused.append(Refused(line: line.number, why: .tooLong))
        continue
      }
      guard let fingerprint = vault.fingerprint(of: line.key)?.bytes else {
        report.refused.append(Refused(line: line.number, why: .empty))
        continue
      }
      guard seen.insert(fingerprint).inserted else {
        report.refused.append(Refused(line: line.number, why: .repeated))
        continue
      }
      candidates.append((line, fingerprint))
    }
    let known: Set<[UInt8]> = Set(
      try session.rows(
        "SELECT fingerprint FROM gkm.stock_unit WHERE fingerprint = ANY (\(candidates.map(\.fingerprint)))"
      ) { try $0.bytes(0) })
    report.refused += candidates.filter { known.contains($0.fingerprint) }.map {
      Refused(line: $0.line.number, why: .known)
    }
    report.refused.sort { $0.line < $1.line }
    return candidates.filter { !known.contains($0.fingerprint) }
  }

  /// Takes the rows' ids first, because the ciphertext is bound to them; then seals.
  private mutating func sealed(
    _ session: borrowing Session, _ candidates: [(line: Line, fingerprint: [UInt8])], vendor: VendorID,
    product: ProductID
  ) throws -> Batch {
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
    var batch = Batch(dataKey: keyID)
    batch.ids = try session.rows(
      "SELECT nextval('gkm.stock_unit_id_seq') FROM generate_series(1, \(candidates.count))"
    ) { try $0.id(0) }
    for (id, candidate) in zip(batch.ids, candidates) {
      let place = SealedUnitPlace(unit: id, vendor: vendor, product: product)
      let unit = try vault.seal(
        Array(candidate.line.key.utf8), at: place, under: dataKey, nonce: random.bytes(KeyVault.nonceByteCount))
      batch.nonces.append(unit.nonce)
      batch.ciphertexts.append(unit.ciphertext)
      batch.fingerprints.append(candidate.fingerprint)
    }
    return batch
  }

  private func write(
    _ session: borrowing Session, _ batch: Batch, listing: ListingID, vendor: VendorID, imported: StockImportID,
    _ report: Report, _ stamp: Stamp
  ) throws {
    var audit = AuditBatch(stamp)
    let counts = ["accepted": String(report.accepted), "refused": String(report.refused.count)]
    try audit.add(.stockImported, .stockImport(imported), vendor: vendor, details: counts)
    try audit.add(
      .stockImported, .listing(listing), vendor: vendor,
      details: counts.merging(["import": imported.description]) { first, _ in first })
    // Units come behind the event of their import.
    try session.execute(audit.statement)
    for start in stride(from: 0, to: batch.ids.count, by: Self.rowsPerStatement) {
      let range = start..<min(start + Self.rowsPerStatement, batch.ids.count)
      try session.execute(
        """
        INSERT INTO gkm.stock_unit
          (id, listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint, created_at)
        SELECT u.id, \(listing), \(vendor), \(imported), \(batch.dataKey), u.nonce, u.ciphertext, u.fingerprint,
          \(stamp.at)
        FROM unnest(
          \(Array(batch.ids[range])), \(Array(batch.nonces[range])), \(Array(batch.ciphertexts[range])),
          \(Array(batch.fingerprints[range]))
        ) AS u (id, nonce, ciphertext, fingerprint)
        """)
    }
    try session.pipeline([
      """
      INSERT INTO gkm.listing_stock AS s (listing_id, vendor_id, available)
      VALUES (\(listing), \(vendor), \(batch.ids.count))
      ON CONFLICT (listing_id) DO UPDATE SET available = s.available + excluded.available, version = s.version + 1
      """,
      Restock.wake([listing]),
    ])
  }

  private static let rowsPerStatement = 5_000
}
