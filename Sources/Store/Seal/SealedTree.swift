package import Market
package import Postgres

/// The sealed tree as the database keeps it: leaves, and the roots of larger parts.
package enum SealedTree {
  /// How many leaves there are.
  package static func size(_ session: borrowing Session) throws -> Int {
    try session.first("SELECT coalesce(max(leaf_index), -1) + 1 FROM gkm.audit_leaf") { try $0.int(0) } ?? 0
  }

  /// The tree of the first `size` leaves. It is what the tables say: compare its root with a signed head.
  package static func tree(_ session: borrowing Session, size: Int) throws -> MerkleTree {
    try MerkleLevels.tree(over: 0..<size) { level, indices in try kept(session, level: level, indices) }
  }

  /// How leaf `index` is proved to be in the tree of the first `size` leaves.
  package static func inclusion(_ session: borrowing Session, of index: Int, size: Int) throws -> [MerkleHash] {
    try MerkleProof.inclusion(of: index, size: size) { range in
      try MerkleLevels.tree(over: range) { level, indices in try kept(session, level: level, indices) }.root
    }
  }

  /// The kept nodes of a level; level 0 are the leaves.
  private static func kept(_ session: borrowing Session, level: Int, _ indices: Range<Int>) throws -> [MerkleHash] {
    let hashes: [MerkleHash]
    if level == 0 {
      hashes = try session.rows(
        """
        SELECT hash FROM gkm.audit_leaf
        WHERE leaf_index >= \(indices.lowerBound) AND leaf_index < \(indices.upperBound) ORDER BY leaf_index
        """
      ) { try $0.merkleHash(0) }
    } else {
      hashes = try session.rows(
        """
        SELECT hash FROM gkm.audit_node
        WHERE level = \(Int16(level)) AND node_index >= \(indices.lowerBound) AND node_index < \(indices.upperBound)
        ORDER BY node_index
        """
      ) { try $0.merkleHash(0) }
    }
    guard hashes.count == indices.count else {
      throw StoreError.badRow(
        "of the tree's \(level == 0 ? "leaves" : "nodes of level \(level)") \(indices.lowerBound) to"
          + " \(indices.upperBound - 1) only \(hashes.count) are there")
    }
    return hashes
  }
}
