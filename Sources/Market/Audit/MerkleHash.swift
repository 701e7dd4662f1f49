import Crypto
import FoundationEssentials

/// A SHA-256 of the Merkle tree: 32 bytes.
///
/// Source: RFC 6962 § 2.1 (the same in RFC 9162 § 2.1): a leaf is hashed behind 0x00 and a node behind 0x01, so that
/// neither passes for the other.
package struct MerkleHash: Hashable, Sendable {
  package let bytes: [UInt8]

  /// `nil` unless there are 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  private init(digest: SHA256Digest) { bytes = Array(digest) }

  package static func leaf(_ data: [UInt8]) -> MerkleHash {
    var hasher = SHA256()
    hasher.update(data: [0x00] as [UInt8])
    hasher.update(data: data)
    return MerkleHash(digest: hasher.finalize())
  }

  package static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
    var hasher = SHA256()
    hasher.update(data: [0x01] as [UInt8] + left.bytes + right.bytes)
    return MerkleHash(digest: hasher.finalize())
  }

  /// The root of the tree without leaves: the hash of nothing.
  package static let empty = MerkleHash(digest: SHA256.hash(data: [] as [UInt8]))
}

extension MerkleHash: CustomStringConvertible {
  package var description: String { Hex.encode(bytes) }
}
