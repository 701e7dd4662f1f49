/// Which nodes of the tree are kept beside its leaves, and how the root of any part of it is made of them.
///
/// Kept are the roots of the perfect subtrees of 256, 65,536, … leaves: level 1, 2, …; level 0 are the leaves. They add
/// a 255th to what the leaves take, and a proof in a tree of any size reads at most a few hundred of them.
package enum MerkleLevels {
  /// The binary logarithm of how many nodes of one level make one of the next.
  package static let bits = 8
  /// What a tree of 2^63 leaves could have.
  package static let highest = 7

  /// A node that is kept.
  package struct Node: Hashable, Sendable {
    package let level: Int
    /// Among those of its level, from 0.
    package let index: Int
    package let hash: MerkleHash

    package init(level: Int, index: Int, hash: MerkleHash) {
      self.level = level
      self.index = index
      self.hash = hash
    }
  }

  /// Appends a leaf and gives the kept nodes that it completes, the lowest first.
  package static func append(_ leaf: MerkleHash, to tree: inout MerkleTree) -> [Node] {
    var nodes: [Node] = []
    tree.append(leaf, height: 0) { height, index, root in
      if height % bits == 0 { nodes.append(Node(level: height / bits, index: index, hash: root)) }
    }
    return nodes
  }

  /// The part of the tree over `range`, which must begin where a subtree of its size can: what `MerkleProof` asks for,
  /// and `0..<size`.
  ///
  /// - Parameter kept: gives the nodes of a level that stand at these indices, in order; level 0 are the leaves.
  package static func tree(
    over range: Range<Int>, kept: (_ level: Int, _ indices: Range<Int>) throws -> [MerkleHash]
  ) rethrows -> MerkleTree {
    var tree = MerkleTree()
    var position = range.lowerBound
    for level in stride(from: highest, through: 0, by: -1) {
      let height = level * bits
      guard position & ((1 << height) - 1) == 0 else { continue }
      let count = (range.upperBound - position) >> height
      if count == 0 { continue }
      let first = position >> height
      for hash in try kept(level, first..<first + count) { tree.append(hash, height: height) { _, _, _ in } }
      position += count << height
    }
    return tree
  }
}
