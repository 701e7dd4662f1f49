import Crypto
import FoundationEssentials

/// What PostgreSQL keeps of a password, made on this side so that the clear password never reaches the server or its
/// logs: `SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>`.
///
/// Source: RFC 5802 § 3 and RFC 7677; the spelling is PostgreSQL's (`pg_authid.rolpassword`).
package struct SCRAMVerifier: Sendable {
  package let text: String

  /// From a password of printable ASCII characters; others would need SASLprep (RFC 4013) and are refused.
  package init(password: String, salt: [UInt8]? = nil) throws(PasswordError) {
    guard (8...256).contains(password.utf8.count) else { throw .length }
    guard password.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .characters }
    var random = SystemRandomNumberGenerator()
    let salt = salt ?? random.bytes(16)
    let salted = Self.salted(Array(password.utf8), salt: salt)
    let clientKey = Self.mac(Array("Client Key".utf8), key: salted)
    let storedKey = Array(SHA256.hash(data: clientKey))
    let serverKey = Self.mac(Array("Server Key".utf8), key: salted)
    text =
      "SCRAM-SHA-256$\(Self.rounds):\(Self.base64(salt))$\(Self.base64(storedKey)):\(Self.base64(serverKey))"
  }

  private static let rounds = 4096

  /// PBKDF2 with HMAC-SHA-256 and one block of output.
  private static func salted(_ password: [UInt8], salt: [UInt8]) -> [UInt8] {
    let key = SymmetricKey(data: password)
    var round = Array(HMAC<SHA256>.authenticationCode(for: salt + [0, 0, 0, 1], using: key))
    var result = round
    for _ in 1..<rounds {
      round = Array(HMAC<SHA256>.authenticationCode(for: round, using: key))
      for index in result.indices { result[index] ^= round[index] }
    }
    return result
  }

  private static func mac(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
  }

  private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}

/// Why a password was not taken.
package enum PasswordError: Error, Equatable, CustomStringConvertible {
  case length
  case characters

  package var description: String {
    switch self {
    case .length: "a password has 8 to 256 characters"
    case .characters: "a password is made of printable ASCII characters"
    }
  }
}
