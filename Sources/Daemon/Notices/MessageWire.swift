import Market
import Messages
import Outbound

/// The ways on which a written message goes out: by mail, and to the team's chats. What they answer tells whether to try
/// again, and when.
struct MessageWire: Sendable {
  let settings: NoticeSettings
  let outbound: OutboundClient
  let server: SMTPConfiguration
  let now: @Sendable () -> Instant

  typealias Answer = NoticeSender.Answer

  /// Telegram takes 4,096 characters, Discord 2,000.
  private static let telegramLimit = 4_000
  private static let discordLimit = 1_900

  /// - Parameter envelopeSender: where bounces go.
  func mail(
    _ text: RenderedMessage, from envelopeSender: String, to recipients: [MailMessage.Mailbox], _ messageID: String
  ) async -> Answer {
    guard let first = recipients.first else { return Answer(ending: .refused, reply: "nobody is named to send it to") }
    let message = MailMessage(
      from: settings.sender, to: first, subject: text.subject, messageID: messageID, date: now(),
      language: text.locale, text: text.text, html: text.html)
    do throws(OutboundError) {
      let reply = try await outbound.mail(
        MailEnvelope(from: envelopeSender, to: recipients.map(\.address), message: message.bytes), through: server)
      return Answer(ending: .confirmed, reply: "\(reply)")
    } catch {
      return Answer(ending: Self.ending(error), reply: "\(error)")
    }
  }

  /// What a mail's error says about whether it may have arrived.
  private static func ending(_ error: OutboundError) -> AttemptOutcome {
    switch error.kind {
    case .ambiguous: .unknown
    case .refused, .invalid, .tooLarge: .refused
    default: .deferred
    }
  }

  /// https://core.telegram.org/bots/api#sendmessage
  func telegram(_ message: RenderedMessage) async -> Answer {
    guard let telegram = settings.team.telegram else {
      return Answer(ending: .refused, reply: "Telegram is not configured here")
    }
    var body = JSONWriter()
    body.object {
      $0.member("chat_id", telegram.chat)
      $0.member("text", String(message.short.prefix(Self.telegramLimit)))
      $0.member("disable_web_page_preview", true)
    }
    let url = "\(telegram.base)/bot\(telegram.token.text)/sendMessage"
    return await post(body.bytes, to: url, hiding: telegram.token.text)
  }

  /// https://discord.com/developers/docs/resources/webhook#execute-webhook
  func discord(_ message: RenderedMessage) async -> Answer {
    guard let url = settings.team.discord?.text else {
      return Answer(ending: .refused, reply: "Discord is not configured here")
    }
    var body = JSONWriter()
    body.object {
      $0.member("content", String(message.short.prefix(Self.discordLimit)))
      // Whatever stands in the text, it calls nobody.
      $0.object("allowed_mentions") { $0.array("parse") { _ in } }
    }
    return await post(body.bytes, to: url, hiding: url)
  }

  /// - Parameter secret: what must not come back in an error's text.
  private func post(_ body: [UInt8], to url: String, hiding secret: String) async -> Answer {
    var request = HTTPRequest(
      method: "POST", url: url, headers: [("Content-Type", "application/json")], body: body,
      timeout: settings.webhooks.timeout)
    request.maximumResponseBytes = 64 << 10
    do throws(OutboundError) {
      let response = try await outbound.send(request)
      switch response.status {
      case 200...299: return Answer(ending: .confirmed, reply: "\(response.status)")
      case 429, 500...599:
        return Answer(
          ending: .deferred, reply: "\(response.status)", wait: RetryAsked.duration(response, now: now()))
      default:
        let said = String(decoding: response.body.prefix(200), as: UTF8.self).replacing(secret, with: "(secret)")
        return Answer(ending: .refused, reply: "\(response.status): \(said)")
      }
    } catch {
      let said = "\(error)".replacing(secret, with: "(secret)")
      return Answer(ending: error.mayHaveBeenSent ? .unknown : .deferred, reply: said)
    }
  }
}
