import Market

extension LogCheck {
  /// Gives the verifier what was read, leaf by leaf, with the heads at their sizes.
  struct Follower {
    private let check: LogCheck
    private(set) var verifier: LogVerifier
    /// Outside heads by size.
    private let outside: [Int: [LogVerifier.Head]]
    /// Leaves whose events are not what was sealed.
    private var moved: [SealedEvent.Checked] = []
    private var newestKey: String?
    private var newestTime: Instant?

    init(_ check: LogCheck, from start: MerkleTree) {
      self.check = check
      verifier = LogVerifier(from: start)
      var outside: [Int: [LogVerifier.Head]] = [:]
      for head in check.outside {
        // Without a key an outside head is believed for where it was kept.
        let isTrusted = check.keys.isEmpty || head.note.signer(among: check.keys) != nil
        if !isTrusted {
          verifier.note(
            LogFinding(.resigned, "the outside head of \(head.size) events is not signed by a key that is trusted"))
        }
        outside[head.size, default: []].append(
          LogVerifier.Head(size: head.size, root: head.root, isOutside: true, isTrusted: isTrusted))
      }
      self.outside = outside
    }

    mutating func take(_ piece: LogReader.Piece, _ leaves: [SealedEvent.Checked]) {
      var heads = outside.filter { piece.range.lowerBound < $0.key && $0.key <= piece.range.upperBound }
      for stored in piece.heads { heads[stored.size, default: []].append(judge(stored)) }
      var rest = leaves[...]
      for index in piece.range {
        let leaf = rest.first?.leaf == index ? rest.popFirst() : nil
        if let leaf, leaf.hash != leaf.sealedHash, moved.count < LogCheck.findingLimit { moved.append(leaf) }
        let size = index + 1
        verifier.take(
          leaf, node: piece.nodes[(size >> MerkleLevels.bits) - 1], heads: heads.isEmpty ? [] : heads[size] ?? [])
      }
    }

    /// Whether a stored head is what its note says, and who signed it.
    private mutating func judge(_ stored: StoredHead) -> LogVerifier.Head {
      let name = "the head of \(stored.size) events"
      guard let head = try? SignedHead(parsing: stored.note) else {
        verifier.note(LogFinding(.head, "\(name) is no signed note"))
        return LogVerifier.Head(size: stored.size, root: stored.root, isOutside: false, isTrusted: false)
      }
      if head.size != stored.size || head.root != stored.root || head.checkpoint.at != stored.signedAt {
        verifier.note(LogFinding(.head, "\(name) says in its row something else than in its note"))
      }
      if let newestTime, head.checkpoint.at < newestTime {
        verifier.note(LogFinding(.backdated, "\(name) is dated \(head.checkpoint.at), before the one before it"))
      }
      newestTime = head.checkpoint.at
      return LogVerifier.Head(
        size: stored.size, root: head.root, isOutside: false, isTrusted: isSigned(head, stored, name))
    }

    private mutating func isSigned(_ head: SignedHead, _ stored: StoredHead, _ name: String) -> Bool {
      var keys = check.keys
      if keys.isEmpty {
        // The best that can be done without a key from outside: each head by the key it names, and no change of keys
        // unnoticed.
        let named = head.note.signatures.first.flatMap { NoteVerifier(name: $0.name, publicKey: stored.publicKey) }
        keys = [named].compactMap(\.self)
        if let newestKey, newestKey != stored.keyID {
          verifier.note(
            LogFinding(.resigned, "\(name) is signed by the key \(stored.keyID), those before it by \(newestKey)"))
        }
        newestKey = stored.keyID
      }
      if head.note.signer(among: keys) != nil { return true }
      let signer = head.note.signatures.first.map { "\($0.name)+\(Hex.encode($0.keyHash))" } ?? "nobody"
      verifier.note(LogFinding(.resigned, "\(name) is not signed by a key that is trusted, but by \(signer)"))
      return false
    }

    /// - Parameter isWhole: whether the end of the log was reached, so that larger heads mean that it was cut short.
    mutating func end(isWhole: Bool, newest: StoredHead?) {
      guard isWhole else { return verifier.end([]) }
      let own = newest.flatMap { $0.size > verifier.size ? judge($0) : nil }
      verifier.end(outside.values.flatMap(\.self) + [own].compactMap(\.self))
    }

    mutating func settle(_ strays: [(event: Int64, at: Instant, hash: MerkleHash)]) {
      verifier.settle(strays: strays, moved: moved)
    }
  }
}
