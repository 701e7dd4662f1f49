package import Market
package import Store

/// How notices go out.
package struct NoticeSettings: Sendable {
  package var sender: MailMessage.Mailbox
  /// What the order page is reached at.
  package var publicURL: String
  /// The right side of every Message-ID.
  package var mailDomain: String
  /// The mailbox that bounces come into; `nil`: they go to the sender.
  package var bounceAddress: String?
  package var team: TeamSettings
  package var webhooks: WebhookSettings
  /// Notices under way at once.
  package var lanes = 16
  /// Attempts of one notice until a person must look.
  package var attempts = 12

  package init(
    sender: MailMessage.Mailbox, publicURL: String, mailDomain: String, team: TeamSettings = TeamSettings(),
    webhooks: WebhookSettings = WebhookSettings()
  ) {
    self.sender = sender
    self.publicURL = publicURL
    self.mailDomain = mailDomain
    self.team = team
    self.webhooks = webhooks
  }
}

/// Where the team listens.
package struct TeamSettings: Sendable {
  package struct Telegram: Sendable {
    package var base: String
    package var token: Secret
    package var chat: String
  }

  package var locale = "en"
  package var mail: [String] = []
  package var telegram: Telegram?
  /// Of a Discord webhook; whoever has it can post there.
  package var discord: Secret?

  package init() {}

  package var channels: [NoticeChannel] {
    var channels: [NoticeChannel] = mail.isEmpty ? [] : [.email]
    if telegram != nil { channels.append(.telegram) }
    if discord != nil { channels.append(.discord) }
    return channels
  }
}

/// How vendors' endpoints are called.
package struct WebhookSettings: Sendable {
  /// http and addresses of this machine and its networks are called too: for development and tests.
  package var allowsLocal = false
  package var timeout: Duration = .seconds(10)
  package var breaker = BreakerRule()

  package init() {}
}
