import FoundationEssentials
package import Market

/// A mail as RFC 5322 and MIME spell it: a plain and an HTML part that say the same, lines ended by CRLF.
package struct MailMessage: Sendable {
  package var from: Mailbox
  package var to: Mailbox
  package var subject: String
  /// With its angle brackets.
  package var messageID: String
  package var date: Instant
  /// The language of its text: `en`, `es`.
  package var language: String
  package var text: String
  package var html: String
  /// Parts the two bodies; must stand in neither.
  package var boundary: String

  package init(
    from: Mailbox, to: Mailbox, subject: String, messageID: String, date: Instant, language: String, text: String,
    html: String, boundary: String = MailMessage.randomBoundary()
  ) {
    self.from = from
    self.to = to
    self.subject = subject
    self.messageID = messageID
    self.date = date
    self.language = language
    self.text = text
    self.html = html
    self.boundary = boundary
  }

  /// An address and, where known, whose it is.
  package struct Mailbox: Sendable, Equatable {
    package var name: String?
    package var address: String

    package init(name: String? = nil, address: String) {
      self.name = name
      self.address = address
    }
  }

  /// The whole mail.
  package var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count + 2 * html.utf8.count + 1_024)
    func line(_ text: String = "") {
      out += text.utf8
      out += [0x0D, 0x0A]
    }
    line("Date: \(Self.date(date))")
    line("From: \(Self.mailbox(from))")
    line("To: \(Self.mailbox(to))")
    line("Message-ID: \(Self.single(messageID))")
    line("Subject: \(HeaderText.encoded(subject, startingAt: 9))")
    line("MIME-Version: 1.0")
    line("Content-Language: \(language)")
    line("Auto-Submitted: auto-generated")
    line("Content-Type: multipart/alternative; boundary=\"\(boundary)\"")
    line()
    for (type, body) in [("plain", text), ("html", html)] {
      let part = BodyText(body)
      line("--\(boundary)")
      line("Content-Type: text/\(type); charset=utf-8")
      line("Content-Transfer-Encoding: \(part.encoding)")
      line()
      out += part.bytes
    }
    line("--\(boundary)--")
    return out
  }

  /// Quoted-printable never writes `=_`, and 7-bit text of ours never begins a line with it.
  package static func randomBoundary() -> String {
    "=_gkm_" + String(UInt64.random(in: .min ... .max), radix: 36)
  }

  private static func mailbox(_ mailbox: Mailbox) -> String {
    let address = single(mailbox.address)
    guard let name = mailbox.name, !name.isEmpty else { return address }
    return "\(HeaderText.phrase(single(name))) <\(address)>"
  }

  /// One line, whatever was in it: nothing can add a header.
  private static func single(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
  }

  /// RFC 5322 § 3.3, in UTC.
  static func date(_ instant: Instant) -> String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let time = instant.civil
    let seconds = instant.unixSeconds
    let dayNumber = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let weekday = days[Int((dayNumber % 7 + 7) % 7)]
    let month = months[Int(time.month - 1)]
    return "\(weekday), \(padded(time.day, 2)) \(month) \(padded(time.year, 4)) "
      + "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2)) +0000"
  }
}

/// Text in headers: as it is where it is plain ASCII, else in encoded words (RFC 2047), folded to lines of 76.
enum HeaderText {
  /// `offset` is how much of the first line is taken already.
  static func encoded(_ text: String, startingAt offset: Int = 0) -> String {
    let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
    if isPlain && offset + text.utf8.count <= 76 { return text }
    // `=?utf-8?B?` and `?=` take 12 of the 75 characters that an encoded word may have.
    var words: [String] = []
    var chunk: [UInt8] = []
    for character in text {
      let bytes = Array(String(character).utf8)
      if chunk.count + bytes.count > 42, !chunk.isEmpty {
        words.append(word(chunk))
        chunk = []
      }
      chunk += bytes.prefix(42)
    }
    if !chunk.isEmpty { words.append(word(chunk)) }
    return words.joined(separator: "\r\n ")
  }

  /// A display name: quoted where ASCII needs it, else an encoded word.
  static func phrase(_ text: String) -> String {
    let isAtomText = text.utf8.allSatisfy {
      $0 == 0x20 || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
    }
    if isAtomText && text.utf8.count <= 60 { return text }
    guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), !text.contains("=?"), text.utf8.count <= 60 else {
      return encoded(text, startingAt: 76)
    }
    return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  private static func word(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Data(bytes).base64EncodedString())?=" }
}

/// A part's text in the way it is carried: as it is where it is ASCII in short lines, else quoted-printable
/// (RFC 2045 § 6.7), in which ASCII stays readable.
struct BodyText {
  let encoding: String
  /// Ends in CRLF.
  let bytes: [UInt8]

  init(_ text: String) {
    let lines = Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      line.last == 0x0D ? line.dropLast() : line
    }
    let isPlain = lines.allSatisfy { line in
      line.count <= 76 && !line.starts(with: Array("=_".utf8)) && line.last != 0x20 && line.last != 0x09
        && line.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
    }
    encoding = isPlain ? "7bit" : "quoted-printable"
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count + text.utf8.count / 4)
    for line in lines {
      if isPlain { out += line } else { Self.quote(line, into: &out) }
      out += [0x0D, 0x0A]
    }
    bytes = out
  }

  private static func quote(_ line: ArraySlice<UInt8>, into out: inout [UInt8]) {
    let digits = Array("0123456789ABCDEF".utf8)
    var column = 0
    for (index, byte) in zip(line.indices, line) {
      let isLast = index == line.endIndex - 1
      let isSpace = byte == 0x20 || byte == 0x09
      let isLiteral = (0x21...0x7E).contains(byte) && byte != 0x3D || isSpace && !isLast
      let width = isLiteral ? 1 : 3
      if column + width > (isLast ? 76 : 75) {
        out += Array("=\r\n".utf8)
        column = 0
      }
      if isLiteral {
        out.append(byte)
      } else {
        out += [0x3D, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
      column += width
    }
  }
}
