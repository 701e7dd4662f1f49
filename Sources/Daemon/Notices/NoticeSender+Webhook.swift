import Market
import Outbound
import Store

// Vendors' own systems. The address is theirs to choose, and so is judged when it is connected to.

extension NoticeSender {
  /// An answer is a word of thanks: whoever sends more is not understood.
  private static let answerLimitBytes = 16 << 10

  func call(_ target: WebhookTarget, _ notice: PreparedNotice, event id: String) async -> Answer {
    let version = WebhookPayload.version
    guard let body = WebhookPayload.bytes(notice, id: id) else {
      return Answer(ending: .refused, reply: "no event is named \(notice.template)")
    }
    let isLocalAllowed = settings.webhooks.allowsLocal
    guard isLocalAllowed || target.url.hasPrefix("https://") else {
      return Answer(ending: .refused, reply: "only https:// addresses are called", version: version)
    }
    var secrets = [vault.webhookSecret(target.endpoint, generation: target.generation)]
    if target.isRotating { secrets.append(vault.webhookSecret(target.endpoint, generation: target.generation - 1)) }
    let signature = WebhookSecret.header(secrets, body: body, unixSeconds: now().unixSeconds)
    var request = HTTPRequest(
      method: "POST", url: target.url,
      headers: [
        ("Content-Type", "application/json"), ("User-Agent", "GlobalKeyMarket-Webhooks/1"),
        ("GKM-Signature", signature),
      ],
      body: body, timeout: settings.webhooks.timeout)
    request.maximumResponseBytes = Self.answerLimitBytes
    if !isLocalAllowed { request.allowedAddress = { PublicAddress.contains($0) } }
    do throws(OutboundError) {
      var answer = Self.judge(try await outbound.send(request), now: now())
      answer.version = version
      return answer
    } catch {
      return Answer(ending: error.mayHaveBeenSent ? .unknown : .deferred, reply: "\(error)", version: version)
    }
  }

  /// Any 2xx is thanks. A redirect is not followed: where it leads was not agreed on. Everything else is tried again.
  static func judge(_ response: HTTPResponse, now: Instant) -> Answer {
    switch response.status {
    case 200...299: return Answer(ending: .confirmed, reply: "\(response.status)")
    case 300...399:
      return Answer(ending: .deferred, reply: "\(response.status): redirects are not followed")
    default:
      return Answer(
        ending: .deferred, reply: "\(response.status)", wait: RetryAsked.duration(response, now: now))
    }
  }
}
