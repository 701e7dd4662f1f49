import FoundationEssentials

/// What a head of the tree says: which log, how many leaves, their root, and when it was signed.
///
/// The text of a C2SP checkpoint (https://c2sp.org/tlog-checkpoint): origin, size and base64 root, a line each, then one
/// extension line `time RFC3339`.
package struct Checkpoint: Hashable, Sendable {
  /// The log's name.
  package let origin: String
  package let size: Int
  package let root: MerkleHash
  package let at: Instant

  package init(origin: String, size: Int, root: MerkleHash, at: Instant) {
    self.origin = origin
    self.size = size
    self.root = root
    self.at = at
  }

  package init(parsing text: String) throws(NoteError) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 5, lines[4].isEmpty, !lines[0].isEmpty else {
      throw NoteError("a head has four lines: origin, size, root, time")
    }
    guard let size = Int(lines[1]), size >= 0, String(size) == lines[1] else {
      throw NoteError("“\(lines[1].prefix(40))” is no size of a tree")
    }
    guard let raw = Data(base64Encoded: String(lines[2])), raw.base64EncodedString() == lines[2],
      let root = MerkleHash(Array(raw))
    else { throw NoteError("“\(lines[2].prefix(60))” is no root of a tree") }
    guard lines[3].hasPrefix("time "), let at = Instant(rfc3339: String(lines[3].dropFirst(5))) else {
      throw NoteError("“\(lines[3].prefix(60))” is no line with a time")
    }
    self.init(origin: String(lines[0]), size: size, root: root, at: at)
    guard self.text == text else { throw NoteError("the head is not in its one spelling") }
  }

  /// What is signed.
  package var text: String {
    "\(origin)\n\(size)\n\(Data(root.bytes).base64EncodedString())\ntime \(at.rfc3339)\n"
  }
}

/// A head and the note that it came in.
package struct SignedHead: Hashable, Sendable {
  package let checkpoint: Checkpoint
  package let note: SignedNote

  package var size: Int { checkpoint.size }
  package var root: MerkleHash { checkpoint.root }

  package init(_ note: SignedNote) throws(NoteError) {
    checkpoint = try Checkpoint(parsing: note.text)
    self.note = note
  }

  package init(parsing text: String) throws(NoteError) { try self.init(SignedNote(parsing: text)) }

  package init(_ checkpoint: Checkpoint, signedBy signer: NoteSigner) throws {
    self.checkpoint = checkpoint
    note = try signer.sign(checkpoint.text)
  }

  /// The heads of a file, in their order there.
  package static func list(_ text: String) throws(NoteError) -> [SignedHead] {
    var heads: [SignedHead] = []
    for (index, note) in try SignedNote.list(text).enumerated() {
      do throws(NoteError) { heads.append(try SignedHead(note)) } catch {
        throw NoteError("head \(index + 1): \(error.message)")
      }
    }
    return heads
  }
}
