/// A mail as SMTP carries it.
package struct MailEnvelope: Sendable {
  /// The address bounces go to; empty for none.
  package var from: String
  /// At least one. The mail is sent to all of them or not at all.
  package var to: [String]
  /// Headers and body (RFC 5322). Lines end in CRLF; a lone CR or LF is sent as CRLF, so that no content can end the
  /// mail early or smuggle a second one in.
  package var message: [UInt8]

  package init(from: String, to: [String], message: [UInt8]) {
    self.from = from
    self.to = to
    self.message = message
  }
}

/// A mail server's reply: a code and its text, lines joined by a newline.
package struct SMTPReply: Sendable, Equatable, CustomStringConvertible {
  package var code: Int
  package var text: String

  package init(code: Int, text: String) {
    self.code = code
    self.text = text
  }

  package var description: String { "\(code) \(text)" }

  var isPositive: Bool { code / 100 == 2 }
}
