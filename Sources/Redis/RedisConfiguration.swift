/// Where Redis is, who we are to it, and how long we are willing to wait.
package struct RedisConfiguration: Sendable, CustomStringConvertible {
  package enum Address: Sendable, Equatable {
    case tcp(host: String, port: UInt16)
    case unix(path: String)
  }

  package var address: Address
  /// ACL user; nil with a password means the `default` user.
  package var user: String?
  package var password: String?
  package var database = 0
  /// Shown by `CLIENT LIST`; no spaces.
  package var clientName: String?
  /// Name resolution, connecting and login together.
  package var connectTimeout: Duration = .seconds(2)
  /// For calls that name no timeout of their own.
  package var commandTimeout: Duration = .seconds(1)
  /// An answer overdue by this much (past its caller's deadline) condemns the connection.
  package var stallTimeout: Duration = .seconds(1)
  /// The first and the longest pause between attempts to connect; each is jittered by half.
  package var firstReconnectDelay: Duration = .milliseconds(50)
  package var longestReconnectDelay: Duration = .seconds(2)
  /// Calls waiting or under way on one connection; beyond it they fail with `busy`.
  package var maximumPending = 20_000
  /// A single reply larger than this is treated as a protocol violation.
  package var maximumReplyBytes = 256 << 20
  /// Failures in a row (timeouts, lost connections) that open the circuit.
  package var breakerFailures = 5
  /// How long the circuit stays open before it is probed.
  package var breakerPause: Duration = .seconds(1)

  package init(address: Address) {
    self.address = address
  }

  /// Reads `redis://[user[:password]@]host[:port][/database]`, `redis+unix://[user:password@]/path` or `unix:///path`,
  /// with the query items `db`, `user`, `password` and `name`. Percent escapes are decoded.
  ///
  /// Throws `RedisError.invalid`, never repeating the password.
  package init(url: String) throws(RedisError) {
    guard let schemeEnd = url.firstRange(of: "://") else {
      throw RedisError(.invalid, "the Redis URL has no scheme; write redis://host:port/0 or unix:///path/to/socket")
    }
    let scheme = url[..<schemeEnd.lowerBound].lowercased()
    var parts = URLParts(url[schemeEnd.upperBound...])
    switch scheme {
    case "redis":
      self.init(address: try parts.tcpAddress())
      if !parts.path.isEmpty, parts.path != "/" {
        database = try Self.databaseNumber(String(parts.path.dropFirst()))
      }
    case "unix", "redis+unix":
      guard parts.authority.isEmpty, parts.path.hasPrefix("/"), parts.path.utf8.count < 108 else {
        throw RedisError(.invalid, "the Redis URL needs an absolute socket path shorter than 108 bytes")
      }
      self.init(address: .unix(path: parts.path))
    case "rediss":
      throw RedisError(.invalid, "rediss:// is not supported: reach a remote Redis through a local TLS tunnel")
    default:
      throw RedisError(.invalid, "unknown scheme \(scheme):// in the Redis URL; use redis:// or unix://")
    }
    user = parts.user
    password = parts.password
    for (name, value) in parts.query {
      switch name {
      case "db": database = try Self.databaseNumber(value)
      case "user": user = value
      case "password": password = value
      case "name": clientName = value
      default: throw RedisError(.invalid, "unknown item \"\(name)\" in the Redis URL; known: db, user, password, name")
      }
    }
    if user != nil, password == nil {
      throw RedisError(.invalid, "the Redis URL names a user but no password")
    }
  }

  private static func databaseNumber(_ text: String) throws(RedisError) -> Int {
    guard let number = Int(text), (0...65535).contains(number) else {
      throw RedisError(.invalid, "\"\(text)\" is not a Redis database number")
    }
    return number
  }

  /// The address and user, without the password.
  package var description: String {
    let who = user.map { "\($0)@" } ?? ""
    return switch address {
    case .tcp(let host, let port): "redis://\(who)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
    case .unix(let path): "redis+unix://\(who)\(path)?db=\(database)"
    }
  }

  /// The commands that open a session, each with whether its refusal is fatal.
  var greeting: [(arguments: [any RedisArgument], required: Bool)] {
    var commands: [(arguments: [any RedisArgument], required: Bool)] = []
    if let password {
      commands.append((user.map { ["AUTH", $0, password] } ?? ["AUTH", password], true))
    }
    if database != 0 {
      commands.append((["SELECT", database], true))
    }
    if let clientName {
      commands.append((["CLIENT", "SETNAME", clientName], false))
    }
    return commands
  }
}

/// What follows `scheme://`.
private struct URLParts {
  var user: String?
  var password: String?
  var authority: Substring
  var path: String
  var query: [(name: String, value: String)] = []

  init(_ rest: Substring) {
    let beforeQuery = rest.prefix { $0 != "?" }
    let queryText = rest[beforeQuery.endIndex...].dropFirst()
    authority = beforeQuery.prefix { $0 != "/" }
    path = percentDecoded(beforeQuery[authority.endIndex...])
    if let at = authority.lastIndex(of: "@") {
      let login = authority[..<at]
      authority = authority[authority.index(after: at)...]
      let name = login.prefix { $0 != ":" }
      user = name.isEmpty ? nil : percentDecoded(name)
      password = name.endIndex == login.endIndex ? nil : percentDecoded(login[name.endIndex...].dropFirst())
    }
    for item in queryText.split(separator: "&") {
      let name = item.prefix { $0 != "=" }
      query.append((percentDecoded(name), percentDecoded(item[name.endIndex...].dropFirst())))
    }
  }

  mutating func tcpAddress() throws(RedisError) -> RedisConfiguration.Address {
    var host = authority
    var port: Substring = "6379"
    if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
      host = authority[authority.index(after: authority.startIndex)..<close]
      let after = authority[authority.index(after: close)...]
      if after.hasPrefix(":") { port = after.dropFirst() }
    } else if let colon = authority.lastIndex(of: ":") {
      host = authority[..<colon]
      port = authority[authority.index(after: colon)...]
    }
    guard let number = UInt16(port), number > 0 else {
      throw RedisError(.invalid, "\"\(port)\" is not a port, in the Redis URL")
    }
    return .tcp(host: host.isEmpty ? "localhost" : percentDecoded(host), port: number)
  }
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
