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

  package mutating func append(_ leaf: MerkleHash) { append(leaf, height: 0) { _, _, _ in } }

  package mutating func append(contentsOf leaves: some Sequence<MerkleHash>) {
    for leaf in leaves { append(leaf) }
  }

  /// Appends a perfect subtree of 2^`height` leaves by its root.
  ///
  /// - Parameter formed: told of each larger perfect subtree that this completes: its height, its index among those of
  ///   its height, its root.
  package mutating func append(
    _ root: MerkleHash, height: Int, formed: (_ height: Int, _ index: Int, _ root: MerkleHash) -> Void
  ) {
    precondition(size.trailingZeroBitCount >= height, "a subtree stands where its size divides")
    var hash = root
    var height = height
    size += 1 << height
    for _ in 0..<((size >> height) - 1).trailingOneBitCount {
      hash = MerkleHash.node(edge.removeLast(), hash)
      height += 1
      formed(height, (size >> height) - 1, hash)
    }
    edge.append(hash)
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
