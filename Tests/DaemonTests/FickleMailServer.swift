import Glibc
import Synchronization

/// A mail server that takes a mail's whole content and dies before it says so, so many times; then it behaves.
final class FickleMailServer: Sendable {
  private let listener: LoopbackListener
  private let talk: Talk

  init(deaths: Int) throws {
    let talk = Talk(deaths: deaths)
    self.talk = talk
    listener = try LoopbackListener { talk.take($0) }
  }

  var port: Int { listener.port }
  var received: [String] { talk.mails.withLock { $0 } }

  func stop() { listener.stop() }
}

/// What is said on each connection.
private final class Talk: Sendable {
  let mails = Mutex<[String]>([])
  private let deathsLeft: Mutex<Int>

  init(deaths: Int) { deathsLeft = Mutex(deaths) }

  func take(_ peer: Int32) {
    var buffer: [UInt8] = []
    func line() -> String? {
      while true {
        if let end = buffer.firstIndex(of: 0x0A) {
          let line = String(decoding: buffer[..<end].filter { $0 != 0x0D }, as: UTF8.self)
          buffer.removeFirst(end + 1)
          return line
        }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(peer, &chunk, chunk.count)
        if count <= 0 { return nil }
        buffer += chunk[..<count]
      }
    }
    func say(_ text: String) {
      let bytes = Array((text + "\r\n").utf8)
      _ = send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
    say("220 fickle")
    while let command = line() {
      switch command.prefix(4).uppercased() {
      case "EHLO": say("250 fickle")
      case "DATA":
        say("354 go ahead")
        var content: [String] = []
        while let next = line(), next != "." { content.append(next) }
        mails.withLock { $0.append(content.joined(separator: "\n")) }
        let dies = deathsLeft.withLock { left in
          left -= 1
          return left >= 0
        }
        if dies { return }
        say("250 queued")
      case "QUIT":
        say("221 bye")
        return
      default: say("250 ok")
      }
    }
  }
}
