/// Why a request or a mail did not succeed, and what that says about its effect at the other end.
package struct OutboundError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// The request, address or configuration is wrong; nothing was sent.
    case invalid
    /// The host's name has no address; nothing was sent.
    case resolve
    /// No connection, or the server did not open a session; nothing was sent.
    case connect
    /// `allowedAddress` refused the address; nothing was sent.
    case addressRefused
    /// TLS could not be agreed on, or the certificate is not to be trusted; nothing was sent.
    case tls
    /// The server refused our name and password, or wants one; nothing was sent.
    case login
    /// Too much is already waiting; nothing was sent.
    case busy
    /// The deadline passed. A mail was certainly not sent; an HTTP request may have been (`mayHaveBeenSent`).
    case timeout
    /// The connection was cut. A mail was certainly not sent; an HTTP request may have been.
    case disconnected
    /// The task was cancelled. A mail was certainly not sent; an HTTP request may have been.
    case cancelled
    /// `close()` was called. A mail was certainly not sent; an HTTP request may have been.
    case closed
    /// The mail server refused this mail for good (a 5xx reply, RFC 5321 section 4.2.1).
    case refused
    /// The mail server refuses this mail for now (a 4xx reply): try again later.
    case deferred
    /// Sending of the mail's content had begun and no final reply came: the mail may or may not have been accepted.
    case ambiguous
    /// The answer is larger than allowed.
    case tooLarge
    /// The answer makes no sense.
    case protocolViolation
    /// Anything else that libcurl reports.
    case other
  }

  package var kind: Kind
  package var message: String
  /// The mail server's reply, where one decided.
  package var reply: SMTPReply?
  /// Whether the other end may have acted. Always true for `ambiguous`, always false for mail's other kinds.
  package var mayHaveBeenSent: Bool

  package init(_ kind: Kind, _ message: String, reply: SMTPReply? = nil, mayHaveBeenSent: Bool = false) {
    self.kind = kind
    self.message = message
    self.reply = reply
    self.mayHaveBeenSent = mayHaveBeenSent || kind == .ambiguous
  }

  /// The code of the mail server's reply, such as 550.
  package var smtpCode: Int? { reply?.code }

  package var description: String {
    if let reply { "\(kind.rawValue): \(message) (\(reply))" } else { "\(kind.rawValue): \(message)" }
  }
}
