package import Market
package import Postgres

/// One step of the sealer: takes events that have been committed and are not sealed, makes them leaves, and signs the
/// head of the tree that they complete, all in one transaction.
///
/// None is ever skipped: an event is taken only when its transaction is older than every transaction still under way
/// (`pg_snapshot_xmin`), and they are taken in the order of (transaction, id). Whatever is committed later is behind
/// the cursor.
package struct SealStep: Sendable {
  package let signer: NoteSigner
  /// The log's name in its heads.
  package let origin: String
  /// Events in one step at most.
  package let limit: Int

  package init(signer: NoteSigner, origin: String, limit: Int) {
    self.signer = signer
    self.origin = origin
    self.limit = limit
  }

  /// Where the sealer stands: what it keeps in memory between steps.
  package struct Position: Sendable {
    package var tree: MerkleTree
    package var cursor: SealCursor
    /// Up to where events were looked through whose transactions have numbers that this cluster has not reached: they
    /// were written elsewhere. `nil` when that is done.
    package var foreign: SealCursor?

    /// Where to go on with `tree`: behind its newest head, or from the beginning on a cluster that is new to it.
    package init(_ session: borrowing Session, tree: MerkleTree, newest: StoredHead?) throws {
      self.tree = tree
      let horizon = try Horizon.read(session)
      let kept = newest?.cursor
      cursor =
        kept.flatMap { $0.cluster == horizon.cluster ? $0 : nil }
        ?? SealCursor(xact: 0, id: 0, cluster: horizon.cluster)
      let ahead = SealCursor(xact: horizon.highest - 1, id: .max, cluster: horizon.cluster)
      let elsewhere = try IndexPlans.only(session) { try Candidate.behind($0, ahead, below: nil, limit: 1) }
      foreign = elsewhere.isEmpty ? nil : ahead
    }
  }

  package struct Result: Sendable {
    package var position: Position
    /// `nil` where there was nothing to seal.
    package var head: SignedHead?
    /// How many events were sealed.
    package var sealed: Int
    /// Whether there may be more at once.
    package var isFull: Bool
  }

  /// In a transaction of the caller's, as `gkm_sealer`.
  ///
  /// - Throws: `SealConflict` where the tree in the database is not the one in `position`.
  package func run(_ session: borrowing Session, _ position: Position, now: Instant) throws -> Result {
    try IndexPlans.only(session) { try step($0, position, now: now) }
  }

  private func step(_ session: borrowing Session, _ position: Position, now: Instant) throws -> Result {
    let stored = try StoredHead.newest(session)
    let size = try SealedTree.size(session)
    guard stored?.size ?? 0 == position.tree.size, size == position.tree.size,
      stored.map({ $0.root == position.tree.root }) ?? true
    else {
      throw SealConflict(expected: position.tree.size, found: size)
    }
    var next = position
    let found = try look(session, &next)
    let isFull = found.count == limit || position.foreign != nil
    let fresh = found.filter { !$0.isSealed }
    guard !fresh.isEmpty else { return Result(position: next, head: nil, sealed: 0, isFull: isFull) }

    let leaves = fresh.map { MerkleHash.leaf($0.body) }
    var nodes: [MerkleLevels.Node] = []
    for leaf in leaves { nodes += MerkleLevels.append(leaf, to: &next.tree) }
    let head = try SignedHead(
      Checkpoint(
        origin: origin, size: next.tree.size, root: next.tree.root, at: max(now, stored?.signedAt ?? now)),
      signedBy: signer)
    try session.pipeline(
      [insert(fresh, leaves, from: position.tree.size), insert(nodes), insert(head, next.cursor)].compactMap(\.self))
    return Result(position: next, head: head, sealed: fresh.count, isFull: isFull)
  }

  /// The next candidates, with the cursor moved behind them.
  private func look(_ session: borrowing Session, _ position: inout Position) throws -> [Candidate] {
    let cluster = position.cursor.cluster
    if let foreign = position.foreign {
      let found = try Candidate.behind(session, foreign, below: nil, limit: limit)
      position.foreign =
        found.count == limit ? found.last.map { SealCursor(xact: $0.xact, id: $0.id, cluster: cluster) } : nil
      return found
    }
    let lowest = try Horizon.read(session).lowest
    let found = try Candidate.behind(session, position.cursor, below: lowest, limit: limit)
    if found.count == limit, let last = found.last {
      position.cursor = SealCursor(xact: last.xact, id: last.id, cluster: cluster)
    } else if lowest > position.cursor.xact {
      // Everything of the transactions below it is taken; ids begin at 1.
      position.cursor = SealCursor(xact: lowest, id: 0, cluster: cluster)
    }
    return found
  }

  private func insert(_ events: [Candidate], _ leaves: [MerkleHash], from first: Int) -> SQL {
    """
    INSERT INTO gkm.audit_leaf (leaf_index, event_id, event_at, hash)
    SELECT \(first) + n - 1, id, at, hash
    FROM unnest(\(events.map(\.id)), \(events.map(\.at)), \(leaves.map(\.bytes))) WITH ORDINALITY AS f (id, at, hash, n)
    """
  }

  private func insert(_ nodes: [MerkleLevels.Node]) -> SQL? {
    guard !nodes.isEmpty else { return nil }
    return """
      INSERT INTO gkm.audit_node (level, node_index, hash)
      SELECT * FROM unnest(\(nodes.map { Int16($0.level) }), \(nodes.map { Int64($0.index) }), \(nodes.map(\.hash.bytes)))
      """
  }

  private func insert(_ head: SignedHead, _ cursor: SealCursor) -> SQL {
    """
    INSERT INTO gkm.audit_head
      (tree_size, root, signed_at, key_id, public_key, note, sealed_xact, sealed_id, cluster)
    VALUES (\(head.size), \(head.root.bytes), \(head.checkpoint.at), \(signer.verifier.keyID),
      \(signer.verifier.publicKey), \(head.note.spelled), \(String(cursor.xact))::text::xid8, \(cursor.id),
      \(cursor.cluster))
    """
  }
}

/// The tree in the database is not the one that the sealer made.
package struct SealConflict: Error, Equatable {
  package let expected: Int
  package let found: Int

  package init(expected: Int, found: Int) {
    self.expected = expected
    self.found = found
  }
}

/// Which transactions have ended for certain.
struct Horizon {
  /// Each below it has ended.
  let lowest: UInt64
  /// None from it on had begun.
  let highest: UInt64
  let cluster: Int64

  static func read(_ session: borrowing Session) throws -> Horizon {
    let horizon = try session.first(
      """
      SELECT pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text, (SELECT system_identifier FROM pg_control_system())
      FROM pg_current_snapshot() AS s
      """
    ) { Horizon(lowest: try $0.xact(0), highest: try $0.xact(1), cluster: try $0.int64(2)) }
    guard let horizon else { throw StoreError.badRow("pg_current_snapshot() gave no row") }
    return horizon
  }
}

/// An event that may have to be sealed.
struct Candidate {
  let id: Int64
  let at: Instant
  let xact: UInt64
  let body: [UInt8]
  let isSealed: Bool

  /// The events behind a cursor, of transactions below `horizon`; those that are sealed already without their bytes. For
  /// `IndexPlans`: whether one is sealed is looked up event by event, and costs the same however many are.
  static func behind(
    _ session: borrowing Session, _ cursor: SealCursor, below horizon: UInt64?, limit: Int
  ) throws -> [Candidate] {
    let bound: SQL = horizon.map { "AND xact < \(String($0))::text::xid8" } ?? ""
    return try session.rows(
      """
      SELECT e.id, e.at, e.xact::text, CASE WHEN l.leaf_index IS NULL THEN e.body ELSE '' END, l.leaf_index IS NOT NULL
      FROM (
        SELECT id, at, xact, body FROM gkm.audit_event
        WHERE (xact, id) > (\(String(cursor.xact))::text::xid8, \(cursor.id)) \(sql: bound)
        ORDER BY xact, id LIMIT \(limit)
      ) AS e LEFT JOIN gkm.audit_leaf l ON l.event_id = e.id
      ORDER BY e.xact, e.id
      """
    ) { row in
      Candidate(
        id: try row.int64(0), at: try row.instant(1), xact: try row.xact(2), body: try row.bytes(3),
        isSealed: try row.bool(4))
    }
  }
}
