/// A growing Merkle tree that keeps only its right edge: `append` and `root` need at most one hash per level, whatever
/// the size, so a sealer can carry on from the hashes it kept.
package struct MerkleTree: Hashable, Sendable {
  /// How many leaves there are.
  package private(set) var size: Int
  /// The roots of the perfect subtrees of which the tree is made, the largest (leftmost) first: one for each bit set
  /// in `size`.
  package private(set) var edge: [MerkleHash]

  package init() {
    size = 0
    edge = []
  }

  /// Carries on from a kept edge; `nil` unless it has one hash for each bit set in `size`.
  package init?(size: Int, edge: [MerkleHash]) {
    guard size >= 0, edge.count == size.nonzeroBitCount else { return nil }
    self.size = size
    self.edge = edge
  }

  package mutating func append(_ leaf: MerkleHash) {
    var hash = leaf
    for _ in 0..<size.trailingOneBitCount { hash = MerkleHash.node(edge.removeLast(), hash) }
    edge.append(hash)
    size += 1
  }

  package mutating func append(contentsOf leaves: some Sequence<MerkleHash>) {
    for leaf in leaves { append(leaf) }
  }

  package var root: MerkleHash {
    guard let last = edge.last else { return .empty }
    return edge.dropLast().reversed().reduce(last) { MerkleHash.node($1, $0) }
  }

  package static func root(of leaves: some Sequence<MerkleHash>) -> MerkleHash {
    var tree = MerkleTree()
    tree.append(contentsOf: leaves)
    return tree.root
  }
}

extension Int {
  fileprivate var trailingOneBitCount: Int { (~self).trailingZeroBitCount }
}
