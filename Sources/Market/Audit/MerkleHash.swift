import Crypto
import FoundationEssentials

/// A SHA-256 of the Merkle tree: 32 bytes, kept in place so that a tree of millions makes no garbage.
///
/// Source: RFC 6962 § 2.1 (the same in RFC 9162 § 2.1): a leaf is hashed behind 0x00 and a node behind 0x01, so that
/// neither passes for the other.
package struct MerkleHash: Hashable, Sendable {
  private let words: SIMD4<UInt64>

  package static let byteCount = 32

  package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

  /// `nil` unless there are 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    words = bytes.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
  }

  private init(_ hasher: SHA256) {
    words = hasher.finalize().withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
  }

  package static func leaf(_ data: [UInt8]) -> MerkleHash {
    var hasher = SHA256()
    withUnsafeBytes(of: UInt8(0x00)) { hasher.update(bufferPointer: $0) }
    data.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    return MerkleHash(hasher)
  }

  package static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
    var hasher = SHA256()
    withUnsafeBytes(of: UInt8(0x01)) { hasher.update(bufferPointer: $0) }
    withUnsafeBytes(of: left.words) { hasher.update(bufferPointer: $0) }
    withUnsafeBytes(of: right.words) { hasher.update(bufferPointer: $0) }
    return MerkleHash(hasher)
  }

  /// The root of the tree without leaves: the hash of nothing.
  package static let empty = MerkleHash(SHA256())
}

extension MerkleHash: CustomStringConvertible {
  package var description: String { Hex.encode(bytes) }
}
