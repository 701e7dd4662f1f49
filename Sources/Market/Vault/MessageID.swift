import Crypto
import FoundationEssentials

/// The Message-ID (RFC 5322 § 3.6.4) of the mail that carries one unit, angle brackets included:
/// `<unit-71.0f1e2d3c4b5a6978@shop.example>`. The same for each attempt, so that a second copy is known as one.
package struct MessageID: Hashable, Sendable, RawRepresentable {
  package let rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }
}

extension MessageID: CustomStringConvertible {
  package var description: String { rawValue }
}

extension KeyVault {
  /// `generation` counts the keys the unit was given: a replacement is another mail, from 1.
  package func messageID(unit: OrderUnitID, generation: Int32 = 1, domain: String) -> MessageID {
    let message = Array("gkm message id".utf8) + bigEndian(unit.rawValue) + bigEndian(generation)
    let code = HMAC<SHA256>.authenticationCode(for: message, using: messageKey)
    return MessageID(rawValue: "<unit-\(unit).\(Hex.encode(code.prefix(8)))@\(domain)>")
  }
}
