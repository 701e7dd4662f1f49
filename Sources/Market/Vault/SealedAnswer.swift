import Crypto
import FoundationEssentials

/// A secret on its way to one person's program: sealed by HPKE (RFC 9180; X25519, HKDF-SHA256, ChaCha20-Poly1305) to a
/// key pair that the program made for this one answer, so that whoever reads the database on the way reads nothing.
package enum SealedAnswer {
  private static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
  private static let encapsulatedByteCount = 32

  /// The program's key pair. Lives as long as the program waits, and never prints itself.
  package struct Key: Sendable {
    private let key = Curve25519.KeyAgreement.PrivateKey()

    package init() {}

    /// 32 bytes.
    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// Opens what was sealed to this key under the same `info`.
    package func open(_ sealed: [UInt8], info: String) throws -> [UInt8] {
      guard sealed.count > encapsulatedByteCount else { throw VaultError.unknownFormat }
      do {
        var recipient = try HPKE.Recipient(
          privateKey: key, ciphersuite: suite, info: Data(info.utf8),
          encapsulatedKey: Data(sealed[..<encapsulatedByteCount]))
        return Array(try recipient.open(Data(sealed[encapsulatedByteCount...])))
      } catch {
        throw VaultError.notAuthentic
      }
    }
  }

  /// Seals to `publicKey` (32 bytes); `info` names what the answer is to, and must be the same to open it.
  package static func seal(_ clear: [UInt8], to publicKey: [UInt8], info: String) throws -> [UInt8] {
    let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: publicKey)
    var sender = try HPKE.Sender(recipientKey: key, ciphersuite: suite, info: Data(info.utf8))
    let sealed = try sender.seal(Data(clear))
    return Array(sender.encapsulatedKey) + Array(sealed)
  }
}

extension SealedAnswer.Key: CustomStringConvertible, CustomReflectable {
  package var description: String { "SealedAnswer.Key(redacted)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
