import Market
import Postgres

/// Reads the sealed log in pieces, for its verification.
struct LogReader: Sendable {
  /// Leaves of one piece: a multiple of 256, so that kept nodes are whole.
  static let leavesAtOnce = 8_192

  /// A run of leaves with their events, the nodes that end in it and the heads of its sizes.
  struct Piece: Sendable {
    var range: Range<Int>
    var leaves: [SealedEvent]
    /// Level 1, by index.
    var nodes: [Int: MerkleHash]
    var heads: [StoredHead]
  }

  static func read(_ session: borrowing Session, _ range: Range<Int>) throws -> Piece {
    try IndexPlans.only(session) { try piece($0, range) }
  }

  private static func piece(_ session: borrowing Session, _ range: Range<Int>) throws -> Piece {
    var leaves = try session.rows(
      """
      SELECT l.leaf_index, l.hash, l.event_id, l.event_at, \(unescaped: columns)
      FROM gkm.audit_leaf l
      LEFT JOIN gkm.audit_event e ON e.id = l.event_id AND e.at = l.event_at
      LEFT JOIN gkm.orders o ON o.id = e.order_id
      WHERE l.leaf_index >= \(range.lowerBound) AND l.leaf_index < \(range.upperBound) ORDER BY l.leaf_index
      """
    ) { row in
      SealedEvent(
        leaf: try row.int(0), sealedHash: try row.merkleHash(1), event: try row.int64(2), sealedAt: try row.instant(3),
        row: row.isNull(4) ? nil : try event(row, from: 4))
    }
    try findMoved(session, &leaves)
    let nodes = try session.rows(
      """
      SELECT node_index, hash FROM gkm.audit_node
      WHERE level = 1 AND node_index >= \(range.lowerBound >> MerkleLevels.bits)
        AND node_index < \(range.upperBound >> MerkleLevels.bits)
      """
    ) { (try $0.int(0), try $0.merkleHash(1)) }
    return Piece(
      range: range, leaves: leaves, nodes: Dictionary(nodes) { first, _ in first },
      heads: try StoredHead.after(session, size: range.lowerBound, upTo: range.upperBound, limit: leavesAtOnce))
  }

  private static let columns = """
    e.at, e.actor, e.action, e.subject_kind, e.subject_id, e.order_id, o.number, e.vendor_id, e.stripe_event,
    e.xact::text, e.body
    """

  private static func event(_ row: Row, from first: Int) throws -> SealedEvent.Row {
    SealedEvent.Row(
      at: try row.instant(first), actor: try row.string(first + 1), action: try row.string(first + 2),
      subjectKind: try row.string(first + 3), subjectID: try row.string(first + 4), hasOrder: !row.isNull(first + 5),
      order: try row.stringOrNil(first + 6), vendor: try row.idOrNil(first + 7),
      stripeEvent: try row.stringOrNil(first + 8), xact: try row.xact(first + 9), body: try row.bytes(first + 10))
  }

  /// Events that are there under another time: what a partition is found by was changed.
  private static func findMoved(_ session: borrowing Session, _ leaves: inout [SealedEvent]) throws {
    let missing = leaves.indices.filter { leaves[$0].row == nil }
    if missing.isEmpty { return }
    let ids = missing.map { leaves[$0].event }
    let found = try session.rows(
      """
      SELECT e.id, \(unescaped: columns)
      FROM gkm.audit_event e LEFT JOIN gkm.orders o ON o.id = e.order_id WHERE e.id = ANY (\(ids))
      """
    ) { (try $0.int64(0), try event($0, from: 1)) }
    let rows = Dictionary(found) { first, _ in first }
    for index in missing {
      let leaf = leaves[index]
      leaves[index] = SealedEvent(
        leaf: leaf.leaf, sealedHash: leaf.sealedHash, event: leaf.event, sealedAt: leaf.sealedAt, row: rows[leaf.event])
    }
  }

  /// Events without a leaf that are older than the head, among the given ids.
  static func strays(
    _ session: borrowing Session, below cursor: SealCursor, ids: Range<Int64>
  ) throws -> [(event: Int64, at: Instant, hash: MerkleHash)] {
    try IndexPlans.only(session) { session in
      try session.rows(
        """
        SELECT e.id, e.at, e.body FROM gkm.audit_event e LEFT JOIN gkm.audit_leaf l
          ON l.event_id = e.id AND l.event_id >= \(ids.lowerBound) AND l.event_id < \(ids.upperBound)
        WHERE e.id >= \(ids.lowerBound) AND e.id < \(ids.upperBound) AND l.leaf_index IS NULL
          AND (e.xact, e.id) <= (\(String(cursor.xact))::text::xid8, \(cursor.id))
        ORDER BY e.id LIMIT 10000
        """
      ) { (event: try $0.int64(0), at: try $0.instant(1), hash: MerkleHash.leaf(try $0.bytes(2))) }
    }
  }

  static func eventIDs(_ session: borrowing Session) throws -> Range<Int64> {
    let bounds = try session.first("SELECT coalesce(min(id), 0), coalesce(max(id), -1) + 1 FROM gkm.audit_event") {
      (try $0.int64(0), try $0.int64(1))
    }
    guard let bounds, bounds.0 < bounds.1 else { return 0..<0 }
    return bounds.0..<bounds.1
  }
}
