package import Market
package import Postgres

/// What a sealer looks at before it signs anything: whether the log in the database goes on from the head that it kept
/// outside.
package struct SealStart: Sendable {
  package let position: SealStep.Position
  package let newest: StoredHead?
  /// An admin gave up the kept head; from now on the newest one counts.
  package let resumption: SealResumption?

  /// - Parameters:
  ///   - kept: the last head that was signed, from outside the database.
  ///   - key: whose heads are the sealer's own.
  ///   - adopts: takes the database's newest head for right where none was kept, or another key signed it.
  /// - Throws: `SealRefusal` where the log is shorter than the kept head, or another.
  package init(
    _ session: borrowing Session, kept: SignedHead?, key: NoteVerifier, adopts: Bool
  ) throws {
    let newest = try StoredHead.newest(session)
    let size = try SealedTree.size(session)
    guard size == newest?.size ?? 0 else { throw SealRefusal.torn(leaves: size, head: newest?.size ?? 0) }
    let tree = try Self.tree(session, size: size)
    if let newest {
      guard tree.root == newest.root else { throw SealRefusal.changed(size: size) }
      let head = try? SignedHead(parsing: newest.note)
      let isOwn = head?.note.signer(among: [key]) != nil && head?.size == size && head?.root == newest.root
      guard isOwn || adopts else { throw SealRefusal.notOurs(size: size, keyID: newest.keyID) }
      guard kept != nil || adopts else { throw SealRefusal.nothingKept(size: size) }
    }
    var resumption: SealResumption?
    if let kept {
      let isHere = kept.size <= size
      if try !isHere || Self.tree(session, size: kept.size).root != kept.root {
        resumption = try SealResumption.givingUp(session, size: kept.size, root: kept.root)
        if resumption == nil {
          throw isHere
            ? SealRefusal.different(kept: kept.checkpoint) : SealRefusal.shorter(kept: kept.checkpoint, size: size)
        }
      }
    }
    self.newest = newest
    self.resumption = resumption
    position = try SealStep.Position(session, tree: tree, newest: newest)
  }

  private static func tree(_ session: borrowing Session, size: Int) throws -> MerkleTree {
    do {
      return try SealedTree.tree(session, size: size)
    } catch StoreError.badRow(let what) {
      throw SealRefusal.broken(what)
    }
  }
}

/// Why the sealer signs nothing: what it found is not the log that it signed.
package enum SealRefusal: Error, Equatable, CustomStringConvertible {
  case shorter(kept: Checkpoint, size: Int)
  case different(kept: Checkpoint)
  /// The leaves do not make the newest head's root.
  case changed(size: Int)
  /// There are leaves above the newest head, or fewer than it has.
  case torn(leaves: Int, head: Int)
  case broken(String)
  case notOurs(size: Int, keyID: String)
  case nothingKept(size: Int)

  package var description: String {
    switch self {
    case .shorter(let kept, let size):
      "the log has \(size) sealed events, and the head signed last has \(kept.size): it was cut short. "
        + Self.remedy(kept)
    case .different(let kept):
      "the log's first \(kept.size) sealed events are not those of the head signed last: they were changed. "
        + Self.remedy(kept)
    case .changed(let size):
      "the \(size) leaves do not make the newest head's root: the log was changed; see gkm audit verify"
    case .torn(let leaves, let head):
      "there are \(leaves) leaves under a newest head of \(head): the log was changed; see gkm audit verify"
    case .broken(let what): "the tree cannot be read: \(what); see gkm audit verify"
    case .notOurs(let size, let keyID):
      "the newest head, of \(size) events, was signed by another key (\(keyID)): if the key was changed on purpose, "
        + "start once with --adopt"
    case .nothingKept(let size):
      "the log has a head of \(size) events and the state file has none: if this sealer is new here on purpose, "
        + "start once with --adopt"
    }
  }

  private static func remedy(_ kept: Checkpoint) -> String {
    "If the database was restored from a backup, an admin gives that head up: "
      + "gkm audit resume --after-restore --lost-head \(kept.size):\(kept.root) --reason …"
  }
}

/// Lets one sealer work at a time.
package enum SealLock {
  /// Takes the lock for as long as the connection lives; false where another sealer has it.
  package static func take(_ session: borrowing Session) throws -> Bool {
    try session.first("SELECT pg_try_advisory_lock(7261003)") { try $0.bool(0) } ?? false
  }
}
