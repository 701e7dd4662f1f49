import Crypto
import FoundationEssentials

/// All cryptography over keys at rest, tokens and message ids. Pure: nonces and new keys come in as parameters, and
/// must be fresh random bytes.
///
/// From the master key, HKDF-SHA256 (RFC 5869, no salt) gives one key per purpose, told apart by `info`:
/// `gkm/v1/kek/<generation>` wraps data keys, `gkm/v1/fingerprint`, `gkm/v1/token`, `gkm/v1/message-id`,
/// `gkm/v1/webhook`; `gkm/v1/exchange` is the private key (X25519) that people seal to. Rotation raises the KEK's
/// generation and rewraps the data keys; what the others derive stays.
package struct KeyVault: Sendable {
  private let master: SymmetricKey
  private var kek: SymmetricKey
  /// The generation of the KEK that new wrappings use.
  package private(set) var kekGeneration: UInt32
  let fingerprintKey: SymmetricKey
  let tokenKey: SymmetricKey
  let messageKey: SymmetricKey
  let webhookKey: SymmetricKey
  let exchangeSeed: SymmetricKey

  package static let nonceByteCount = 12
  static let tagByteCount = 16

  package init(master: MasterKey, kekGeneration: UInt32 = 1) {
    let key = SymmetricKey(data: master.bytes)
    self.master = key
    self.kekGeneration = kekGeneration
    kek = Self.derive(key, "kek/\(kekGeneration)")
    fingerprintKey = Self.derive(key, "fingerprint")
    tokenKey = Self.derive(key, "token")
    messageKey = Self.derive(key, "message-id")
    webhookKey = Self.derive(key, "webhook")
    exchangeSeed = Self.derive(key, "exchange")
  }

  private init(_ vault: KeyVault, kekGeneration: UInt32) {
    self = vault
    self.kekGeneration = kekGeneration
    kek = Self.derive(master, "kek/\(kekGeneration)")
  }

  /// The same vault, which wraps under another generation of the KEK.
  package func at(kekGeneration: UInt32) -> KeyVault {
    kekGeneration == self.kekGeneration ? self : KeyVault(self, kekGeneration: kekGeneration)
  }

  private static func derive(_ master: SymmetricKey, _ label: String) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: master, info: Array("gkm/v1/\(label)".utf8), outputByteCount: 32)
  }

  private func kek(of generation: UInt32) -> SymmetricKey {
    generation == kekGeneration ? kek : Self.derive(master, "kek/\(generation)")
  }
}

extension KeyVault: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "KeyVault(redacted)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

// MARK: Data keys

/// A data key in the clear: seals the units of one vendor's import. Never prints itself.
package struct DataKey: Sendable {
  package let id: DataKeyID
  let key: SymmetricKey

  package static let byteCount = 32

  /// From 32 fresh random bytes.
  package init(id: DataKeyID, bytes: [UInt8]) throws(VaultError) {
    guard bytes.count == Self.byteCount else { throw .wrongLength("a data key", Self.byteCount) }
    self.id = id
    key = SymmetricKey(data: bytes)
  }
}

extension DataKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "DataKey(\(id), redacted)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyVault {
  /// Wraps a data key for its row: format byte 1, the KEK's generation (4 bytes, big-endian), nonce (12), ciphertext
  /// (32), tag (16). Bound to the row's id and its vendor.
  package func wrap(_ dataKey: DataKey, vendor: VendorID, nonce: [UInt8]) throws(VaultError) -> [UInt8] {
    let head = [Self.wrapFormat] + bigEndian(kekGeneration)
    let clear = dataKey.key.withUnsafeBytes { Array($0) }
    let sealed = try AESGCM.seal(clear, key: kek, nonce: nonce, aad: wrapAAD(head, dataKey.id, vendor))
    return head + nonce + sealed
  }

  package func unwrap(_ wrapped: [UInt8], id: DataKeyID, vendor: VendorID) throws(VaultError) -> DataKey {
    let headCount = 5
    let bodyStart = headCount + Self.nonceByteCount
    guard wrapped.count == bodyStart + DataKey.byteCount + Self.tagByteCount, wrapped[0] == Self.wrapFormat else {
      throw .unknownFormat
    }
    let head = Array(wrapped[..<headCount])
    let generation = head[1...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let clear = try AESGCM.open(
      wrapped[bodyStart...], key: kek(of: generation), nonce: Array(wrapped[headCount..<bodyStart]),
      aad: wrapAAD(head, id, vendor))
    return try DataKey(id: id, bytes: clear)
  }

  /// The same data key under the present generation of the KEK.
  package func rewrap(
    _ wrapped: [UInt8], id: DataKeyID, vendor: VendorID, nonce: [UInt8]
  ) throws(VaultError) -> [UInt8] {
    try wrap(unwrap(wrapped, id: id, vendor: vendor), vendor: vendor, nonce: nonce)
  }

  private static let wrapFormat: UInt8 = 1

  private func wrapAAD(_ head: [UInt8], _ id: DataKeyID, _ vendor: VendorID) -> [UInt8] {
    Array("gkm data key".utf8) + head + bigEndian(id.rawValue) + bigEndian(vendor.rawValue)
  }
}

func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
