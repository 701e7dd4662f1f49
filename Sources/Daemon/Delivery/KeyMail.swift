package import Market
package import Messages
package import Outbound
package import Store

/// How the mail that brings a key is made.
package struct KeyMailSettings: Sendable {
  package var sender: MailMessage.Mailbox
  /// What the order page is reached at: `https://shop.example`.
  package var publicURL: String
  /// Whether the mail carries the key itself beside the link.
  package var includesKey: Bool
  package var templates: MessageTemplates
  /// The mailbox that bounces come into; `nil`: they go to the sender.
  package var bounceAddress: String?

  package init(
    sender: MailMessage.Mailbox, publicURL: String, includesKey: Bool, templates: MessageTemplates,
    bounceAddress: String? = nil
  ) {
    self.sender = sender
    self.publicURL = publicURL
    self.includesKey = includesKey
    self.templates = templates
    self.bounceAddress = bounceAddress
  }
}

/// Writes the mail of one unit: the same link and the same Message-ID at every attempt.
package struct KeyMail: Sendable {
  private let settings: KeyMailSettings
  private let vault: KeyVault

  package init(_ settings: KeyMailSettings, vault: KeyVault) {
    self.settings = settings
    self.vault = vault
  }

  /// The version that the mail of a delivery is written from.
  func template(_ delivery: PreparedDelivery) -> TemplateVersion? {
    settings.templates.template(.keyDelivered, locale: delivery.locale).map(TemplateVersion.init)
  }

  /// The mail for a delivery. `key` is what the vendor sold; it enters the mail only where the settings say so.
  package func compose(
    _ delivery: PreparedDelivery, key: [UInt8], at now: Instant
  ) throws(MessageError) -> MailEnvelope {
    let token = vault.token(order: delivery.order, generation: delivery.tokenGeneration)
    var values: TemplateValues = [
      "title": .text(delivery.title), "platform": .text(delivery.platform), "number": .text(delivery.orderNumber),
      "link": .text(token.link(base: settings.publicURL)),
    ]
    if let name = delivery.name { values["name"] = .text(name) }
    if settings.includesKey { values["key"] = .text(String(decoding: key, as: UTF8.self)) }
    if delivery.unitsTotal > 1 {
      values["part"] = "\(delivery.position)"
      values["parts"] = "\(delivery.unitsTotal)"
    }
    let rendered = try settings.templates.render(.keyDelivered, locale: delivery.locale, values: values)
    let message = MailMessage(
      from: settings.sender, to: MailMessage.Mailbox(name: delivery.name, address: delivery.email),
      subject: rendered.subject, messageID: delivery.messageID, date: now, language: rendered.locale,
      text: rendered.text, html: rendered.html)
    let sender = settings.bounceAddress.map { vault.bounceAddress(.delivery(delivery.delivery), base: $0) }
    return MailEnvelope(from: sender ?? settings.sender.address, to: [delivery.email], message: message.bytes)
  }
}
