import Glibc
import Synchronization

/// A mail server that takes a mail's whole content and dies before it says so, so many times; then it behaves.
final class FickleMailServer: Sendable {
  let port: Int
  private let socket: Int32
  private let mails = Mutex<[String]>([])
  private let deathsLeft: Mutex<Int>

  init(deaths: Int) throws {
    deathsLeft = Mutex(deaths)
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = socket
    let port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard bind(listener, address, length) == 0, listen(listener, 16) == 0 else { return 0 }
        getsockname(listener, address, &length)
        return Int(UnsafeRawPointer(address).load(as: sockaddr_in.self).sin_port.bigEndian)
      }
    }
    guard port > 0 else { throw POSIXFailure(errno) }
    self.port = port
    let thread = Unmanaged.passRetained(self)
    var id = pthread_t()
    pthread_create(
      &id, nil,
      { box in
        if let box { Unmanaged<FickleMailServer>.fromOpaque(box).takeRetainedValue().serve() }
        return nil
      }, thread.toOpaque())
    pthread_detach(id)
  }

  struct POSIXFailure: Error {
    let code: Int32
    init(_ code: Int32) { self.code = code }
  }

  var received: [String] { mails.withLock { $0 } }

  func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

  /// One connection after the other.
  private func serve() {
    while true {
      let peer = accept(socket, nil, nil)
      if peer < 0 { break }
      talk(peer)
      close(peer)
    }
    close(socket)
  }

  private func talk(_ peer: Int32) {
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
