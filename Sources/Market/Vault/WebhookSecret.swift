import Crypto
import FoundationEssentials

/// What an endpoint's calls are signed with: `whsec_` and 256 bits, derived and never stored. Never prints itself.
package struct WebhookSecret: Sendable, Hashable {
  /// As the vendor keeps it. Goes to whoever may see it, sealed, and nowhere else.
  package let text: String

  init(_ code: some Sequence<UInt8>) { text = "whsec_" + Base64URL.encode(Array(code)) }

  /// The header of a call, in the scheme of Stripe's webhooks (https://docs.stripe.com/webhooks#verify-manually): the
  /// time, and for each secret that counts now an HMAC-SHA256 over time, full stop and body under the whole text.
  package static func header(_ secrets: [WebhookSecret], body: [UInt8], unixSeconds: Int64) -> String {
    let signed = Array("\(unixSeconds).".utf8) + body
    let signatures = secrets.map { secret in
      let key = SymmetricKey(data: Array(secret.text.utf8))
      return ",v1=" + Hex.encode(HMAC<SHA256>.authenticationCode(for: signed, using: key))
    }
    return "t=\(unixSeconds)" + signatures.joined()
  }
}

extension WebhookSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "WebhookSecret(redacted)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyVault {
  /// An endpoint's secret; a new generation is another one.
  package func webhookSecret(_ endpoint: WebhookEndpointID, generation: Int32) -> WebhookSecret {
    let message = Array("gkm webhook secret".utf8) + bigEndian(endpoint.rawValue) + bigEndian(generation)
    return WebhookSecret(HMAC<SHA256>.authenticationCode(for: message, using: webhookKey))
  }

  /// The Message-ID of a notice by mail, angle brackets included: the same for each attempt.
  package func messageID(notice: NoticeID, domain: String) -> MessageID {
    MessageID(rawValue: "<notice-\(notice).\(noticeCode(notice))@\(domain)>")
  }

  /// The id of the event that a notice to an endpoint carries: the same for each attempt.
  package func eventID(notice: NoticeID) -> String { "evt_\(notice)_\(noticeCode(notice))" }

  private func noticeCode(_ notice: NoticeID) -> String {
    let message = Array("gkm notice".utf8) + bigEndian(notice.rawValue)
    return Hex.encode(HMAC<SHA256>.authenticationCode(for: message, using: messageKey).prefix(8))
  }
}
