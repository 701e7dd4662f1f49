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

  init(_ reader: inout ConfigurationReader, publicURL: String) {
    let host = URLParts.host(publicURL)
    url = reader.secret("mail.url", env: ["SMTP_URL"], credential: "smtp_url")
    sender = reader.text("mail.sender", env: ["GKM_MAIL_SENDER"], default: "keys@\(URLParts.mailDomain(host))")
    senderName = reader.text("mail.sender_name", default: "GlobalKeyMarket")
    messageIDDomain = reader.text("mail.message_id_domain", default: URLParts.mailDomain(host))
    includesKey = reader.flag("mail.includes_key", env: ["GKM_MAIL_INCLUDES_KEY"], default: false)
    timeout = reader.duration("mail.timeout", default: .seconds(10), in: .seconds(1)...(.seconds(120)))
    templates = []
    if let folder = reader.optionalText("mail.templates", env: ["GKM_MAIL_TEMPLATES"]) {
      let read = TemplateFolder.read(folder)
      templates = read.templates
      for problem in read.problems { reader.add(problem) }
    }
  }
}
