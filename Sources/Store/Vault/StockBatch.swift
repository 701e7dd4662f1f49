import Market
import Postgres

/// The rows of an import on their way into the stock: as many as a chunk holds, with what became of each.
struct StockBatch {
  private struct Candidate {
    let line: Int
    let fingerprint: [UInt8]
    /// Empty in a dry run.
    let key: [UInt8]
  }

  private struct Range {
    var first: Int
    var last: Int
    let verdict: StockVerdict
  }

  private let order: ImportOrder
  private let vault: KeyVault
  /// `nil` in a dry run.
  private let dataKey: DataKey?
  private var random = SystemRandomNumberGenerator()
  private var candidates: [Candidate] = []
  private var seen: Set<[UInt8]> = []
  private var verdicts: [(line: Int, verdict: StockVerdict)] = []
  private var ranges: [Range] = []
  private(set) var counts: [StockVerdict: Int] = [:]

  private static let rangesAtOnce = 2_000
  private static let rowsAtOnce = 1_500

  /// Makes the import's data key, unless it is a dry run.
  init(_ session: borrowing Session, _ order: ImportOrder, vault: KeyVault) throws {
    self.order = order
    self.vault = vault
    guard !order.isDryRun else {
      dataKey = nil
      return
    }
    guard let id: DataKeyID = try session.first("SELECT nextval('gkm.data_key_id_seq')", { try $0.id(0) }) else {
      throw StoreError.badRow("the data key has no id")
    }
    let key = try DataKey(id: id, bytes: random.bytes(DataKey.byteCount))
    let current = try KeyRotation.current(session, vault)
    let wrapped = try current.wrap(key, vendor: order.vendor, nonce: random.bytes(KeyVault.nonceByteCount))
    try session.pipeline([
      """
      INSERT INTO gkm.data_key (id, vendor_id, wrapped, kek_version)
      VALUES (\(id), \(order.vendor), \(wrapped), \(Int32(clamping: current.kekGeneration)))
      """,
      "UPDATE gkm.stock_import SET data_key_id = \(id) WHERE id = \(order.id)",
    ])
    dataKey = key
  }

  mutating func add(_ line: Int, _ kind: StockChunk.Kind, _ key: ArraySlice<UInt8>) throws {
    switch kind {
    case .malformed: return verdicts.append((line, .malformed))
    case .tooLong: return verdicts.append((line, .tooLong))
    case .key: break
    }
    guard key.count <= StockChunk.longestKey else { return verdicts.append((line, .tooLong)) }
    guard Self.isSafe(key), let fingerprint = vault.fingerprint(ofUTF8: key)?.bytes else {
      return verdicts.append((line, .malformed))
    }
    guard seen.insert(fingerprint).inserted else { return verdicts.append((line, .repeated)) }
    candidates.append(Candidate(line: line, fingerprint: fingerprint, key: dataKey == nil ? [] : Array(key)))
  }

  private static func isSafe(_ key: ArraySlice<UInt8>) -> Bool {
    if key.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return true }
    return String(validating: key, as: UTF8.self).map { SafeText.isSafe($0) } ?? false
  }

  /// Writes what was added since the last time.
  mutating func write(_ session: borrowing Session) throws {
    if !candidates.isEmpty {
      if let dataKey { try insert(session, under: dataKey) } else { try check(session) }
    }
    verdicts.sort { $0.line < $1.line }
    for (line, verdict) in verdicts {
      counts[verdict, default: 0] += 1
      if let last = ranges.indices.last, ranges[last].verdict == verdict, ranges[last].last + 1 == line {
        ranges[last].last = line
      } else {
        ranges.append(Range(first: line, last: line, verdict: verdict))
      }
    }
    candidates.removeAll(keepingCapacity: true)
    verdicts.removeAll(keepingCapacity: true)
    seen.removeAll(keepingCapacity: true)
    try writeVerdicts(session, isLast: false)
  }

  /// Takes the rows' ids first, because the ciphertext is bound to them; then seals, and writes those that nobody has.
  private mutating func insert(_ session: borrowing Session, under dataKey: DataKey) throws {
    let ids: [StockUnitID] = try session.rows(
      "SELECT nextval('gkm.stock_unit_id_seq') FROM generate_series(1, \(candidates.count))"
    ) { try $0.id(0) }
    // While the server writes some, the next are sealed here.
    var taken = 0
    let parts = Array(zip(ids, candidates)).parts(of: Self.rowsAtOnce)
    var ready = Result { try sealed(parts.first ?? [], under: dataKey) }
    for next in parts.dropFirst() {
      let statement = try ready.get()
      taken += try session.execute(statement) { ready = Result { try sealed(next, under: dataKey) } }
    }
    taken += try session.execute(try ready.get())
    guard taken < candidates.count, let first = ids.first else {
      for candidate in candidates { verdicts.append((candidate.line, .imported)) }
      return
    }
    try explain(session, fresh: "u.import_id = \(order.id) AND u.id >= \(first)", taken: .imported)
  }

  private func sealed(_ part: ArraySlice<(StockUnitID, Candidate)>, under dataKey: DataKey) throws -> SQL {
    var random = SystemRandomNumberGenerator()
    var nonces: [[UInt8]] = []
    var ciphertexts: [[UInt8]] = []
    for (id, candidate) in part {
      let place = SealedUnitPlace(unit: id, vendor: order.vendor, product: order.product)
      let unit = try vault.seal(
        candidate.key, at: place, under: dataKey, nonce: random.bytes(KeyVault.nonceByteCount))
      nonces.append(unit.nonce)
      ciphertexts.append(unit.ciphertext)
    }
    return """
      INSERT INTO gkm.stock_unit
        (id, listing_id, vendor_id, import_id, data_key_id, nonce, ciphertext, fingerprint)
      SELECT u.id, \(order.listing), \(order.vendor), \(order.id), \(dataKey.id), u.nonce, u.ciphertext, u.fingerprint
      FROM unnest(\(part.map(\.0)), \(nonces), \(ciphertexts), \(part.map(\.1.fingerprint)))
        AS u (id, nonce, ciphertext, fingerprint)
      ON CONFLICT (fingerprint) DO NOTHING
      """
  }

  /// What a dry run has not seen before, and no stock holds.
  private mutating func check(_ session: borrowing Session) throws {
    let fresh: Set<[UInt8]> = Set(
      try session.rows(
        """
        INSERT INTO gkm.stock_check (import_id, fingerprint)
        SELECT \(order.id), f FROM unnest(\(candidates.map(\.fingerprint))) AS f
        WHERE NOT EXISTS (SELECT FROM gkm.stock_unit u WHERE u.fingerprint = f)
        ON CONFLICT DO NOTHING RETURNING fingerprint
        """
      ) { try $0.bytes(0) })
    for candidate in candidates where fresh.contains(candidate.fingerprint) {
      verdicts.append((candidate.line, .wouldImport))
    }
    candidates.removeAll { fresh.contains($0.fingerprint) }
    if !candidates.isEmpty { try explain(session, fresh: "false", taken: .wouldImport) }
  }

  /// Finds out for each candidate whether it went in, and why not. `fresh` tells a row of this chunk from those that were
  /// there before it.
  private mutating func explain(_ session: borrowing Session, fresh: SQL, taken: StockVerdict) throws {
    var found: [[UInt8]: StockVerdict] = [:]
    _ = try session.rows(
      """
      SELECT u.fingerprint, \(sql: fresh), u.import_id = \(order.id), u.vendor_id = \(order.vendor)
      FROM gkm.stock_unit u WHERE u.fingerprint = ANY (\(candidates.map(\.fingerprint)))
      """
    ) { row in
      let isOwnImport = try row.bool(2)
      found[try row.bytes(0)] =
        try row.bool(1) ? taken : isOwnImport ? .repeated : try row.bool(3) ? .yours : .review
    }
    for candidate in candidates { verdicts.append((candidate.line, found[candidate.fingerprint] ?? .repeated)) }
  }

  /// Writes the ranges that are complete; the last one may still grow.
  mutating func writeVerdicts(_ session: borrowing Session, isLast: Bool) throws {
    guard isLast || ranges.count > Self.rangesAtOnce else { return }
    let open = isLast ? nil : ranges.popLast()
    let firsts = ranges.map { Int32(clamping: $0.first) }
    let lasts = ranges.map { Int32(clamping: $0.last) }
    try session.execute(
      """
      INSERT INTO gkm.stock_import_row (import_id, vendor_id, first_row, last_row, verdict)
      SELECT \(order.id), \(order.vendor), * FROM unnest(\(firsts), \(lasts), \(ranges.map(\.verdict.rawValue)))
      """)
    ranges = open.map { [$0] } ?? []
  }
}
