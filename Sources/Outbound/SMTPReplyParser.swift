/// Cuts a server's bytes into replies (RFC 5321 section 4.2). Bounded; tolerates a missing CR.
struct SMTPReplyParser {
  /// Longer lines and replies are refused. RFC 5321 section 4.5.3.1.5 allows 512 bytes a line.
  static let maximumLine = 4096
  static let maximumReply = 64 << 10

  private var line: [UInt8] = []
  private var text: [UInt8] = []
  private var lines = 0

  /// True in the middle of a reply.
  var isPartial: Bool { !line.isEmpty || lines > 0 }

  /// Takes bytes and appends the replies they complete. Throws `protocolViolation` for what is no SMTP.
  mutating func feed(_ bytes: some Sequence<UInt8>, into replies: inout [SMTPReply]) throws(OutboundError) {
    for byte in bytes {
      if byte != UInt8(ascii: "\n") {
        line.append(byte)
        guard line.count <= Self.maximumLine else {
          throw OutboundError(.protocolViolation, "the mail server sent an endless line")
        }
      } else if let reply = try endLine() {
        replies.append(reply)
      }
    }
  }

  private mutating func endLine() throws(OutboundError) -> SMTPReply? {
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    defer { line.removeAll(keepingCapacity: true) }
    guard line.count >= 3, let code = Self.code(line[..<3]) else {
      throw OutboundError(.protocolViolation, "the mail server sent a line without a code")
    }
    let separator = line.count > 3 ? line[3] : UInt8(ascii: " ")
    guard separator == UInt8(ascii: " ") || separator == UInt8(ascii: "-") else {
      throw OutboundError(.protocolViolation, "the mail server sent a line without a code")
    }
    if lines > 0 { text.append(UInt8(ascii: "\n")) }
    // Control characters have no place in a reply, and must not reach a log or a screen.
    text += line.dropFirst(4).map { $0 < 32 || $0 == 127 ? UInt8(ascii: " ") : $0 }
    lines += 1
    guard text.count <= Self.maximumReply else {
      throw OutboundError(.protocolViolation, "the mail server sent an endless reply")
    }
    guard separator == UInt8(ascii: " ") else { return nil }
    let reply = SMTPReply(code: code, text: String(decoding: text, as: UTF8.self))
    text.removeAll(keepingCapacity: true)
    lines = 0
    return reply
  }

  private static func code(_ digits: ArraySlice<UInt8>) -> Int? {
    var code = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      code = code * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return (200..<600).contains(code) ? code : nil
  }
}

/// What the server's EHLO reply offers.
struct SMTPCapabilities: Equatable {
  var pipelining = false
  var size = false
  var eightBit = false
  var utf8 = false
  var authentication = false

  init() {}

  /// Reads the lines after the first of an EHLO reply.
  init(_ reply: SMTPReply) {
    for line in reply.text.split(separator: "\n").dropFirst() {
      switch line.prefix(while: { $0 != " " && $0 != "=" }).uppercased() {
      case "PIPELINING": pipelining = true
      case "SIZE": size = true
      case "8BITMIME": eightBit = true
      case "SMTPUTF8": utf8 = true
      case "AUTH": authentication = true
      default: break
      }
    }
  }
}
