import Market
import Testing

@Suite("Heads are signed notes") struct SealedHeadTests {
  /// Published with the Go package golang.org/x/mod/sumdb/note.
  private static let publicKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
  private static let privateKey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
  private static let text = """
    If you think cryptography is the answer to your problem,
    then you don't know what your problem is.

    """
  private static let note =
    text
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

  @Test("the published key, note and signature are read and written alike")
  func published() throws {
    let verifier = try NoteVerifier(Self.publicKey)
    let signer = try NoteSigner(Self.privateKey)
    #expect(verifier.text == Self.publicKey)
    #expect(signer.secretText == Self.privateKey)
    #expect(signer.verifier == verifier)
    let note = try SignedNote(parsing: Self.note)
    #expect(note.text == Self.text)
    #expect(note.spelled == Self.note)
    #expect(note.signer(among: [verifier]) == verifier)
    // Ed25519 is deterministic, but the library may add noise: the signature has to hold, not to be the same.
    let own = try signer.sign(Self.text)
    #expect(own.signer(among: [verifier]) == verifier)
    #expect(!"\(signer)".contains("AYEK"))
  }

  @Test("any other text, key or signature is not signed")
  func forged() throws {
    let verifier = try NoteVerifier(Self.publicKey)
    let other = try #require(NoteSigner(name: "PeterNeumann", seed: [UInt8](repeating: 3, count: 32)))
    #expect(try other.sign(Self.text).signer(among: [verifier]) == nil)
    let note = try SignedNote(parsing: Self.note.replacing("think", with: "thank"))
    #expect(note.signer(among: [verifier]) == nil)
    for (index, byte) in Self.note.utf8.enumerated() {
      var bytes = Array(Self.note.utf8)
      bytes[index] = byte ^ 1
      let changed = try? SignedNote(parsing: String(decoding: bytes, as: UTF8.self))
      #expect(changed?.signer(among: [verifier]) == nil, "byte \(index)")
    }
  }

  @Test("a head says its log, size, root and time, in one spelling")
  func checkpoint() throws {
    let root = MerkleTree.root(of: [MerkleHash.leaf([1])])
    let head = Checkpoint(
      origin: "shop.example/audit", size: 1, root: root, at: Instant(microseconds: 1_767_225_600_000_250))
    #expect(try Checkpoint(parsing: head.text) == head)
    for wrong in [
      head.text.replacing("\n1\n", with: "\n01\n"), head.text.replacing("\n1\n", with: "\n-1\n"), "", head.text + "x\n",
      head.text.replacing("time ", with: "at "), head.text.replacing("=", with: ""),
    ] {
      #expect(throws: NoteError.self, "\(wrong)") { try Checkpoint(parsing: wrong) }
    }
  }

  @Test("a file of heads is read with or without empty lines between them, and names the head that is wrong")
  func listOfHeads() throws {
    let signer = try #require(NoteSigner(name: "shop.example/sealer", seed: [UInt8](repeating: 9, count: 32)))
    let heads = try (1...3).map { size in
      try SignedHead(
        Checkpoint(origin: "shop.example/audit", size: size, root: .empty, at: Instant(unixSeconds: 1_767_225_600)),
        signedBy: signer)
    }
    let notes = heads.map(\.note.spelled)
    #expect(try SignedHead.list(notes.joined()) == heads)
    #expect(try SignedHead.list("\n" + notes.joined(separator: "\n\n")) == heads)
    #expect(try SignedHead.list("") == [])
    #expect(throws: NoteError.self) { try SignedHead.list(notes[0] + "stray text\n" + notes[1]) }
    do {
      _ = try SignedHead.list(notes[0] + notes[1].replacing("— ", with: "- "))
      Issue.record("the second head is not signed")
    } catch {
      #expect(error.message.hasPrefix("note 2: "))
    }
  }

  @Test("keys are told apart by name and hash; a file of keys may have comments")
  func keys() throws {
    let other = try #require(NoteSigner(name: "b", seed: [UInt8](repeating: 2, count: 32))).verifier
    #expect(try NoteVerifier.list("# ours\n\(Self.publicKey)\n\n\(other.text)\n").map(\.name) == ["PeterNeumann", "b"])
    #expect(throws: NoteError.self) { try NoteVerifier.list("# none\n") }
    #expect(throws: NoteError.self) { try NoteVerifier(Self.publicKey.replacing("c74f", with: "c74e")) }
    #expect(NoteVerifier(name: "has blank", publicKey: other.publicKey) == nil)
    #expect(NoteVerifier(name: "plus+plus", publicKey: other.publicKey) == nil)
  }
}

@Suite("Kept nodes of the tree") struct MerkleLevelsTests {
  @Test("roots and proofs out of kept nodes are the simple tree's, at any size")
  func keptNodes() throws {
    var generator = SeededGenerator(seed: 7)
    let leaves = (0..<70_000).map { MerkleHash.leaf([UInt8($0 & 255), UInt8($0 >> 8 & 255), UInt8($0 >> 16)]) }
    var tree = MerkleTree()
    var nodes: [Int: [MerkleHash]] = [0: leaves]
    for leaf in leaves {
      for node in MerkleLevels.append(leaf, to: &tree) {
        #expect(nodes[node.level, default: []].count == node.index)
        nodes[node.level, default: []].append(node.hash)
      }
    }
    #expect(nodes[1]?.count == 273 && nodes[2]?.count == 1)
    func kept(_ level: Int, _ indices: Range<Int>) -> [MerkleHash] { Array((nodes[level] ?? [])[indices]) }
    let sizes = [1, 2, 255, 256, 257, 512, 65_535, 65_536, 65_537, 70_000]
    for size in sizes + (0..<20).map({ _ in Int.random(in: 1...70_000, using: &generator) }) {
      let simple = MerkleTree.root(of: leaves[..<size])
      let rebuilt = MerkleLevels.tree(over: 0..<size, kept: kept)
      #expect(rebuilt.root == simple && rebuilt.size == size)
      let index = Int.random(in: 0..<size, using: &generator)
      let path = MerkleProof.inclusion(of: index, size: size) { MerkleLevels.tree(over: $0, kept: kept).root }
      #expect(MerkleProof.verifyInclusion(of: leaves[index], at: index, size: size, path: path, root: simple))
    }
  }
}
