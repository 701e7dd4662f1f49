/// One mail on an open session, as a pure machine: replies in, what to do out.
///
/// With PIPELINING (RFC 2920) a mail costs two round trips: the envelope and DATA in one write, then the content. To
/// several recipients DATA waits for their replies, so that a mail goes to all of them or to none.
struct SMTPDialogue {
  enum Action: Equatable {
    /// More replies must come first.
    case wait
    case send([UInt8])
    /// The server asks for the content.
    case sendContent
    case finished(Outcome, then: Afterwards)
  }

  enum Outcome: Equatable {
    case accepted(SMTPReply)
    case failed(OutboundError)
  }

  enum Afterwards: Equatable {
    /// The session can take another mail at once.
    case reuse
    /// The session can take another mail after RSET.
    case reset
    case close
  }

  private enum Expected {
    case mail
    case recipient
    case data
    case final
  }

  private var unsent: [(command: [UInt8], expected: Expected)]
  private var expected: [Expected] = []
  private var failure: SMTPReply?
  private let pipelining: Bool
  /// Whether any reply has been read.
  private(set) var hasHeard = false

  /// Throws `invalid` when the server cannot take the addresses.
  init(_ mail: PreparedMail, _ capabilities: SMTPCapabilities) throws(OutboundError) {
    var parameters = ""
    if capabilities.size { parameters += " SIZE=\(mail.content.size)" }
    if capabilities.eightBit, mail.content.isEightBit { parameters += " BODY=8BITMIME" }
    if mail.needsUTF8 {
      guard capabilities.utf8 else {
        throw OutboundError(.invalid, "the mail server takes no address outside ASCII (SMTPUTF8)")
      }
      parameters += " SMTPUTF8"
    }
    pipelining = capabilities.pipelining
    unsent = [(Array("MAIL FROM:<\(mail.from)>\(parameters)\r\n".utf8), .mail)]
    unsent += mail.to.map { (Array("RCPT TO:<\($0)>\r\n".utf8), .recipient) }
    unsent.append((Array("DATA\r\n".utf8), .data))
  }

  /// The first bytes to send.
  mutating func start() -> [UInt8] {
    nextCommands()
  }

  mutating func receive(_ reply: SMTPReply) -> Action {
    guard !expected.isEmpty else {
      let error = OutboundError(.protocolViolation, "the mail server spoke out of turn", reply: reply)
      return .finished(.failed(error), then: .close)
    }
    hasHeard = true
    let answered = expected.removeFirst()
    if answered == .final { return final(reply) }
    if reply.code == 421 {
      return .finished(.failed(Self.refusal(failure ?? reply)), then: .close)
    }
    if answered == .data, reply.code == 354 {
      // Recipients were refused, yet the server wants content: only hanging up keeps it from taking an empty mail.
      if let failure { return .finished(.failed(Self.refusal(failure)), then: .close) }
      expected = [.final]
      return .sendContent
    }
    if !reply.isPositive || answered == .data, failure == nil { failure = reply }
    guard expected.isEmpty else { return .wait }
    if let failure { return .finished(.failed(Self.refusal(failure)), then: .reset) }
    return .send(nextCommands())
  }

  private func final(_ reply: SMTPReply) -> Action {
    let afterwards = reply.code == 421 ? Afterwards.close : .reuse
    if reply.isPositive { return .finished(.accepted(reply), then: afterwards) }
    guard reply.code >= 400 else {
      let error = OutboundError(.ambiguous, "the mail server's final reply makes no sense", reply: reply)
      return .finished(.failed(error), then: .close)
    }
    return .finished(.failed(Self.refusal(reply)), then: afterwards)
  }

  private mutating func nextCommands() -> [UInt8] {
    var count = 1
    if pipelining {
      let recipients = unsent.count { $0.expected == .recipient }
      count = recipients > 1 ? unsent.count - 1 : unsent.count
    }
    let group = unsent.prefix(count)
    unsent.removeFirst(count)
    expected += group.map { $0.expected }
    return group.flatMap { $0.command }
  }

  static func refusal(_ reply: SMTPReply) -> OutboundError {
    switch reply.code {
    case 530, 534, 535, 538:
      OutboundError(.login, "the mail server wants another login", reply: reply)
    case 400..<500:
      OutboundError(.deferred, "the mail server defers this mail", reply: reply)
    case 500..<600:
      OutboundError(.refused, "the mail server refuses this mail", reply: reply)
    default:
      OutboundError(.protocolViolation, "the mail server's reply makes no sense", reply: reply)
    }
  }
}

/// A mail checked and encoded, ready for any session.
struct PreparedMail: Sendable {
  let from: String
  let to: [String]
  let content: SMTPContent
  let needsUTF8: Bool

  static let maximumRecipients = 100

  /// Throws `invalid` for an address that cannot be an envelope's.
  init(_ envelope: MailEnvelope) throws(OutboundError) {
    guard !envelope.to.isEmpty, envelope.to.count <= Self.maximumRecipients else {
      throw OutboundError(.invalid, "a mail needs between one and \(Self.maximumRecipients) recipients")
    }
    from = envelope.from.isEmpty ? "" : try Self.address(envelope.from)
    var recipients: [String] = []
    for recipient in envelope.to {
      recipients.append(try Self.address(recipient))
    }
    to = recipients
    needsUTF8 = ([from] + to).contains { $0.utf8.contains { $0 >= 128 } }
    content = SMTPContent(envelope.message)
  }

  /// An address as it may stand between angle brackets: bounded (RFC 5321 section 4.5.3.1.3), without anything that
  /// could end it early, its domain in ASCII where IDNA allows.
  private static func address(_ text: String) throws(OutboundError) -> String {
    let allowed = text.unicodeScalars.allSatisfy { scalar in
      scalar.value > 32 && scalar.value != 127 && !(128..<160).contains(scalar.value) && scalar != "<" && scalar != ">"
    }
    guard allowed, text.utf8.count <= 254, let at = text.lastIndex(of: "@"), at != text.startIndex,
      text.index(after: at) != text.endIndex
    else {
      throw OutboundError(.invalid, "that is no mail address")
    }
    let domain = text[text.index(after: at)...]
    guard domain.utf8.contains(where: { $0 >= 128 }), let ascii = asciiHost(String(domain)) else { return text }
    return text[...at] + ascii
  }
}
