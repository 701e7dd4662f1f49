import Market
import Messages
import Outbound
import Store

// The team's chats. What they answer tells whether to try again, and when.

extension NoticeSender {
  /// Telegram takes 4,096 characters, Discord 2,000.
  private static let telegramLimit = 4_000
  private static let discordLimit = 1_900

  /// https://core.telegram.org/bots/api#sendmessage
  func telegram(_ notice: PreparedNotice) async throws -> Answer {
    guard let telegram = settings.team.telegram else {
      return Answer(ending: .refused, reply: "Telegram is not configured here")
    }
    let (message, template) = try write(notice)
    var body = JSONWriter()
    body.object {
      $0.member("chat_id", telegram.chat)
      $0.member("text", String(message.short.prefix(Self.telegramLimit)))
      $0.member("disable_web_page_preview", true)
    }
    let url = "\(telegram.base)/bot\(telegram.token.text)/sendMessage"
    return await post(body.bytes, to: url, hiding: telegram.token.text, template)
  }

  /// https://discord.com/developers/docs/resources/webhook#execute-webhook
  func discord(_ notice: PreparedNotice) async throws -> Answer {
    guard let url = settings.team.discord?.text else {
      return Answer(ending: .refused, reply: "Discord is not configured here")
    }
    let (message, template) = try write(notice)
    var body = JSONWriter()
    body.object {
      $0.member("content", String(message.short.prefix(Self.discordLimit)))
      // Whatever stands in the text, it calls nobody.
      $0.object("allowed_mentions") { $0.array("parse") { _ in } }
    }
    return await post(body.bytes, to: url, hiding: url, template)
  }

  /// - Parameter secret: what must not come back in an error's text.
  private func post(
    _ body: [UInt8], to url: String, hiding secret: String, _ template: TemplateVersion?
  ) async -> Answer {
    var request = HTTPRequest(
      method: "POST", url: url, headers: [("Content-Type", "application/json")], body: body,
      timeout: settings.webhooks.timeout)
    request.maximumResponseBytes = 64 << 10
    do throws(OutboundError) {
      let response = try await outbound.send(request)
      let wait = RetryAsked.duration(response, now: now())
      switch response.status {
      case 200...299: return Answer(ending: .confirmed, reply: "\(response.status)", template: template)
      case 429, 500...599: return Answer(ending: .deferred, reply: "\(response.status)", wait: wait, template: template)
      default:
        let said = String(decoding: response.body.prefix(200), as: UTF8.self).replacing(secret, with: "(secret)")
        return Answer(ending: .refused, reply: "\(response.status): \(said)", template: template)
      }
    } catch {
      let said = "\(error)".replacing(secret, with: "(secret)")
      return Answer(ending: error.mayHaveBeenSent ? .unknown : .deferred, reply: said, template: template)
    }
  }
}
