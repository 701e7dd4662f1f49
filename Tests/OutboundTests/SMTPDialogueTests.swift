import Testing

@testable import Outbound

@Suite("The mail dialogue")
struct SMTPDialogueTests {
  private func dialogue(_ capabilities: SMTPCapabilities, to: [String] = ["b@x.y"]) throws -> SMTPDialogue {
    try SMTPDialogue(PreparedMail(MailEnvelope(from: "a@x.y", to: to, message: [])), capabilities)
  }

  private var pipelined: SMTPCapabilities {
    var capabilities = SMTPCapabilities()
    capabilities.pipelining = true
    return capabilities
  }

  @Test("sends the whole envelope at once where the server allows it")
  func pipelining() throws {
    var dialogue = try dialogue(pipelined)
    #expect(String(decoding: dialogue.start(), as: UTF8.self) == "MAIL FROM:<a@x.y>\r\nRCPT TO:<b@x.y>\r\nDATA\r\n")
    #expect(dialogue.receive(SMTPReply(code: 250, text: "")) == .wait)
    #expect(dialogue.receive(SMTPReply(code: 250, text: "")) == .wait)
    #expect(dialogue.receive(SMTPReply(code: 354, text: "")) == .sendContent)
    let reply = SMTPReply(code: 250, text: "queued")
    #expect(dialogue.receive(reply) == .finished(.accepted(reply), then: .reuse))
  }

  @Test("holds DATA back until every one of several recipients is taken")
  func severalRecipients() throws {
    var dialogue = try dialogue(pipelined, to: ["b@x.y", "c@x.y"])
    let start = String(decoding: dialogue.start(), as: UTF8.self)
    #expect(start == "MAIL FROM:<a@x.y>\r\nRCPT TO:<b@x.y>\r\nRCPT TO:<c@x.y>\r\n")
    #expect(dialogue.receive(SMTPReply(code: 250, text: "")) == .wait)
    #expect(dialogue.receive(SMTPReply(code: 250, text: "")) == .wait)
    #expect(dialogue.receive(SMTPReply(code: 250, text: "")) == .send(Array("DATA\r\n".utf8)))
  }

  @Test("takes any replies in any order without a trap, and content is only asked for after consent")
  func anything() throws {
    var generator = SystemRandomNumberGenerator()
    let codes = [200, 220, 250, 299, 334, 354, 399, 421, 450, 499, 500, 535, 550, 599]
    for _ in 0..<20_000 {
      let recipients = Array(["b@x.y", "c@x.y", "d@x.y"].prefix(Int.random(in: 1...3, using: &generator)))
      var dialogue = try dialogue(Bool.random() ? pipelined : SMTPCapabilities(), to: recipients)
      _ = dialogue.start()
      var refused = false
      var asked = false
      for _ in 0..<10 {
        let code = codes.randomElement(using: &generator) ?? 250
        switch dialogue.receive(SMTPReply(code: code, text: "")) {
        case .sendContent:
          #expect(!refused && code == 354)
          asked = true
        case .finished(.accepted, _): #expect(asked && code / 100 == 2)
        default: break
        }
        if code >= 400 { refused = true }
        if case .finished = dialogue.receive(SMTPReply(code: 421, text: "")) { break }
      }
    }
  }

  @Test("Replies are cut from any slices of bytes; what is no SMTP is refused")
  func parsing() throws {
    let text = "250-first\r\n250-SIZE 5\n250 last\r\n354\r\n550 5.1.1 \u{1b}[31mred\r\n"
    var parser = SMTPReplyParser()
    var replies: [SMTPReply] = []
    for byte in text.utf8 { try parser.feed(CollectionOfOne(byte), into: &replies) }
    #expect(
      replies == [
        SMTPReply(code: 250, text: "first\nSIZE 5\nlast"), SMTPReply(code: 354, text: ""),
        SMTPReply(code: 550, text: "5.1.1  [31mred"),
      ])
    #expect(SMTPCapabilities(replies[0]).size)
    for wrong in ["hello\r\n", "25\r\n", "999 x\r\n", "250_x\r\n", "\r\n", String(repeating: "2", count: 5000)] {
      var parser = SMTPReplyParser()
      #expect(throws: OutboundError.self) { try parser.feed(wrong.utf8, into: &replies) }
    }
    var endless = SMTPReplyParser()
    #expect(throws: OutboundError.self) {
      for _ in 0..<1000 { try endless.feed("250-\(String(repeating: "x", count: 100))\r\n".utf8, into: &replies) }
    }
  }
}

@Suite("A mail server's URL")
struct SMTPConfigurationTests {
  @Test("says how to connect, and defaults to the safer way")
  func reads() throws {
    let plain = try SMTPConfiguration(url: "smtp://mail.example")
    #expect(plain.port == 25)
    #expect(plain.security == .ifAvailable)
    let login = try SMTPConfiguration(url: "smtp://me%40x:p%2Fw@mail.example?helo=shop.example&connections=3")
    #expect(login.port == 587)
    #expect(login.security == .required)
    #expect(login.user == "me@x")
    #expect(login.password == "p/w")
    #expect(login.greetingName == "shop.example")
    #expect(login.maximumConnections == 3)
    #expect(!login.description.contains("p/w"))
    let implicit = try SMTPConfiguration(url: "smtps://[::1]")
    #expect(implicit.port == 465)
    #expect(implicit.security == .implicit)
    #expect(implicit.host == "::1")
    #expect(try SMTPConfiguration(url: "smtp://127.0.0.1:2525?starttls=none").security == .none)
  }

  @Test(
    "that is wrong is refused without repeating its password",
    arguments: [
      "http://u:hunter2@x", "mail.example", "smtp://", "smtp://u:hunter2@x:0", "smtp://x:99999", "smtp://hunter2@x",
      "smtp://x?starttls=perhaps", "smtps://x?starttls=none", "smtp://x?connections=0", "smtp://x?hunter2=1",
      "smtp://x?helo=a%0d%0aMAIL",
    ])
  func wrong(url: String) {
    let error = #expect(throws: OutboundError.self) { try SMTPConfiguration(url: url) }
    #expect(error?.kind == .invalid)
    #expect(error?.message.contains("hunter2") != true || url == "smtp://x?hunter2=1")
  }
}
