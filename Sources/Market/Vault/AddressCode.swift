import Crypto
import FoundationEssentials

/// A request for a code that proves an address: its row and the random number in it. Whoever asked gets it back, and
/// shows it together with the code that was mailed.
package struct AddressCodeRequest: Hashable, Sendable {
  package let id: Int64
  /// 16 random bytes.
  package let nonce: [UInt8]

  package static let nonceByteCount = 16

  package init(id: Int64, nonce: [UInt8]) {
    self.id = id
    self.nonce = nonce
  }

  /// Reads what `text` wrote; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 32, let bytes = Base64URL.decode(text), bytes.count == 24 else { return nil }
    let id = bytes.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    guard id > 0 else { return nil }
    self.init(id: id, nonce: Array(bytes.dropFirst(8)))
  }

  /// 32 characters of base64url.
  package var text: String { Base64URL.encode(bigEndian(id) + nonce) }
}

extension KeyVault {
  /// The code of a request: eight digits, `4711-0815`. It is stored nowhere: who has the key can make it again.
  package func code(of request: AddressCodeRequest) -> String {
    let message = Array("gkm address code".utf8) + bigEndian(request.id) + request.nonce
    let bytes = Array(HMAC<SHA256>.authenticationCode(for: message, using: tokenKey).prefix(8))
    let number = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000_000
    let digits = String(number)
    let padded = String(repeating: "0", count: 8 - digits.count) + digits
    return "\(padded.prefix(4))-\(padded.suffix(4))"
  }

  /// Whether `given`, as people type it, is the request's code; in a time that tells nothing of how much of it is alike.
  package func isCode(_ given: String, of request: AddressCodeRequest) -> Bool {
    let typed = Array(given.utf8.filter { (0x30...0x39).contains($0) }.prefix(9))
    let own = Array(code(of: request).utf8.filter { $0 != UInt8(ascii: "-") })
    return ConstantTime.equal(typed, own)
  }

  /// An address as requests for codes are counted by it, without saying which it is.
  package func addressDigest(_ address: String) -> [UInt8] {
    let message = Array("gkm address \(address.lowercased())".utf8)
    return Array(HMAC<SHA256>.authenticationCode(for: message, using: tokenKey))
  }
}
