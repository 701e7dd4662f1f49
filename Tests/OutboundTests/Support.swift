import Glibc
import Synchronization
import TestSupport

@testable import Outbound

/// The error that `body` throws, and how long that took.
func failure(
  of body: () async throws(OutboundError) -> some Any
) async -> (error: OutboundError?, time: Duration) {
  let start = ContinuousClock.now
  do throws(OutboundError) {
    _ = try await body()
    return (nil, ContinuousClock.now - start)
  } catch {
    return (error, ContinuousClock.now - start)
  }
}

/// Waits until `condition` holds; false when it does not within `limit`.
func eventually(within limit: Duration = .seconds(10), _ condition: () async throws -> Bool) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}

/// Something that threads write and a test reads.
final class Shared<Value: Sendable>: Sendable {
  private let storage: Mutex<Value>

  init(_ value: Value) {
    storage = Mutex(value)
  }

  var value: Value { storage.withLock { $0 } }

  func change<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
    storage.withLock { body(&$0) }
  }
}

/// One connection to a `ScriptedServer`, with blocking calls for the script's thread.
final class Peer {
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
  }

  deinit {
    close(descriptor)
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// The next line without its end; nil when the other side has hung up.
  func line() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeFirst(end + 1)
        return line.hasSuffix("\r") ? String(line.dropLast()) : String(line.split(separator: "\r\n")[0])
      }
      guard receive() else { return nil }
    }
  }

  /// Reads more; false when the other side has hung up.
  func receive() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    buffer += chunk[..<count]
    return true
  }

  /// Says nothing until the other side hangs up.
  func hang() {
    while receive() { buffer = [] }
  }
}

/// A TCP server on loopback that runs a script on a thread for each connection.
final class ScriptedServer: Sendable {
  let port: Int
  /// Connections accepted so far.
  let accepted = Shared(0)
  private let listener: Int32

  init(_ script: @escaping @Sendable (Peer, Int) -> Void) throws {
    let port = try FreePort.next()
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    // Small, so that a large mail stays partly unsent while the script does not read.
    var size: Int32 = 32 << 10
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, listen(descriptor, 100) == 0 else { throw TestSupportError("cannot listen on \(port)") }
    self.port = port
    listener = descriptor
    let accepted = accepted
    _ = startThread(named: "scripted") {
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        let number = accepted.change { count in
          count += 1
          return count
        }
        _ = startThread(named: "script") { script(Peer(connection), number) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}

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
          guard answer(.dot, "250 2.0.0 Ok: queued as \(connection)-\(self.mail)\r\n") else { return false }
          record.change { $0.mails.append(mail) }
          self.mail += 1
          return true
        }
        content.append(line)
      }
      return false
    }
  }
}

extension MailEnvelope {
  static func sample(_ text: String = "hello", to: [String] = ["buyer@example.com"]) -> MailEnvelope {
    let message = "From: <shop@example.com>\r\nSubject: \(text)\r\n\r\n\(text)\r\n"
    return MailEnvelope(from: "bounce@example.com", to: to, message: Array(message.utf8))
  }
}
