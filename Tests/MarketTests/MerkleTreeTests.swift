import Market
import Testing

@Suite("The Merkle tree is RFC 6962's")
struct MerkleTreeTests {
  /// The leaves and roots that Certificate Transparency implementations share as test vectors.
  private static let leaves =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    .map { Hex.decode($0) ?? [] } + [Hex.decode("606162636465666768696a6b6c6d6e6f") ?? []]
  private static let roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]
  private static let hashes = leaves.map { MerkleHash.leaf($0) }

  private static func subtree(_ range: Range<Int>) -> MerkleHash { MerkleTree.root(of: hashes[range]) }

  @Test("the roots of 0 to 8 leaves are the published ones, grown leaf by leaf and carried on from an edge")
  func roots() throws {
    var tree = MerkleTree()
    #expect(tree.root.description == Self.roots[0])
    for (index, hash) in Self.hashes.enumerated() {
      tree = try #require(MerkleTree(size: tree.size, edge: tree.edge))
      tree.append(hash)
      #expect(tree.root.description == Self.roots[index + 1])
    }
    #expect(MerkleTree(size: 3, edge: []) == nil)
  }

  @Test("inclusion paths are the published ones")
  func publishedInclusion() {
    let paths: [(index: Int, size: Int, path: [String])] = [
      (0, 1, []),
      (
        0, 8,
        [
          "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
      ),
      (
        5, 8,
        [
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
      ),
      (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ]
    for (index, size, path) in paths {
      #expect(MerkleProof.inclusion(of: index, size: size, subtree: Self.subtree).map(\.description) == path)
    }
  }

  @Test("consistency paths are the published ones")
  func publishedConsistency() {
    let paths: [(old: Int, size: Int, path: [String])] = [
      (1, 1, []),
      (
        1, 8,
        [
          "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
      ),
      (
        6, 8,
        [
          "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
      ),
      (
        2, 5,
        [
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
      ),
    ]
    for (old, size, path) in paths {
      #expect(MerkleProof.consistency(from: old, to: size, subtree: Self.subtree).map(\.description) == path)
    }
  }

  @Test("every proof of every tree up to 40 leaves verifies, and none with anything changed", arguments: 1...40)
  func allProofs(size: Int) throws {
    let hashes = (0..<size).map { MerkleHash.leaf([UInt8($0)]) }
    let subtree: (Range<Int>) -> MerkleHash = { MerkleTree.root(of: hashes[$0]) }
    let root = subtree(0..<size)
    let stranger = MerkleHash.leaf([255])
    for index in 0..<size {
      let path = MerkleProof.inclusion(of: index, size: size, subtree: subtree)
      func verify(_ leaf: MerkleHash, _ index: Int, _ path: [MerkleHash]) -> Bool {
        MerkleProof.verifyInclusion(of: leaf, at: index, size: size, path: path, root: root)
      }
      #expect(verify(hashes[index], index, path))
      #expect(!verify(stranger, index, path))
      #expect(!verify(hashes[index], index, path + [stranger]))
      #expect(path.isEmpty || !verify(hashes[index], index, path.dropLast()))
      #expect(size == 1 || !verify(hashes[index], (index + 1) % size, path))
      #expect(!verify(hashes[index], size, path) && !verify(hashes[index], -1, path))
    }
    for old in 1...size {
      let oldRoot = subtree(0..<old)
      let path = MerkleProof.consistency(from: old, to: size, subtree: subtree)
      func verify(_ oldRoot: MerkleHash, _ newRoot: MerkleHash, _ path: [MerkleHash]) -> Bool {
        MerkleProof.verifyConsistency(from: old, root: oldRoot, to: size, root: newRoot, path: path)
      }
      #expect(verify(oldRoot, root, path))
      #expect(!verify(stranger, root, path) && !verify(oldRoot, stranger, path))
      #expect(!verify(oldRoot, root, path + [stranger]))
      #expect(path.isEmpty || !verify(oldRoot, root, path.dropLast()))
    }
  }
}
