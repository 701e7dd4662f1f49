import Market
import Outbound

/// By POST to somebody who keeps them: the note is the body, any answer of 2xx means that it is kept.
struct PostWay: HeadPublisher.Way {
  let url: String
  let token: Secret?
  let interval: Duration
  let outbound: OutboundClient
  let name = "http"

  struct Refused: Error, CustomStringConvertible {
    let status: Int
    var description: String { "answered \(status)" }
  }

  func send(_ head: SignedHead) async throws {
    var request = HTTPRequest(
      method: "POST", url: url, headers: [("Content-Type", "text/plain; charset=utf-8")],
      body: Array(head.note.spelled.utf8), timeout: .seconds(20))
    if let token { request.headers.append(("Authorization", "Bearer \(token.text)")) }
    request.maximumResponseBytes = 64 << 10
    let answer = try await outbound.send(request)
    guard (200...299).contains(answer.status) else { throw Refused(status: answer.status) }
  }
}

/// By mail, now and then: whoever keeps their mail keeps heads.
struct MailWay: HeadPublisher.Way {
  let to: String
  let from: MailMessage.Mailbox
  let domain: String
  /// When the last one went is kept here, so that a restart sends none too many.
  let stateFile: String
  let interval: Duration
  let server: SMTPConfiguration
  let outbound: OutboundClient
  let name = "mail"

  var firstPause: Duration {
    guard let last = lastSent() else { return .zero }
    return min(interval, max(.zero, interval - (SystemClock.now() - last)))
  }

  func send(_ head: SignedHead) async throws {
    let now = SystemClock.now()
    let note = head.note.spelled
    let summary = "The audit log had \(head.size) sealed events at \(head.checkpoint.at)."
    let advice = "Keep this mail: gkm audit verify --head checks the log against the head in it."
    let message = MailMessage(
      from: from, to: .init(address: to), subject: "Audit log: head of \(head.size) events",
      messageID: "<seal.\(head.size).\(head.root.description.prefix(16))@\(domain)>", date: now, language: "en",
      text: "\(summary)\n\(advice)\n\n\(note)",
      html: "<p>\(summary)<br>\(advice)</p><pre>\(Self.escaped(note))</pre>")
    _ = try await outbound.mail(
      MailEnvelope(from: from.address, to: [to], message: message.bytes), through: server)
    try DurableFile.replace(stateFile, with: Array("\(now.rfc3339)\n".utf8))
  }

  private func lastSent() -> Instant? {
    guard let bytes = try? DurableFile.read(stateFile, limitBytes: 1_024) else { return nil }
    return Instant(rfc3339: String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self))
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
