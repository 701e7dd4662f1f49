import Crypto
import FoundationEssentials

/// Whose mail came back.
package enum BounceSubject: Hashable, Sendable {
  case delivery(DeliveryID)
  case notice(NoticeID)

  fileprivate var text: String {
    switch self {
    case .delivery(let id): "d\(id)"
    case .notice(let id): "n\(id)"
    }
  }

  fileprivate init?(_ text: Substring) {
    guard let id = Int64(text.dropFirst()), id > 0, String(id) == text.dropFirst() else { return nil }
    switch text.first {
    case "d": self = .delivery(DeliveryID(id))
    case "n": self = .notice(NoticeID(id))
    default: return nil
    }
  }
}

// The envelope sender of a mail (VERP): `bounces+d71.0f1e2d3c4b5a6978@shop.example`. Whoever answers to it without
// having had the mail has no code, and is not heard.
extension KeyVault {
  /// - Parameter base: the mailbox that bounces come into: `bounces@shop.example`.
  package func bounceAddress(_ subject: BounceSubject, base: String) -> String {
    let at = base.lastIndex(of: "@") ?? base.endIndex
    return "\(base[..<at])+\(subject.text).\(code(subject))\(base[at...])"
  }

  /// Whose mail an address is the envelope sender of; `nil` where it is none of ours. Letters may have changed their
  /// case on the way.
  package func bounceSubject(of address: some StringProtocol, base: String) -> BounceSubject? {
    let (address, base) = (address.lowercased(), base.lowercased())
    let at = base.lastIndex(of: "@") ?? base.endIndex
    guard address.utf8.count <= 320, address.hasPrefix("\(base[..<at])+"), address.hasSuffix(base[at...]) else {
      return nil
    }
    let tag = address.dropFirst(base[..<at].count + 1).dropLast(base[at...].count)
    let parts = tag.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let subject = BounceSubject(parts[0]) else { return nil }
    let (own, given) = (Array(code(subject).utf8), Array(parts[1].utf8))
    guard own.count == given.count, zip(own, given).reduce(UInt8(0), { $0 | ($1.0 ^ $1.1) }) == 0 else { return nil }
    return subject
  }

  private func code(_ subject: BounceSubject) -> String {
    let message = Array("gkm bounce \(subject.text)".utf8)
    return Hex.encode(HMAC<SHA256>.authenticationCode(for: message, using: messageKey).prefix(8))
  }
}
