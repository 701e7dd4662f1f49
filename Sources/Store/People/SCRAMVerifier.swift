import Postgres

/// What PostgreSQL keeps of a password, made on this side so that the clear password never reaches the server or its
/// logs: `SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>`.
///
/// Source: RFC 5802 § 3, RFC 5803 and RFC 7677; the spelling is PostgreSQL's (`pg_authid.rolpassword`).
package struct SCRAMVerifier: Sendable {
  package let text: String

  /// From a password of 8 to 256 bytes without control characters.
  package init(password: String) throws(PasswordError) {
    guard (8...256).contains(password.utf8.count) else { throw .length }
    guard password.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }) else {
      throw .characters
    }
    guard let made = PasswordVerifier.scram(password) else { throw .noRandomness }
    text = made
  }
}

/// Why a password was not taken.
package enum PasswordError: Error, Equatable, CustomStringConvertible {
  case length
  case characters
  case noRandomness

  package var description: String {
    switch self {
    case .length: "a password has 8 to 256 bytes"
    case .characters: "a password has no control characters"
    case .noRandomness: "this machine gives no randomness to make a password's verifier with"
    }
  }
}

/// Words made by chance, for people to copy: no letter or digit in them is taken for another.
package enum RandomWords {
  /// Crockford's letters in lower case: no i, l, o, u.
  private static let letters = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// `groups` times five letters, 25 bits each, joined by `-`.
  package static func make(groups: Int) -> String {
    var random = SystemRandomNumberGenerator()
    let words = (0..<groups).map { _ in
      String(decoding: (0..<5).map { _ in letters[Int(random.next(upperBound: UInt32(letters.count)))] }, as: UTF8.self)
    }
    return words.joined(separator: "-")
  }

  /// As it was made, whatever case it was typed in and wherever blanks and dashes were put.
  package static func plain(_ typed: String) -> String {
    typed.lowercased().filter { $0 != "-" && $0 != " " }
  }
}
