import Crypto
import FoundationEssentials

/// AES-256-GCM over byte arrays: ciphertext ‖ tag, the nonce apart.
enum AESGCM {
  static func seal(
    _ plaintext: [UInt8], key: SymmetricKey, nonce: [UInt8], aad: [UInt8]
  ) throws(VaultError) -> [UInt8] {
    guard nonce.count == KeyVault.nonceByteCount else { throw .wrongLength("a nonce", KeyVault.nonceByteCount) }
    do {
      let box = try AES.GCM.seal(plaintext, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: aad)
      var sealed: [UInt8] = []
      sealed.reserveCapacity(plaintext.count + KeyVault.tagByteCount)
      sealed.append(contentsOf: box.ciphertext)
      sealed.append(contentsOf: box.tag)
      return sealed
    } catch {
      throw .notAuthentic
    }
  }

  static func open(
    _ sealed: ArraySlice<UInt8>, key: SymmetricKey, nonce: [UInt8], aad: [UInt8]
  ) throws(VaultError) -> [UInt8] {
    guard nonce.count == KeyVault.nonceByteCount, sealed.count >= KeyVault.tagByteCount else { throw .unknownFormat }
    do {
      let box = try AES.GCM.SealedBox(
        nonce: AES.GCM.Nonce(data: nonce), ciphertext: sealed.dropLast(KeyVault.tagByteCount),
        tag: sealed.suffix(KeyVault.tagByteCount))
      return Array(try AES.GCM.open(box, using: key, authenticating: aad))
    } catch {
      throw .notAuthentic
    }
  }
}
