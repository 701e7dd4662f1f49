import Glibc
import Synchronization

/// An HTTP server of a test's own: keeps what it is sent, and answers as it is told. One request to a connection.
final class HookServer: Sendable {
  struct Received: Sendable {
    let path: String
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    /// All of it, as a wiretap would have it.
    var everything: String { "\(path)\n\(headers)\n\(text)" }
  }

  struct Reply: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body = "{}"
    /// Takes the request and hangs up.
    var isSilent = false
  }

  private let listener: LoopbackListener
  private let talk: Talk

  /// - Parameter answer: told how many requests came before, and this one.
  init(_ answer: @escaping @Sendable (Int, Received) -> Reply = { _, _ in Reply() }) throws {
    let talk = Talk(answer)
    self.talk = talk
    listener = try LoopbackListener { talk.take($0) }
  }

  var port: Int { listener.port }
  var url: String { "http://127.0.0.1:\(port)" }
  var received: [Received] { talk.requests.withLock { $0 } }

  /// Answers so from now on.
  func answers(_ answer: @escaping @Sendable (Int, Received) -> Reply) { talk.answer.withLock { $0 = answer } }

  func stop() { listener.stop() }
}

/// What is said on each connection.
private final class Talk: Sendable {
  typealias Received = HookServer.Received

  let requests = Mutex<[Received]>([])
  let answer: Mutex<@Sendable (Int, Received) -> HookServer.Reply>

  init(_ answer: @escaping @Sendable (Int, Received) -> HookServer.Reply) { self.answer = Mutex(answer) }

  func take(_ peer: Int32) {
    var buffer: [UInt8] = []
    func more() -> Bool {
      var chunk = [UInt8](repeating: 0, count: 8_192)
      let count = read(peer, &chunk, chunk.count)
      if count <= 0 { return false }
      buffer += chunk[..<count]
      return true
    }
    func end() -> Int? {
      (0..<max(0, buffer.count - 3)).first { Array(buffer[$0..<$0 + 4]) == [13, 10, 13, 10] }
    }
    while end() == nil { if !more() { return } }
    guard let head = end() else { return }
    let lines = String(decoding: buffer[..<head], as: UTF8.self).split(separator: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
    }
    let length = Int(headers["content-length"] ?? "") ?? 0
    while buffer.count < head + 4 + length { if !more() { return } }
    let path = lines.first.map { $0.split(separator: " ") }.flatMap { $0.count > 1 ? String($0[1]) : nil } ?? ""
    let request = Received(path: path, headers: headers, body: Array(buffer[(head + 4)..<(head + 4 + length)]))
    let before = requests.withLock { all in
      all.append(request)
      return all.count - 1
    }
    let reply = answer.withLock { $0 }(before, request)
    if reply.isSilent { return }
    let fields = reply.headers.map { "\($0.0): \($0.1)\r\n" }.joined()
    let text =
      "HTTP/1.1 \(reply.status) X\r\nContent-Length: \(reply.body.utf8.count)\r\nConnection: close\r\n\(fields)\r\n"
      + reply.body
    let bytes = Array(text.utf8)
    _ = send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
