import Market
import Postgres

extension Verification {
  static let secretChecks: [Check] = [
    Check("secrets.texts", "no key stands anywhere in the clear", body: texts),
    Check("secrets.keys", "every sealed key opens in its place, and is the one its fingerprint says", body: keys),
  ]

  private struct Column {
    let table: String
    let name: String
    let isBytes: Bool
    /// What people and strangers write: there a key can end up by mistake.
    let isFree: Bool
  }

  /// Columns of text and of bytes that are not sealed or hashed.
  private static let columns: SQL = """
    SELECT c.relname, a.attname, t.typname = 'bytea', t.typname = 'safe_text' OR t.typname = 'jsonb'
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE n.nspname = 'gkm' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND (t.typname IN ('text', 'safe_text', 'jsonb') OR t.typname = 'bytea' AND a.attname = 'body')
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY 1, 2
    """

  /// Free text is searched for what looks like a key, everything for the given canaries.
  private static func texts(_ verification: Verification, _ session: borrowing Session) throws -> Found {
    var found = Found()
    let all = try session.rows(columns) {
      Column(
        table: try $0.string(0), name: try $0.string(1), isBytes: try $0.bool(2), isFree: try $0.bool(3))
    }
    for column in all {
      var conditions: [SQL] = []
      let name: SQL = "\(identifier: column.name)"
      if column.isFree { conditions.append("\(sql: name)::text ~ \(KeyLikeText.pattern)") }
      if !verification.canaries.isEmpty {
        conditions.append(
          column.isBytes
            ? """
            EXISTS (SELECT FROM unnest(\(verification.canaries)) s
              WHERE position(convert_to(s, 'UTF8') IN \(sql: name)) > 0)
            """
            : "EXISTS (SELECT FROM unnest(\(verification.canaries)) s WHERE strpos(\(sql: name)::text, s) > 0)")
      }
      guard !conditions.isEmpty else { continue }
      found.checked += 1
      let rows = try session.rows(
        """
        SELECT count(*) FROM gkm.\(identifier: column.table) WHERE \(sql: SQL.joined(conditions, by: " OR "))
        """
      ) { try $0.int(0) }
      if let count = rows.first, count > 0 {
        found.add("\(column.table).\(column.name)", "holds a key, or what looks like one, in \(count) rows")
      }
    }
    return found
  }

  private static let sealed = """
    SELECT u.id, u.listing_id, u.vendor_id, l.product_id, u.data_key_id, u.nonce, u.ciphertext, u.fingerprint, k.wrapped,
      k.vendor_id
    FROM gkm.stock_unit u
    JOIN gkm.listing l ON l.id = u.listing_id
    LEFT JOIN gkm.data_key k ON k.id = u.data_key_id
    """
  private static let sampleSize = 2_000

  private static func keys(_ verification: Verification, _ session: borrowing Session) throws -> Found {
    var found = Found()
    guard let vault = verification.vault else {
      found.skipped = "there is no master key here"
      return found
    }
    var dataKeys: [DataKeyID: DataKey] = [:]
    let check: (Row) throws -> Void = { row in
      found.checked += 1
      if let problem = try problem(row, vault, &dataKeys) { found.add("key \(try row.int64(0))", problem) }
    }
    if verification.opensAllKeys {
      try VerifyCursor(name: "verify_keys").read(session, sealed, check)
      return found
    }
    _ = try session.rows(
      """
      \(unescaped: sealed)
      WHERE u.id IN (
        SELECT b.low + floor(random() * (b.high - b.low + 1))::bigint
        FROM (SELECT min(id) AS low, max(id) AS high FROM gkm.stock_unit) b, generate_series(1, \(sampleSize)))
      """, check)
    return found
  }

  private static func problem(
    _ row: Row, _ vault: KeyVault, _ dataKeys: inout [DataKeyID: DataKey]
  ) throws -> String? {
    let id: DataKeyID = try row.id(4)
    let vendor: VendorID = try row.id(2)
    guard let wrapped = try row.bytesOrNil(8) else { return "its data key \(id) is gone" }
    guard try row.idOrNil(9) == vendor else { return "its data key \(id) is another vendor's" }
    if dataKeys[id] == nil { dataKeys[id] = try? vault.unwrap(wrapped, id: id, vendor: vendor) }
    guard let dataKey = dataKeys[id] else { return "its data key \(id) does not open" }
    let place = SealedUnitPlace(unit: try row.id(0), vendor: vendor, product: try row.id(3))
    let unit = SealedUnit(nonce: try row.bytes(5), ciphertext: try row.bytes(6))
    guard let clear = try? vault.open(unit, at: place, under: dataKey) else { return "does not open in its place" }
    let fingerprint = vault.fingerprint(of: String(decoding: clear, as: UTF8.self))?.bytes
    return fingerprint == (try row.bytes(7)) ? nil : "opens, and is another key than its fingerprint says"
  }
}

/// Text that looks like a key of a game: three or more groups of five capitals or digits. Order numbers do not.
enum KeyLikeText {
  static let pattern = "(^|[^A-Z0-9-])[A-Z0-9]{5}(-[A-Z0-9]{5}){2,}($|[^A-Z0-9-])"

  /// The first such text.
  static func first(in bytes: [UInt8]) -> String? {
    var start = 0
    while let dash = bytes[start...].firstIndex(of: 0x2D) {
      if let text = key(in: bytes, firstDash: dash) { return text }
      start = dash + 1
    }
    return nil
  }

  private static func key(in bytes: [UInt8], firstDash: Int) -> String? {
    let begin = firstDash - 5
    guard begin >= 0, begin == 0 || !isPart(bytes[begin - 1]) else { return nil }
    var end = begin
    while end < bytes.count, isPart(bytes[end]) { end += 1 }
    let groups = bytes[begin..<end].split(separator: 0x2D, omittingEmptySubsequences: false)
    return groups.count >= 3 && groups.allSatisfy { $0.count == 5 }
      ? String(decoding: bytes[begin..<end], as: UTF8.self) : nil
  }

  private static func isPart(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
  }
}
