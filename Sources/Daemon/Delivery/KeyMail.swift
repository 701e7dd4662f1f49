package import Market
import Mustache
package import Outbound
package import Store

/// How the mail that brings a key is made.
package struct KeyMailSettings: Sendable {
  package var sender: MailMessage.Mailbox
  /// What the order page is reached at: `https://shop.example`.
  package var publicURL: String
  /// Whether the mail carries the key itself beside the link.
  package var includesKey: Bool

  package init(sender: MailMessage.Mailbox, publicURL: String, includesKey: Bool) {
    self.sender = sender
    self.publicURL = publicURL
    self.includesKey = includesKey
  }
}

/// Writes the mail of one unit: the same link and the same Message-ID at every attempt.
package struct KeyMail: Sendable {
  private struct Templates {
    let subject: MustacheTemplate
    let text: MustacheTemplate
    let html: MustacheTemplate
  }

  private let settings: KeyMailSettings
  private let vault: KeyVault
  private let templates: [String: Templates]

  /// Throws where a template of ours cannot be read.
  package init(_ settings: KeyMailSettings, vault: KeyVault) throws {
    self.settings = settings
    self.vault = vault
    templates = try MailTemplates.languages.mapValues {
      Templates(
        subject: try MustacheTemplate(string: "{{%CONTENT_TYPE:TEXT}}" + $0.subject),
        text: try MustacheTemplate(string: "{{%CONTENT_TYPE:TEXT}}" + $0.text),
        html: try MustacheTemplate(string: $0.html))
    }
  }

  /// The mail for a delivery. `key` is what the vendor sold; it enters the mail only where the settings say so.
  package func compose(_ delivery: PreparedDelivery, key: [UInt8], at now: Instant) -> MailEnvelope {
    let language = templates[String(delivery.locale.prefix(2))] == nil ? "en" : String(delivery.locale.prefix(2))
    let token = vault.token(order: delivery.order, generation: delivery.tokenGeneration)
    var values: [String: String] = [
      "title": delivery.title, "platform": delivery.platform, "number": delivery.orderNumber,
      "link": token.link(base: settings.publicURL), "shop": settings.sender.name ?? settings.sender.address,
    ]
    values["name"] = delivery.name
    if settings.includesKey { values["key"] = String(decoding: key, as: UTF8.self) }
    if delivery.unitsTotal > 1 {
      values["part"] = String(delivery.position)
      values["parts"] = String(delivery.unitsTotal)
    }
    let rendered = templates[language]
    let message = MailMessage(
      from: settings.sender, to: MailMessage.Mailbox(name: delivery.name, address: delivery.email),
      subject: rendered?.subject.render(values) ?? "", messageID: delivery.messageID, date: now, language: language,
      text: rendered?.text.render(values) ?? "", html: rendered?.html.render(values) ?? "")
    return MailEnvelope(from: settings.sender.address, to: [delivery.email], message: message.bytes)
  }
}
