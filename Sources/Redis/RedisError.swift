/// What went wrong between us and Redis. Arguments of commands are never part of a message.
package struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// The configuration or the call is wrong; nothing was sent.
    case invalid
    /// No connection could be made; the command was not sent.
    case connect
    /// The server refused the name or password (`WRONGPASS`, `NOAUTH`); the command had no effect.
    case login
    /// The access list forbids the command or key (`NOPERM`); the command had no effect.
    case permission
    /// The deadline passed. If `mayHaveRun`, the server may still execute the command.
    case timeout
    /// The connection was lost after the command had been handed to it: it may or may not have been executed.
    case disconnected
    /// The circuit breaker is open: Redis failed lately, the command was not sent.
    case circuitOpen
    /// Too many commands are waiting; this one was not sent.
    case busy
    /// The calling task was cancelled.
    case cancelled
    /// `close()` was called.
    case closed
    /// The server answered with any other error; `code` is its first word.
    case server
    /// The bytes received are no RESP.
    case protocolViolation
  }

  package var kind: Kind
  package var message: String
  /// The first word of a server's error reply, such as `WRONGTYPE`, `NOGROUP`, `BUSYGROUP`.
  package var code: String?
  /// False: the command certainly had no effect.
  package var mayHaveRun = false

  package init(_ kind: Kind, _ message: String, code: String? = nil) {
    self.kind = kind
    self.message = message
    self.code = code
  }

  /// Classifies an error reply by its first word (redis.io/docs: "the first upper-case word … is the error prefix").
  package init(reply: String) {
    let code = String(reply.prefix { $0 != " " })
    let kind: Kind =
      switch code {
      case "WRONGPASS", "NOAUTH": .login
      case "NOPERM": .permission
      default: .server
      }
    self.init(kind, reply, code: code)
  }

  /// Whether the server itself answered, so that it is alive.
  package var isServerReply: Bool { code != nil }

  package var description: String { "Redis \(kind.rawValue): \(message)" }
}
