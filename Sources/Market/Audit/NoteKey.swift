import Crypto
import FoundationEssentials

/// Checks the signatures of one key under signed notes. Spelled as C2SP's verifier key: `NAME+HASH+KEY`, where HASH is
/// eight hexadecimal digits and KEY the base64 of 0x01 and the 32 bytes of an Ed25519 public key.
///
/// Source: https://c2sp.org/signed-note, and the Go package golang.org/x/mod/sumdb/note, which writes the same.
package struct NoteVerifier: Hashable, Sendable {
  package let name: String
  package let publicKey: [UInt8]

  /// `nil` for a name that no note can carry, or a key that is none.
  package init?(name: String, publicKey: [UInt8]) {
    guard NoteKey.isName(name), publicKey.count == 32 else { return nil }
    self.name = name
    self.publicKey = publicKey
  }

  package init(_ text: some StringProtocol) throws(NoteError) {
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let raw = Data(base64Encoded: String(parts[2])), raw.first == NoteKey.algorithm,
      let verifier = NoteVerifier(name: String(parts[0]), publicKey: Array(raw.dropFirst()))
    else { throw NoteError("a public key is NAME+HASH+BASE64, with an Ed25519 key") }
    guard verifier.keyID == parts[1] else { throw NoteError("the public key's hash is not \(parts[1])") }
    self = verifier
  }

  /// The first four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ key), which each signature begins with.
  package var keyHash: [UInt8] {
    Array(SHA256.hash(data: Array(name.utf8) + [0x0A, NoteKey.algorithm] + publicKey).prefix(4))
  }

  /// `keyHash` in hexadecimal.
  package var keyID: String { Hex.encode(keyHash) }

  package var text: String {
    "\(name)+\(keyID)+\(Data([NoteKey.algorithm] + publicKey).base64EncodedString())"
  }

  /// The key as PEM (RFC 8410), as OpenSSL reads it.
  package var pem: String {
    let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    return "-----BEGIN PUBLIC KEY-----\n\(Data(prefix + publicKey).base64EncodedString())\n-----END PUBLIC KEY-----\n"
  }

  package func isValid(_ signature: [UInt8], over text: String) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
    return key.isValidSignature(signature, for: Array(text.utf8))
  }

  /// The keys in a file: one to a line; empty lines and those that begin with `#` are left out.
  package static func list(_ text: String) throws(NoteError) -> [NoteVerifier] {
    var verifiers: [NoteVerifier] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let key = line.filter { $0 != " " && $0 != "\t" && $0 != "\r" }
      if key.isEmpty || key.hasPrefix("#") { continue }
      do throws(NoteError) { verifiers.append(try NoteVerifier(key)) } catch {
        throw NoteError("line \(index + 1): \(error.message)")
      }
    }
    guard !verifiers.isEmpty else { throw NoteError("there is no public key in it") }
    return verifiers
  }
}

/// Signs notes. Spelled as the Go package does: `PRIVATE+KEY+NAME+HASH+SEED`.
package struct NoteSigner: Sendable, CustomStringConvertible {
  package let verifier: NoteVerifier
  private let seed: [UInt8]

  /// `seed` is 32 random bytes. `nil` for another length, or a name that no note can carry.
  package init?(name: String, seed: [UInt8]) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
      let verifier = NoteVerifier(name: name, publicKey: Array(key.publicKey.rawRepresentation))
    else { return nil }
    self.verifier = verifier
    self.seed = seed
  }

  package init(_ text: String) throws(NoteError) {
    let key = text.filter { !$0.isWhitespace }
    let parts = key.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "PRIVATE", parts[1] == "KEY",
      let raw = Data(base64Encoded: String(parts[4])), raw.first == NoteKey.algorithm,
      let signer = NoteSigner(name: String(parts[2]), seed: Array(raw.dropFirst()))
    else { throw NoteError("a signing key is PRIVATE+KEY+NAME+HASH+BASE64, with an Ed25519 key") }
    guard signer.verifier.keyID == parts[3] else { throw NoteError("the signing key's hash is not \(parts[3])") }
    self = signer
  }

  /// What is kept in the key's file.
  package var secretText: String {
    let key = Data([NoteKey.algorithm] + seed).base64EncodedString()
    return "PRIVATE+KEY+\(verifier.name)+\(verifier.keyID)+\(key)"
  }

  /// `text` ends in LF.
  package func sign(_ text: String) throws -> SignedNote {
    let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    let signature = Array(try key.signature(for: Array(text.utf8)))
    return try SignedNote(
      text: text, signatures: [.init(name: verifier.name, keyHash: verifier.keyHash, bytes: signature)])
  }

  /// Without the secret.
  package var description: String { "NoteSigner(\(verifier.name)+\(verifier.keyID))" }
}

enum NoteKey {
  /// Ed25519, in front of each key.
  static let algorithm: UInt8 = 0x01

  /// What may stand before the signature: no blank, no plus sign.
  static func isName(_ name: String) -> Bool {
    (1...200).contains(name.utf8.count)
      && name.unicodeScalars.allSatisfy {
        $0 != "+" && $0.value > 0x20 && $0.value != 0x7F && !$0.properties.isWhitespace
      }
  }
}

/// Why a key or a note cannot be read.
package struct NoteError: Error, Equatable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }
}
