import Crypto
import Market
package import Store
import Stripe

/// Decides what a rightly signed body is worth. Never refuses one: a 4xx would only buy days of retries.
package enum EventJudge {
  /// Reads the outside of `body`, and says as what it is stored.
  package static func judge(body: [UInt8], signature: String, livemode: Bool) -> ReceivedEvent {
    switch StripeEnvelope.read(body) {
    case .envelope(let envelope):
      var event = ReceivedEvent(
        id: envelope.id, type: envelope.type, state: .pending, livemode: envelope.livemode,
        stripeCreated: created(envelope.created), body: body, signature: clean(signature))
      if envelope.id.utf8.count > idLimit || envelope.type.utf8.count > idLimit {
        return quarantined(body, signature, "an id or a type longer than \(idLimit) bytes")
      }
      if envelope.type.isEmpty || !isWord(envelope.type) {
        event.type = "unknown"
        event.state = .quarantined
        event.problem = "no type"
      } else if envelope.livemode != livemode {
        event.state = .quarantined
        event.problem = wrongMode(ofLive: envelope.livemode)
      } else if !handled.contains(envelope.type) {
        event.state = .ignored
      }
      return event
    case .thin(let id, let type):
      guard id.utf8.count <= idLimit, type.utf8.count <= idLimit, isWord(type) else {
        return quarantined(body, signature, "a thin event that cannot be read")
      }
      return ReceivedEvent(
        id: id, type: type, state: .ignored, problem: "a thin event: it names an object and does not carry it",
        body: body, signature: clean(signature))
    case .withoutID: return quarantined(body, signature, "JSON without an event's id")
    case .notJSON(let reason, let offset): return quarantined(body, signature, "no JSON: \(reason) at byte \(offset)")
    }
  }

  static func wrongMode(ofLive isLive: Bool) -> String {
    isLive ? "a live event in a test market" : "a test event in a live market"
  }

  private static let idLimit = 255
  private static let handled = Set(StripeEvent.handledTypes)

  private static func quarantined(_ body: [UInt8], _ signature: String, _ problem: String) -> ReceivedEvent {
    ReceivedEvent(
      id: "sha256:" + Hex.encode(SHA256.hash(data: body)), type: "unknown", state: .quarantined, problem: problem,
      body: body, signature: clean(signature))
  }

  /// Seconds that a `timestamptz` can hold, or nothing.
  private static func created(_ seconds: Int64) -> Instant? {
    (1...253_402_300_799).contains(seconds) ? Instant(unixSeconds: seconds) : nil
  }

  private static func isWord(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }

  /// As `text` can be stored: without NUL.
  private static func clean(_ signature: String) -> String {
    signature.utf8.contains(0) ? signature.filter { $0 != "\0" } : signature
  }
}
