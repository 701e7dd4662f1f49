package import Market
import Store

/// Makes the sealer's key.
package enum SealKey {
  /// Writes a new signing key, readable by its owner alone, and the public key beside it with `.pub` at the end; neither
  /// may be there yet. Returns the public key.
  package static func make(named name: String, at path: String) throws -> NoteVerifier {
    var random = SystemRandomNumberGenerator()
    guard let signer = NoteSigner(name: name, seed: random.bytes(32)) else {
      throw NoteError("“\(name)” is no name for a key: 1 to 200 characters, no blanks and no +")
    }
    try DurableFile.create(path, with: Array("\(signer.secretText)\n".utf8), mode: 0o600)
    try DurableFile.create("\(path).pub", with: Array("\(signer.verifier.text)\n".utf8), mode: 0o644)
    return signer.verifier
  }
}
