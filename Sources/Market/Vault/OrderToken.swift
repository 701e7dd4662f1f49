import Crypto
import FoundationEssentials

/// The secret in the link to an order's page: 256 bits, the same for each resend of one generation. Only its hash is
/// stored. Never prints itself.
package struct OrderToken: Hashable, Sendable {
  private let bytes: [UInt8]

  fileprivate init(authenticationCode bytes: [UInt8]) { self.bytes = bytes }

  /// Reads what stands in a link: 43 characters of base64url. `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 43, let bytes = Base64URL.decode(text), bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// As it stands in a link. Goes into mail and nowhere else.
  package var text: String { Base64URL.encode(bytes) }

  /// SHA-256 of the 32 bytes: what is stored, and what an order is looked up by.
  package var storedHash: [UInt8] { Array(SHA256.hash(data: bytes)) }

  /// Whether `hash` is this token's, compared in a time that does not tell how much of it is alike.
  package func isStored(as hash: [UInt8]) -> Bool { ConstantTime.equal(hash, storedHash) }

  /// The order's page, under the address that the shop is reached at: `https://shop.example/o/…`.
  package func link(base: String) -> String {
    (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/o/" + text
  }
}

extension OrderToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "OrderToken(redacted)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyVault {
  /// The token of an order; a new generation makes the links sent before worthless.
  package func token(order: OrderID, generation: Int32) -> OrderToken {
    let message = Array("gkm order token".utf8) + bigEndian(order.rawValue) + bigEndian(generation)
    return OrderToken(authenticationCode: Array(HMAC<SHA256>.authenticationCode(for: message, using: tokenKey)))
  }
}
