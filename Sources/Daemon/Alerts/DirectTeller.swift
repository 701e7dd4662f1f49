import Logging
import Market
import Messages
import Outbound
import Store

/// Tells the team of an alert past the queue: straight by mail and to its chats, a few times if need be. What is told so
/// is written down nowhere but in the log.
struct DirectTeller: Sendable {
  let wire: MessageWire
  let templates: MessageTemplates
  /// Those that can be reached from here.
  let channels: [NoticeChannel]
  let logger: Logger

  /// Beyond the last pause somebody is sure to have noticed, or nobody can be told.
  private static let attempts = 6

  /// - Parameter name: the same for the same news: of it the Message-ID is made.
  func tell(_ telling: AlertTelling, named name: String) async {
    let key: TemplateKey = telling.message == .resolved ? .alertRecovered : .alert
    let message: RenderedMessage
    do {
      message = try templates.render(
        key, locale: wire.settings.team.locale, values: telling.values.mapValues { .text($0) })
    } catch {
      logger.error("an alert could not be written", metadata: ["error": "\(error)"])
      return
    }
    await withDiscardingTaskGroup { group in
      for channel in channels where telling.channels.isEmpty || telling.channels.contains(channel.rawValue) {
        group.addTask { await tell(message, on: channel, "<\(name)@\(wire.settings.mailDomain)>") }
      }
    }
  }

  private func tell(_ message: RenderedMessage, on channel: NoticeChannel, _ messageID: String) async {
    for attempt in 1...Self.attempts {
      let answer = await once(message, on: channel, messageID)
      if answer.ending == .confirmed { return }
      logger.warning(
        "the team could not be told past the database",
        metadata: ["channel": "\(channel.rawValue)", "reply": "\(SafeText.cleaned(answer.reply, limit: 200))"])
      guard answer.ending != .refused, attempt < Self.attempts else { return }
      let pause = max(RetrySchedule.delay(afterAttempt: attempt), min(answer.wait ?? .zero, .seconds(60)))
      do { try await Task.sleep(for: pause) } catch { return }
    }
  }

  private func once(
    _ message: RenderedMessage, on channel: NoticeChannel, _ messageID: String
  ) async -> MessageWire.Answer {
    switch channel {
    case .email:
      let recipients = wire.settings.team.mail.map { MailMessage.Mailbox(address: $0) }
      return await wire.mail(message, from: wire.settings.sender.address, to: recipients, messageID)
    case .telegram: return await wire.telegram(message)
    case .discord: return await wire.discord(message)
    case .webhook: return MessageWire.Answer(ending: .refused, reply: "the team has no webhook")
    }
  }
}
