import Glibc

@testable import Outbound

/// A mail server in a few lines, that misbehaves at one chosen point.
final class ScriptedMailServer: Sendable {
  enum Point: String, Sendable, CaseIterable {
    case connect = "CONNECT"
    case ehlo = "EHLO"
    case mail = "MAIL"
    case rcpt = "RCPT"
    case data = "DATA"
    /// In the middle of the content.
    case content = "CONTENT"
    /// After the final dot, before the reply to it.
    case dot = "DOT"
  }

  enum Fault: Sendable {
    case hang
    case die
    case reply(String)
    case replyAndDie(String)
  }

  struct Record: Sendable {
    var mails: [String] = []
    var commands: [String] = []
    /// The points that some connection has come to.
    var reached: Set<Point> = []
    var open = 0
    var mostOpen = 0
  }

  let record = Shared(Record())
  private let server: Shared<ScriptedServer?> = Shared(nil)

  /// A naive server goes on with a mail whose recipient it refused. `fault` is asked at each point with the connection's number (from 1) and the mail's on it; nil behaves.
  init(
    capabilities: [String] = ["PIPELINING", "8BITMIME"], delay: Duration = .zero, isNaive: Bool = false,
    fault: @escaping @Sendable (Point, Int, Int) -> Fault? = { _, _, _ in nil }
  ) throws {
    let record = record
    let server = try ScriptedServer { peer, connection in
      record.change { record in
        record.open += 1
        record.mostOpen = max(record.mostOpen, record.open)
      }
      let script = Script(
        peer: peer, connection: connection, capabilities: capabilities, delay: delay, record: record, isNaive: isNaive,
        fault: fault)
      script.run()
      record.change { $0.open -= 1 }
    }
    self.server.change { $0 = server }
  }

  var connections: Int { server.value?.accepted.value ?? 0 }

  func configuration(
    _ items: String = "starttls=none", patience: Duration = .seconds(20)
  ) throws -> SMTPConfiguration {
    var configuration = try SMTPConfiguration(url: "smtp://127.0.0.1:\(server.value?.port ?? 0)?\(items)")
    configuration.connectTimeout = patience
    configuration.commandTimeout = patience
    configuration.contentTimeout = patience
    return configuration
  }

  private final class Script {
    let peer: Peer
    let connection: Int
    let capabilities: [String]
    let delay: Duration
    let record: Shared<Record>
    let fault: @Sendable (Point, Int, Int) -> Fault?
    let isNaive: Bool
    var mail = 1
    /// A command of this mail was refused, so that what follows it is out of order.
    var refused = false

    init(
      peer: Peer, connection: Int, capabilities: [String], delay: Duration, record: Shared<Record>, isNaive: Bool,
      fault: @escaping @Sendable (Point, Int, Int) -> Fault?
    ) {
      self.peer = peer
      self.connection = connection
      self.capabilities = capabilities
      self.delay = delay
      self.record = record
      self.isNaive = isNaive
      self.fault = fault
    }

    /// False when the connection is over.
    private func answer(_ point: Point, _ normally: String) -> Bool {
      _ = record.change { $0.reached.insert(point) }
      switch fault(point, connection, mail) {
      case nil:
        peer.send(normally)
        return true
      case .reply(let text):
        peer.send(text + "\r\n")
        if point != .dot, !isNaive { refused = true }
        return true
      case .replyAndDie(let text):
        peer.send(text + "\r\n")
        return false
      case .hang:
        peer.hang()
        return false
      case .die:
        return false
      }
    }

    func run() {
      guard answer(.connect, "220 scripted ESMTP\r\n") else { return }
      while let line = peer.line() {
        record.change { $0.commands.append(line) }
        switch line.prefix(4).uppercased() {
        case "EHLO":
          let lines = (["scripted"] + capabilities).map { "250-\($0)\r\n" }.joined() + "250 HELP\r\n"
          guard answer(.ehlo, lines) else { return }
        case "MAIL":
          refused = false
          guard answer(.mail, "250 2.1.0 sender ok\r\n") else { return }
        case "RCPT" where refused, "DATA" where refused: peer.send("503 5.5.1 out of order\r\n")
        case "RCPT": guard answer(.rcpt, "250 2.1.5 recipient ok\r\n") else { return }
        case "DATA": guard data() else { return }
        case "QUIT":
          peer.send("221 bye\r\n")
          return
        default: peer.send("250 ok\r\n")
        }
      }
    }

    private func data() -> Bool {
      if case .reply(let text) = fault(.data, connection, mail), !text.hasPrefix("354") {
        peer.send(text + "\r\n")
        return true
      }
      guard answer(.data, "354 go ahead\r\n") else { return false }
      var content: [String] = []
      while let line = peer.line() {
        if content.isEmpty, let fault = fault(.content, connection, mail) {
          switch fault {
          case .hang: peer.hang()
          case .replyAndDie(let text), .reply(let text): peer.send(text + "\r\n")
          case .die: break
          }
          return false
        }
        if line == "." {
          let mail = content.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }.joined(separator: "\n")
          if delay > .zero { usleep(UInt32(delay / .microseconds(1))) }
          // Filed before its sender hears of it.
          if fault(.dot, connection, self.mail) == nil { record.change { $0.mails.append(mail) } }
          guard answer(.dot, "250 2.0.0 Ok: queued as \(connection)-\(self.mail)\r\n") else { return false }
          self.mail += 1
          return true
        }
        content.append(line)
      }
      return false
    }
  }
}
