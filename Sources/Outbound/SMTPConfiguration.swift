/// A mail server and how to speak to it. Equal configurations share connections.
package struct SMTPConfiguration: Sendable, Hashable, CustomStringConvertible {
  package enum Security: String, Sendable {
    /// STARTTLS, or no mail.
    case required
    /// STARTTLS where the server offers it (its certificate must then be valid).
    case ifAvailable = "if-available"
    /// In clear: for a server on this machine.
    case none
    /// TLS from the first byte (`smtps://`).
    case implicit
  }

  package var host: String
  package var port: UInt16
  package var security: Security
  package var user: String?
  package var password: String?
  /// What we call ourselves in EHLO; nil lets libcurl use the machine's name.
  package var greetingName: String?
  /// PEM file of the authorities to trust instead of the system's.
  package var authorities: String?
  /// Connections to this server at a time.
  package var maximumConnections = 8
  /// Mails on one connection before it is renewed.
  package var mailsPerConnection = 1000
  /// Mails waiting for a connection; beyond it they fail with `busy`.
  package var maximumWaiting = 10_000
  /// Resolving, connecting, TLS, greeting and login together.
  package var connectTimeout: Duration = .seconds(10)
  /// Waiting for a connection.
  package var queueTimeout: Duration = .seconds(30)
  /// Each reply up to the one that asks for the content.
  package var commandTimeout: Duration = .seconds(15)
  /// From the first byte of the content to the final reply. Too short a time makes needless `ambiguous` outcomes.
  package var contentTimeout: Duration = .seconds(60)
  /// How long a cancelled mail whose content is on its way may still wait for its reply before it is `ambiguous`.
  package var cancellationGrace: Duration = .seconds(1)
  /// An unused connection is ended after this.
  package var idleTimeout: Duration = .seconds(20)

  package init(host: String, port: UInt16, security: Security) {
    self.host = host
    self.port = port
    self.security = security
  }

  /// Reads `smtp://[user:password@]host[:port][?items]` or `smtps://…`. Items: `starttls=required|if-available|none`,
  /// `helo=NAME`, `ca=FILE`, `connections=N`, `timeout=SECONDS` (each reply), `content-timeout=SECONDS`.
  ///
  /// Without `starttls`, a URL with a password requires it and one without uses it if available. The default port is
  /// 465 for `smtps`, 587 with a password, else 25. Throws `invalid`, never repeating the password.
  package init(url: String) throws(OutboundError) {
    let lower = url.lowercased()
    let implicit = lower.hasPrefix("smtps://")
    guard implicit || lower.hasPrefix("smtp://"), let slashes = url.firstRange(of: "://") else {
      throw OutboundError(.invalid, "the mail server's URL must begin with smtp:// or smtps://")
    }
    let rest = url[slashes.upperBound...]
    var authority = rest.prefix { $0 != "/" && $0 != "?" }
    self.init(host: "", port: 0, security: implicit ? .implicit : .ifAvailable)
    if let at = authority.lastIndex(of: "@") {
      let login = authority[..<at]
      authority = authority[authority.index(after: at)...]
      guard let colon = login.firstIndex(of: ":") else {
        throw OutboundError(.invalid, "the mail server's URL names a user but no password")
      }
      user = percentDecoded(login[..<colon])
      password = percentDecoded(login[login.index(after: colon)...])
      if !implicit { security = .required }
    }
    try readAddress(authority, defaultPort: implicit ? 465 : user == nil ? 25 : 587)
    if let question = rest.firstIndex(of: "?") {
      for item in rest[rest.index(after: question)...].split(separator: "&") {
        let name = item.prefix { $0 != "=" }
        try readItem(String(name), percentDecoded(item[name.endIndex...].dropFirst()))
      }
    }
  }

  private mutating func readAddress(_ authority: Substring, defaultPort: UInt16) throws(OutboundError) {
    var name = authority
    var digits: Substring?
    if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
      name = authority[authority.index(after: authority.startIndex)..<close]
      let after = authority[authority.index(after: close)...]
      digits = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = authority.lastIndex(of: ":") {
      name = authority[..<colon]
      digits = authority[authority.index(after: colon)...]
    }
    guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
      throw OutboundError(.invalid, "the mail server's URL has no host")
    }
    guard let number = digits.map({ UInt16($0) }) ?? defaultPort, number > 0 else {
      throw OutboundError(.invalid, "\"\(digits ?? "")\" is not a port, in the mail server's URL")
    }
    host = String(name)
    port = number
  }

  private mutating func readItem(_ name: String, _ value: String) throws(OutboundError) {
    switch name {
    case "starttls":
      guard security != .implicit, let mode = Security(rawValue: value), mode != .implicit else {
        throw OutboundError(.invalid, "starttls must be required, if-available or none, and only with smtp://")
      }
      security = mode
    case "helo":
      guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "/") }) else {
        throw OutboundError(.invalid, "helo must be a host name")
      }
      greetingName = value
    case "ca":
      authorities = value
    case "connections":
      maximumConnections = try Self.number(value, in: 1...64, name)
    case "timeout":
      commandTimeout = .seconds(try Self.number(value, in: 1...600, name))
    case "content-timeout":
      contentTimeout = .seconds(try Self.number(value, in: 1...3600, name))
    default:
      throw OutboundError(
        .invalid,
        "unknown item \"\(name)\" in the mail server's URL; known: starttls, helo, ca, connections, timeout, "
          + "content-timeout")
    }
  }

  private static func number(_ text: String, in range: ClosedRange<Int>, _ name: String) throws(OutboundError) -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw OutboundError(.invalid, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The server and mode, without the password.
  package var description: String {
    "\(security == .implicit ? "smtps" : "smtp")://\(user.map { "\($0)@" } ?? "")\(bracketedHost):\(port)"
      + (security == .implicit ? "" : "?starttls=\(security.rawValue)")
  }

  var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }
}

private func percentDecoded(_ text: Substring) -> String {
  var bytes: [UInt8] = []
  var rest = text.utf8
  while let byte = rest.popFirst() {
    let digits = rest.prefix(2)
    if byte == UInt8(ascii: "%"), digits.count == 2, let high = hexValue(digits.first), let low = hexValue(digits.last)
    {
      bytes.append(high << 4 | low)
      rest = rest.dropFirst(2)
    } else {
      bytes.append(byte)
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

private func hexValue(_ digit: UInt8?) -> UInt8? {
  digit.flatMap { Character(UnicodeScalar($0)).hexDigitValue }.map(UInt8.init)
}
