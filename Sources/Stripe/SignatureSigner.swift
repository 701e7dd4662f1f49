import Crypto

/// Signs bodies as Stripe does: for the simulator and the tests.
package struct SignatureSigner: Sendable {
  private let key: SymmetricKey

  /// - Parameter secret: the whole `whsec_…` string.
  package init(secret: String) {
    self.key = SymmetricKey(data: Array(secret.utf8))
  }

  /// The header's value for `body` signed at `timestamp` (Unix seconds): `t=…,v1=…`.
  package func header(body: [UInt8], timestamp: Int64) -> String {
    "t=\(timestamp),v1=\(signature(body: body, timestamp: timestamp))"
  }

  /// The `v1` alone: 64 lower-case hexadecimal digits.
  package func signature(body: [UInt8], timestamp: Int64) -> String {
    let code = SignatureVerifier.code(key: key, timestamp: Array(String(timestamp).utf8), body: body)
    var digits: [UInt8] = []
    digits.reserveCapacity(2 * code.count)
    let alphabet = Array("0123456789abcdef".utf8)
    for byte in code {
      digits.append(alphabet[Int(byte >> 4)])
      digits.append(alphabet[Int(byte & 15)])
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
