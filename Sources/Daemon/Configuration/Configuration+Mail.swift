package import Messages

package struct MailSettings: Sendable {
  /// `smtp://…`; may hold a password.
  package var url: Secret?
  /// The address that mail comes from, and its name.
  package var sender: String
  package var senderName: String
  /// The right side of every Message-ID.
  package var messageIDDomain: String
  /// Whether the mail carries the key itself beside the link.
  package var includesKey: Bool
  package var timeout: Duration
  /// The operator's own texts, which take the place of ours.
  package var templates: [MessageTemplate]
  /// The Maildir that bounces are delivered into; `nil`: nobody reads them, and they go to the sender.
  package var bounces: String?
  /// The mailbox that they come into; mail is sent from it with whose it is behind a plus sign.
  package var bounceAddress: String
  /// How often the Maildir is looked into.
  package var bounceInterval: Duration
  /// Whether a customer is told that an order is paid, beside the mail that brings the key.
  package var receipts: Bool
  /// How long after it was paid an order counts as late, and its customer is told.
  package var delayedAfter: Duration

  init(_ reader: inout ConfigurationReader, publicURL: String) {
    let host = URLParts.host(publicURL)
    url = reader.secret("mail.url", env: ["SMTP_URL"], credential: "smtp_url")
    sender = reader.text("mail.sender", env: ["GKM_MAIL_SENDER"], default: "keys@\(URLParts.mailDomain(host))")
    senderName = reader.text("mail.sender_name", default: "GlobalKeyMarket")
    messageIDDomain = reader.text("mail.message_id_domain", default: URLParts.mailDomain(host))
    includesKey = reader.flag("mail.includes_key", env: ["GKM_MAIL_INCLUDES_KEY"], default: false)
    timeout = reader.duration("mail.timeout", default: .seconds(10), in: .seconds(1)...(.seconds(120)))
    bounces = reader.optionalText("mail.bounces", env: ["GKM_MAIL_BOUNCES"])
    bounceAddress =
      reader.parsed(
        "mail.bounce_address", env: ["GKM_MAIL_BOUNCE_ADDRESS"],
        default: "bounces@\(sender.split(separator: "@").last ?? "localhost")",
        wanted: "an address without a plus sign, of at most 16 letters before its @",
        Self.bounceAddress) ?? ""
    bounceInterval = reader.duration(
      "mail.bounce_interval", default: .seconds(5), in: .milliseconds(50)...(.seconds(600)))
    receipts = reader.flag("mail.receipts", env: ["GKM_MAIL_RECEIPTS"], default: true)
    delayedAfter = reader.duration(
      "mail.delayed_after", env: ["GKM_MAIL_DELAYED_AFTER"], default: .seconds(600),
      in: .seconds(1)...(.seconds(2 * 86_400)))
    templates = []
    if let folder = reader.optionalText("mail.templates", env: ["GKM_MAIL_TEMPLATES"]) {
      let read = TemplateFolder.read(folder)
      templates = read.templates
      for problem in read.problems { reader.add(problem) }
    }
  }
  /// What is added to it has to fit: a local part has 64 characters at most (RFC 5321 § 4.5.3.1.1).
  private static func bounceAddress(_ text: String) -> String? {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...16).contains(parts[0].utf8.count), !parts[1].isEmpty,
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"+<>,;\"".utf8.contains($0) })
    else { return nil }
    return text
  }
}
