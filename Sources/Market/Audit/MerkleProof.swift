/// Proofs over a Merkle tree, and their verification. Making one needs the root of any run of leaves
/// (`subtree`), from wherever they are kept; verifying needs nothing but the proof.
///
/// Source: RFC 9162 §§ 2.1.3 and 2.1.4.
package enum MerkleProof {
  /// The audit path of leaf `index` in the tree of the first `size` leaves, from the leaf upwards.
  package static func inclusion(
    of index: Int, size: Int, subtree: (Range<Int>) throws -> MerkleHash
  ) rethrows -> [MerkleHash] {
    precondition(index >= 0 && index < size, "the leaf is in the tree")
    var path: [MerkleHash] = []
    var range = 0..<size
    while range.count > 1 {
      let split = range.lowerBound + largestPowerOfTwo(below: range.count)
      if index < split {
        path.append(try subtree(split..<range.upperBound))
        range = range.lowerBound..<split
      } else {
        path.append(try subtree(range.lowerBound..<split))
        range = split..<range.upperBound
      }
    }
    return path.reversed()
  }

  /// That the tree of the first `old` leaves is the beginning of the tree of `size` leaves.
  package static func consistency(
    from old: Int, to size: Int, subtree: (Range<Int>) throws -> MerkleHash
  ) rethrows -> [MerkleHash] {
    precondition(old > 0 && old <= size, "the old tree is a part of the new one and has a leaf")
    var path: [MerkleHash] = []
    var range = 0..<size
    var isWholeOldTree = true
    while range.upperBound != old {
      let split = range.lowerBound + largestPowerOfTwo(below: range.count)
      if old <= split {
        path.append(try subtree(split..<range.upperBound))
        range = range.lowerBound..<split
      } else {
        path.append(try subtree(range.lowerBound..<split))
        range = split..<range.upperBound
        isWholeOldTree = false
      }
    }
    if !isWholeOldTree { path.append(try subtree(range)) }
    return path.reversed()
  }

  package static func verifyInclusion(
    of leaf: MerkleHash, at index: Int, size: Int, path: [MerkleHash], root: MerkleHash
  ) -> Bool {
    guard index >= 0, index < size else { return false }
    var position = index
    var last = size - 1
    var hash = leaf
    for sibling in path {
      guard last > 0 else { return false }
      if position & 1 == 1 || position == last {
        hash = MerkleHash.node(sibling, hash)
        if position & 1 == 0 {
          let shift = position.trailingZeroBitCount
          position >>= shift
          last >>= shift
        }
      } else {
        hash = MerkleHash.node(hash, sibling)
      }
      position >>= 1
      last >>= 1
    }
    return last == 0 && hash == root
  }

  package static func verifyConsistency(
    from old: Int, root oldRoot: MerkleHash, to size: Int, root newRoot: MerkleHash, path: [MerkleHash]
  ) -> Bool {
    guard old > 0, old <= size else { return false }
    if old == size { return path.isEmpty && oldRoot == newRoot }
    // An old tree that is a perfect subtree of the new one is left out of the path: it begins with its root.
    let full = old.nonzeroBitCount == 1 ? [oldRoot] + path : path
    guard let first = full.first else { return false }
    let shift = (~(old - 1)).trailingZeroBitCount
    var position = (old - 1) >> shift
    var last = (size - 1) >> shift
    var oldHash = first
    var newHash = first
    for sibling in full.dropFirst() {
      guard last > 0 else { return false }
      if position & 1 == 1 || position == last {
        oldHash = MerkleHash.node(sibling, oldHash)
        newHash = MerkleHash.node(sibling, newHash)
        if position & 1 == 0 {
          let zeros = position.trailingZeroBitCount
          position >>= zeros
          last >>= zeros
        }
      } else {
        newHash = MerkleHash.node(newHash, sibling)
      }
      position >>= 1
      last >>= 1
    }
    return last == 0 && oldHash == oldRoot && newHash == newRoot
  }

  /// The largest power of two smaller than `count`, which is at least 2.
  private static func largestPowerOfTwo(below count: Int) -> Int {
    1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
  }
}
