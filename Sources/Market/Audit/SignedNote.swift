import FoundationEssentials

/// A text with signatures under it, by C2SP's signed-note: the text, an empty line, then for each signature
/// `— NAME BASE64`, where the bytes are the key's hash and the signature.
///
/// Source: https://c2sp.org/signed-note
package struct SignedNote: Hashable, Sendable {
  /// Ends in LF.
  package let text: String
  package let signatures: [Signature]

  package struct Signature: Hashable, Sendable {
    package let name: String
    package let keyHash: [UInt8]
    package let bytes: [UInt8]
  }

  /// Refuses what a note cannot hold: control characters but LF, no line at all.
  package init(text: String, signatures: [Signature]) throws(NoteError) {
    guard text.hasSuffix("\n"), text.utf8.allSatisfy({ $0 == 0x0A || $0 >= 0x20 && $0 != 0x7F }) else {
      throw NoteError("a note is lines of text, the last ended too")
    }
    guard (1...16).contains(signatures.count) else { throw NoteError("a note has 1 to 16 signatures") }
    self.text = text
    self.signatures = signatures
  }

  package init(parsing whole: String) throws(NoteError) {
    guard let gap = whole.ranges(of: "\n\n").last else { throw NoteError("no signature under the note") }
    let text = String(whole[..<whole.index(after: gap.lowerBound)])
    let below = whole[gap.upperBound...]
    guard below.hasSuffix("\n") else { throw NoteError("the note's last line is not ended") }
    var signatures: [Signature] = []
    for line in below.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[0] == "—", NoteKey.isName(String(parts[1])),
        let raw = Data(base64Encoded: String(parts[2])), raw.count > 4, raw.base64EncodedString() == parts[2]
      else { throw NoteError("“\(line.prefix(80))” is no signature") }
      signatures.append(
        Signature(name: String(parts[1]), keyHash: Array(raw.prefix(4)), bytes: Array(raw.dropFirst(4))))
    }
    try self.init(text: text, signatures: signatures)
  }

  /// The whole note, as it is kept and sent.
  package var spelled: String {
    text + "\n"
      + signatures.map { "— \($0.name) \(Data($0.keyHash + $0.bytes).base64EncodedString())\n" }.joined()
  }

  /// The first of the keys whose signature is under the note; `nil` where there is none, or it is not valid.
  package func signer(among verifiers: [NoteVerifier]) -> NoteVerifier? {
    for signature in signatures {
      let key = verifiers.first { $0.name == signature.name && $0.keyHash == signature.keyHash }
      guard let key else { continue }
      return key.isValid(signature.bytes, over: text) ? key : nil
    }
    return nil
  }

  /// The notes of a file, one behind another, with or without empty lines between them.
  package static func list(_ text: String) throws(NoteError) -> [SignedNote] {
    var notes: [SignedNote] = []
    var current = ""
    var isBelow = false
    func take() throws(NoteError) {
      do throws(NoteError) { notes.append(try SignedNote(parsing: current)) } catch {
        throw NoteError("note \(notes.count + 1): \(error.message)")
      }
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let isSignature = line.hasPrefix("— ")
      if isBelow, !isSignature {
        try take()
        (current, isBelow) = ("", false)
      }
      if current.isEmpty, line.isEmpty { continue }
      current += line + "\n"
      isBelow = isSignature
    }
    if !current.isEmpty { try take() }
    return notes
  }
}
