import Crypto
import FoundationEssentials

/// What tells two keys apart without showing either: HMAC-SHA256 over the canonical key. Unique over all vendors and
/// products, and how a pasted key finds its order.
package struct KeyFingerprint: Hashable, Sendable {
  /// 32 bytes.
  package let bytes: [UInt8]

  /// A stored one; `nil` unless there are 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  fileprivate init(code: HMAC<SHA256>.MAC) { bytes = code.withUnsafeBytes { Array($0) } }
}

extension KeyVault {
  /// The fingerprint of a key as it was written; `nil` if nothing is left of it in canonical form.
  package func fingerprint(of key: String) -> KeyFingerprint? {
    let canonical = Self.canonicalKey(key)
    guard !canonical.isEmpty else { return nil }
    return KeyFingerprint(
      code: HMAC<SHA256>.authenticationCode(for: Array(canonical.utf8), using: fingerprintKey))
  }

  /// The same of a key's bytes, which are UTF-8. Keys are ASCII but for a few, and those need no look at Unicode.
  package func fingerprint(ofUTF8 key: ArraySlice<UInt8>) -> KeyFingerprint? {
    var canonical: [UInt8] = []
    canonical.reserveCapacity(key.count)
    for byte in key {
      switch byte {
      case 0x80...: return fingerprint(of: String(decoding: key, as: UTF8.self))
      case 0x09...0x0D, 0x20, 0x2D: continue
      case 0x61...0x7A: canonical.append(byte - 0x20)
      default: canonical.append(byte)
      }
    }
    guard !canonical.isEmpty else { return nil }
    return KeyFingerprint(code: HMAC<SHA256>.authenticationCode(for: canonical, using: fingerprintKey))
  }

  /// A key as it is compared: white space, hyphens and dashes left out, ASCII letters in upper case. All else stays as
  /// it is, since two keys may differ in it. Never stored, never delivered: buyers get what the vendor wrote.
  package static func canonicalKey(_ key: String) -> String {
    var canonical = String.UnicodeScalarView()
    for scalar in key.unicodeScalars {
      switch scalar.value {
      case 0x2D, 0x2010...0x2015, 0x2212, 0xFF0D: continue
      case 0x200B, 0xFEFF: continue
      case _ where scalar.properties.isWhitespace: continue
      case 0x61...0x7A: canonical.append(Unicode.Scalar(UInt8(scalar.value - 0x20)))
      default: canonical.append(scalar)
      }
    }
    return String(canonical)
  }
}
