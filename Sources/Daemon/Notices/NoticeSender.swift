import Market
import Messages
import Outbound
import Store

/// Puts one prepared notice on the wire of its channel, and says what came of it.
struct NoticeSender: Sendable {
  let settings: NoticeSettings
  let vault: KeyVault
  let templates: MessageTemplates
  let outbound: OutboundClient
  let server: SMTPConfiguration
  let now: @Sendable () -> Instant

  /// What a try came to, before it is known whether there is another.
  struct Answer {
    var ending: AttemptOutcome
    var reply: String
    /// What the other side asked for.
    var wait: Duration?
    var template: TemplateVersion?
    /// Of what is no template: a webhook's payload.
    var version: String?
  }

  func send(_ notice: PreparedNotice, attemptLimit: Int) async -> NoticeOutcome {
    let messageID =
      notice.channel == .webhook
      ? vault.eventID(notice: notice.id) : vault.messageID(notice: notice.id, domain: settings.mailDomain).rawValue
    var answer: Answer
    do {
      answer = try await attempt(notice, messageID)
    } catch {
      // Words that cannot be written today may be tomorrow, by another release; nothing has left.
      answer = Answer(ending: .deferred, reply: "it could not be written: \(error)")
    }
    let hasMore = notice.attemptInRound < attemptLimit
    answer.reply = SafeText.cleaned(answer.reply, limit: 400)
    return NoticeOutcome(
      notice, answer.ending, reply: answer.reply,
      retryAfter: hasMore ? NoticeSchedule.delay(afterAttempt: notice.attemptInRound, asked: answer.wait) : nil,
      messageID: messageID, template: answer.template, payloadVersion: answer.version)
  }

  private func attempt(_ notice: PreparedNotice, _ messageID: String) async throws -> Answer {
    switch notice.target {
    case .webhook(let target): return await call(target, notice, event: messageID)
    case .mail(let address, let name):
      return try await mail(notice, to: [.init(name: name, address: address)], messageID)
    case .team:
      switch notice.channel {
      case .email: return try await mail(notice, to: settings.team.mail.map { .init(address: $0) }, messageID)
      case .telegram: return try await said(notice) { await wire.telegram($0) }
      case .discord: return try await said(notice) { await wire.discord($0) }
      case .webhook: throw UnknownTemplate(template: notice.template)
      }
    }
  }

  private var wire: MessageWire { MessageWire(settings: settings, outbound: outbound, server: server, now: now) }

  private func mail(
    _ notice: PreparedNotice, to recipients: [MailMessage.Mailbox], _ messageID: String
  ) async throws -> Answer {
    let sender = notice.envelopeSender(vault, bounceAddress: settings.bounceAddress, sender: settings.sender.address)
    return try await said(notice) { await wire.mail($0, from: sender, to: recipients, messageID) }
  }

  /// Writes a notice and has it sent; the answer names what it was written from.
  private func said(_ notice: PreparedNotice, _ send: (RenderedMessage) async -> Answer) async throws -> Answer {
    let (message, template) = try write(notice)
    var answer = await send(message)
    answer.template = template
    return answer
  }

  /// What the template names of what is known, and no more: the link to an order is not for its former address.
  func values(_ notice: PreparedNotice, of key: TemplateKey) -> TemplateValues {
    var values = notice.values.merging(notice.madeValues(vault)) { $1 }
    if notice.audience == .customer, let order = notice.order {
      values["link"] = vault.token(order: order.id, generation: order.tokenGeneration).link(base: settings.publicURL)
    }
    let names = key.names
    return values.filter { names.contains($0.key) }.mapValues { .text($0) }
  }

  func write(_ notice: PreparedNotice) throws -> (message: RenderedMessage, template: TemplateVersion?) {
    guard let key = TemplateKey(rawValue: notice.template) else { throw UnknownTemplate(template: notice.template) }
    let message = try templates.render(key, locale: notice.locale, values: values(notice, of: key))
    return (message, templates.registered(key, message))
  }
}

/// A notice names a template that there is none of.
struct UnknownTemplate: Error, CustomStringConvertible {
  let template: String
  var description: String { "there is no template \(template)" }
}

/// When a notice is tried again: as a delivery at first, and then for most of a day, because whoever is at the other end
/// may sleep.
enum NoticeSchedule {
  private static let later: [Double] = [1_800, 3_600, 7_200, 14_400]
  /// Nobody may ask us to wait for longer.
  static let longestAsked = Duration.seconds(3_600)

  /// - Parameter asked: what the other side said, as Retry-After.
  static func delay(
    afterAttempt attempt: Int, asked: Duration? = nil, jitter: Double = .random(in: 0..<1)
  ) -> Duration {
    let own =
      attempt <= 7
      ? RetrySchedule.delay(afterAttempt: attempt, jitter: jitter)
      : .milliseconds(Int64(later[min(attempt - 8, later.count - 1)] * (850 + 300 * jitter)))
    return max(own, min(asked ?? .zero, longestAsked))
  }
}
