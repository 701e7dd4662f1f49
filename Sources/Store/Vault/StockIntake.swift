package import Market
package import Postgres
import Synchronization

/// Carries out one import whose rows were sealed to the daemon: all of it in one transaction, so that a crash anywhere
/// leaves its chunks as they were, and the next try begins with the first. Only a chunk of it is in memory at a time, and
/// nothing of it is ever written in the clear.
package struct StockIntake: Sendable {
  package enum Outcome: Sendable, Equatable {
    case imported(Int)
    /// A dry run.
    case checked(Int)
    /// It was cancelled, or is done already: what was left of it is gone.
    case settled
  }

  /// What ended.
  package struct Done: Sendable {
    package let outcome: Outcome
    package let listing: ListingID
  }

  private let vault: KeyVault
  let job: ClaimedJob
  let lease: Lease
  /// Told how many rows are worked through, now and then.
  private let tell: @Sendable (Int) -> Void

  package init(_ vault: KeyVault, _ job: ClaimedJob, lease: Lease, tell: @escaping @Sendable (Int) -> Void) {
    self.vault = vault
    self.job = job
    self.lease = lease
    self.tell = tell
  }

  package static func id(_ job: ClaimedJob) throws -> StockImportID {
    guard let id = Int64(job.subject) else { throw StoreError.badRow("“\(job.subject)” is no import") }
    return StockImportID(id)
  }

  /// Inside a transaction. Throws `StockChunkError` or `VaultError` where its chunks are not what a person sealed: then
  /// nothing of it can be taken, ever.
  package func run(_ session: borrowing Session) throws -> Done {
    let id = try Self.id(job)
    guard let order = try ImportOrder.lock(session, id) else { throw NotFound("there is no import \(id)") }
    guard order.state == "queued" else {
      try settle(session, id)
      return Done(outcome: .settled, listing: order.listing)
    }
    let stamp = try Stamp.now(session)
    try begin(session, order, stamp)
    var batch = try StockBatch(session, order, vault: vault)
    try readChunks(session, order, into: &batch)
    try finish(session, order, batch, stamp)
    let accepted = batch.counts[order.isDryRun ? .wouldImport : .imported] ?? 0
    return Done(outcome: order.isDryRun ? .checked(accepted) : .imported(accepted), listing: order.listing)
  }

  private func readChunks(_ session: borrowing Session, _ order: ImportOrder, into batch: inout StockBatch) throws {
    var reader = StockChunkReader()
    var done = 0
    for position in 0..<order.chunks {
      let chunk = try session.first(
        "SELECT row_count, sealed FROM gkm.stock_import_chunk WHERE import_id = \(order.id) AND position = \(position)"
      ) { (try $0.int(0), try $0.bytes(1)) }
      guard let (rows, sealed) = chunk else { throw StockChunkError.malformed }
      let clear = try vault.open(sealed, for: .stock(order.id, position: position, rows: rows))
      try reader.read(clear, rows: rows) { line, kind, key in try batch.add(line, kind, key) }
      try batch.write(session)
      done += rows
      tell(done)
    }
    guard done == order.rows else { throw StockChunkError.malformed }
  }

  /// The event goes first: units come behind the event of their import.
  private func begin(_ session: borrowing Session, _ order: ImportOrder, _ stamp: Stamp) throws {
    var audit = AuditBatch(stamp)
    try audit.add(
      .stockImportStarted, .stockImport(order.id), vendor: order.vendor,
      details: ["listing": order.listing.description, "attempt": String(job.attempts)])
    try session.execute(audit.statement)
  }

  private func finish(
    _ session: borrowing Session, _ order: ImportOrder, _ batch: StockBatch, _ stamp: Stamp
  ) throws {
    var batch = batch
    try batch.writeVerdicts(session, isLast: true)
    let accepted = batch.counts[order.isDryRun ? .wouldImport : .imported] ?? 0
    let counts = batch.counts
    var audit = AuditBatch(stamp)
    var details = Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, String($0.value)) })
    details["rows"] = String(order.rows)
    details["import"] = order.id.description
    details["listing"] = order.listing.description
    try audit.add(
      order.isDryRun ? .stockImportChecked : .stockImported, .stockImport(order.id), vendor: order.vendor,
      details: details)
    if accepted > 0, !order.isDryRun {
      try audit.add(.stockImported, .listing(order.listing), vendor: order.vendor, details: details)
    }
    let state = order.isDryRun ? "checked" : "imported"
    try session.pipeline([
      audit.statement,
      """
      UPDATE gkm.stock_import SET state = \(state), rows_accepted = \(accepted),
        rows_repeated = \(counts[.repeated] ?? 0), rows_yours = \(counts[.yours] ?? 0),
        rows_review = \(counts[.review] ?? 0), rows_malformed = \(counts[.malformed] ?? 0),
        rows_too_long = \(counts[.tooLong] ?? 0), finished_at = now(), version = version + 1
      WHERE id = \(order.id)
      """,
      "DELETE FROM gkm.stock_check WHERE import_id = \(order.id)",
      "UPDATE gkm.stock_import_progress SET rows_done = \(order.rows), updated_at = now() WHERE import_id = \(order.id)",
    ])
    if accepted > 0, !order.isDryRun {
      // Buyers race on this row: it is touched last.
      try session.pipeline([
        """
        INSERT INTO gkm.listing_stock AS s (listing_id, vendor_id, available)
        VALUES (\(order.listing), \(order.vendor), \(accepted))
        ON CONFLICT (listing_id) DO UPDATE SET available = s.available + excluded.available, version = s.version + 1
        """,
        Restock.wake([order.listing]),
      ])
    }
    try settle(session, order.id)
  }

  /// Takes away what was sent, and ends the job. Whoever lost the lease takes back all of it.
  private func settle(_ session: borrowing Session, _ id: StockImportID) throws {
    try session.execute("DELETE FROM gkm.stock_import_chunk WHERE import_id = \(id)")
    guard try session.execute(JobQueue.complete([job.id], lease: lease)) == 1 else { throw LeaseLost(jobs: 1) }
  }

  /// Ends an import that can never be carried out, and says why. Inside a transaction of its own.
  package func fail(_ session: borrowing Session, problem: String) throws {
    let id = try Self.id(job)
    guard let order = try ImportOrder.lock(session, id) else { throw NotFound("there is no import \(id)") }
    if order.state == "queued" {
      let stamp = try Stamp.now(session)
      var audit = AuditBatch(stamp)
      try audit.add(
        .stockImportFailed, .stockImport(id), vendor: order.vendor,
        details: ["listing": order.listing.description, "problem": problem])
      let problem = SafeText.cleaned(problem, limit: 500)
      try session.pipeline([
        audit.statement,
        """
        UPDATE gkm.stock_import SET state = 'failed', problem = \(problem), finished_at = now(), version = version + 1
        WHERE id = \(id)
        """,
      ])
    }
    try settle(session, id)
  }

  /// Notes how far an import is, apart from its own transaction.
  package static func note(_ session: borrowing Session, _ id: StockImportID, rows: Int) throws {
    try session.execute(
      """
      UPDATE gkm.stock_import_progress SET rows_done = \(rows), updated_at = now() WHERE import_id = \(id)
      """)
  }

  /// Gives up imports that nobody sent anything of for a day, and takes what was sent of them away. Answers how many.
  package static func sweep(_ session: borrowing Session) throws -> Int {
    let left: [(StockImportID, VendorID)] = try session.rows(
      """
      SELECT i.id, i.vendor_id FROM gkm.stock_import i JOIN gkm.stock_import_progress p ON p.import_id = i.id
      WHERE i.state = 'uploading' AND p.updated_at < now() - interval '1 day'
      ORDER BY i.id LIMIT 100 FOR NO KEY UPDATE OF i SKIP LOCKED
      """
    ) { (try $0.id(0), try $0.id(1)) }
    guard !left.isEmpty else { return 0 }
    var audit = AuditBatch(try Stamp.now(session))
    for (id, vendor) in left {
      try audit.add(.stockImportCancelled, .stockImport(id), vendor: vendor, reason: "nothing was sent for a day")
    }
    try session.pipeline([
      audit.statement,
      """
      UPDATE gkm.stock_import SET state = 'cancelled', problem = 'nothing was sent for a day', finished_at = now(),
        version = version + 1
      WHERE id = ANY (\(left.map(\.0)))
      """,
      "DELETE FROM gkm.stock_import_chunk WHERE import_id = ANY (\(left.map(\.0)))",
    ])
    return left.count
  }
}

/// An import as the daemon has to carry it out.
struct ImportOrder {
  let id: StockImportID
  let listing: ListingID
  let vendor: VendorID
  let product: ProductID
  let state: String
  let isDryRun: Bool
  let rows: Int
  let chunks: Int

  /// Locks its row, so that nobody cancels it meanwhile.
  static func lock(_ session: borrowing Session, _ id: StockImportID) throws -> ImportOrder? {
    try session.first(
      """
      SELECT i.listing_id, i.vendor_id, l.product_id, i.state, i.is_dry_run, i.rows_total,
        (SELECT count(*) FROM gkm.stock_import_chunk c WHERE c.import_id = i.id)
      FROM gkm.stock_import i JOIN gkm.listing l ON l.id = i.listing_id
      WHERE i.id = \(id) FOR NO KEY UPDATE OF i
      """
    ) {
      ImportOrder(
        id: id, listing: try $0.id(0), vendor: try $0.id(1), product: try $0.id(2), state: try $0.string(3),
        isDryRun: try $0.bool(4), rows: try $0.int(5), chunks: try $0.int(6))
    }
  }
}
