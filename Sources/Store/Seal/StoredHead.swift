package import Market
package import Postgres

/// A head as the database has it: the note, and what the columns beside it say.
package struct StoredHead: Sendable, Equatable {
  package let size: Int
  package let root: MerkleHash
  package let signedAt: Instant
  package let keyID: String
  package let publicKey: [UInt8]
  package let note: String
  package let cursor: SealCursor

  /// The newest; `nil` before the first.
  package static func newest(_ session: borrowing Session) throws -> StoredHead? {
    try read(session, where: "true", order: "tree_size DESC", limit: 1).first
  }

  /// The one of exactly so many leaves.
  package static func of(_ session: borrowing Session, size: Int) throws -> StoredHead? {
    try read(session, where: "tree_size = \(size)", order: "tree_size", limit: 1).first
  }

  /// Those of trees larger than `size`, the smallest first.
  package static func after(_ session: borrowing Session, size: Int, upTo last: Int, limit: Int) throws -> [StoredHead]
  {
    try read(session, where: "tree_size > \(size) AND tree_size <= \(last)", order: "tree_size", limit: limit)
  }

  private static func read(
    _ session: borrowing Session, where filter: SQL, order: String, limit: Int
  ) throws -> [StoredHead] {
    try session.rows(
      """
      SELECT tree_size, root, signed_at, key_id, public_key, note, sealed_xact::text, sealed_id, cluster
      FROM gkm.audit_head WHERE \(sql: filter) ORDER BY \(unescaped: order) LIMIT \(limit)
      """
    ) { row in
      StoredHead(
        size: try row.int(0), root: try row.merkleHash(1), signedAt: try row.instant(2), keyID: try row.string(3),
        publicKey: try row.bytes(4), note: try row.string(5),
        cursor: SealCursor(xact: try row.xact(6), id: try row.int64(7), cluster: try row.int64(8)))
    }
  }
}

/// Up to where everything is sealed: whatever comes later has a higher transaction, or the same and a higher id.
///
/// Transaction numbers are one cluster's own: a database that was dumped and restored elsewhere begins with lower ones.
package struct SealCursor: Sendable, Equatable {
  package let xact: UInt64
  package let id: Int64
  /// The cluster's system identifier.
  package let cluster: Int64

  package init(xact: UInt64, id: Int64, cluster: Int64) {
    self.xact = xact
    self.id = id
    self.cluster = cluster
  }
}

extension Row {
  package func merkleHash(_ column: Int) throws -> MerkleHash {
    guard let hash = MerkleHash(try bytes(column)) else { throw StoreError.badRow("\(name(column)) is no hash") }
    return hash
  }

  /// A transaction's number, as text.
  func xact(_ column: Int) throws -> UInt64 {
    let text = try string(column)
    guard let number = UInt64(text) else { throw StoreError.badRow("“\(text)” is no transaction's number") }
    return number
  }
}
