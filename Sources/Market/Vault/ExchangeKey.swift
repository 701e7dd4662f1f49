import Crypto
import FoundationEssentials

/// The daemon's public key: what keys on their way to the market are sealed to, and what answers of the daemon are
/// known by. HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305.
package struct ExchangeKey: Sendable, Equatable {
  /// 32 bytes.
  package let bytes: [UInt8]

  /// `nil` for what is no public key.
  package init?(_ bytes: [UInt8]) {
    guard (try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)) != nil else { return nil }
    self.bytes = bytes
  }

  /// What people compare: half of its SHA-256, in groups.
  package var fingerprint: String {
    let digits = Array(Hex.encode(SHA256.hash(data: bytes).prefix(16)))
    return stride(from: 0, to: digits.count, by: 4).map { String(digits[$0..<$0 + 4]) }.joined(separator: "-")
  }

  /// Seals to the daemon. The result is the encapsulated key (32 bytes) and the ciphertext; each call is a context of
  /// its own.
  package func seal(_ clear: [UInt8], for use: SealedUse) throws(VaultError) -> [UInt8] {
    do {
      let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
      var sender = try HPKE.Sender(recipientKey: key, ciphersuite: SealedUse.suite, info: use.info)
      let sealed = try sender.seal(clear, authenticating: use.place)
      return Array(sender.encapsulatedKey) + Array(sealed)
    } catch {
      throw .unknownFormat
    }
  }
}

/// What sealed bytes are for. Bytes sealed for one use or place do not open for another.
package enum SealedUse: Sendable, Equatable {
  /// A chunk of an import, at its place.
  case stock(StockImportID, position: Int, rows: Int)
  /// The key that a request asked to see.
  case reveal(KeyRequestID, StockUnitID)
  /// A key whose orders are looked for, by the person with this login.
  case find(login: String)

  static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
  static let encapsulatedByteCount = 32

  var info: Data {
    let name =
      switch self {
      case .stock: "stock"
      case .reveal: "reveal"
      case .find: "find"
      }
    return Data("gkm/v1/\(name)".utf8)
  }

  var place: [UInt8] {
    switch self {
    case .stock(let id, let position, let rows):
      bigEndian(id.rawValue) + bigEndian(Int64(position)) + bigEndian(Int64(rows))
    case .reveal(let id, let unit): bigEndian(id.rawValue) + bigEndian(unit.rawValue)
    case .find(let login): Array(login.utf8)
    }
  }

  static func parts(_ sealed: [UInt8]) throws(VaultError) -> (key: Data, rest: ArraySlice<UInt8>) {
    guard sealed.count > encapsulatedByteCount else { throw .unknownFormat }
    return (Data(sealed[..<encapsulatedByteCount]), sealed[encapsulatedByteCount...])
  }
}

/// A key pair for one answer: whoever asks for a key keeps it in memory until the answer is opened, and no longer.
package struct AnswerKey: Sendable {
  private let key = Curve25519.KeyAgreement.PrivateKey()

  package init() {}

  package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

  /// Opens an answer, if it is the daemon's whose key this is.
  package func open(_ sealed: [UInt8], from daemon: ExchangeKey, for use: SealedUse) throws(VaultError) -> [UInt8] {
    let (encapsulated, rest) = try SealedUse.parts(sealed)
    do {
      var recipient = try HPKE.Recipient(
        privateKey: key, ciphersuite: SealedUse.suite, info: use.info, encapsulatedKey: encapsulated,
        authenticatedBy: try Curve25519.KeyAgreement.PublicKey(rawRepresentation: daemon.bytes))
      return Array(try recipient.open(rest, authenticating: use.place))
    } catch {
      throw .notAuthentic
    }
  }
}

extension AnswerKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "AnswerKey(redacted)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyVault {
  /// Any 32 bytes are a private key of X25519 (RFC 7748 § 5).
  private var exchangePrivateKey: Curve25519.KeyAgreement.PrivateKey {
    get throws(VaultError) {
      do {
        return try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: exchangeSeed.withUnsafeBytes { Array($0) })
      } catch {
        throw .unknownFormat
      }
    }
  }

  /// What is published of it. The same for as long as the master key is.
  package func exchangeKey() throws(VaultError) -> ExchangeKey {
    guard let key = ExchangeKey(Array(try exchangePrivateKey.publicKey.rawRepresentation)) else {
      throw .unknownFormat
    }
    return key
  }

  /// Opens what a person sealed to the daemon.
  package func open(_ sealed: [UInt8], for use: SealedUse) throws(VaultError) -> [UInt8] {
    let (encapsulated, rest) = try SealedUse.parts(sealed)
    let key = try exchangePrivateKey
    do {
      var recipient = try HPKE.Recipient(
        privateKey: key, ciphersuite: SealedUse.suite, info: use.info, encapsulatedKey: encapsulated)
      return Array(try recipient.open(rest, authenticating: use.place))
    } catch {
      throw .notAuthentic
    }
  }

  /// Seals an answer to whoever asked, so that it is known to be the daemon's.
  package func answer(_ clear: [UInt8], to asker: ExchangeKey, for use: SealedUse) throws(VaultError) -> [UInt8] {
    let key = try exchangePrivateKey
    do {
      var sender = try HPKE.Sender(
        recipientKey: try Curve25519.KeyAgreement.PublicKey(rawRepresentation: asker.bytes),
        ciphersuite: SealedUse.suite, info: use.info, authenticatedBy: key)
      let sealed = try sender.seal(clear, authenticating: use.place)
      return Array(sender.encapsulatedKey) + Array(sealed)
    } catch {
      throw .notAuthentic
    }
  }
}
