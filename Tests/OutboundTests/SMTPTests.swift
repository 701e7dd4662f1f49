import TestSupport
import Testing

@testable import Outbound

@Suite("A mail")
struct SMTPTests {
  private let client: OutboundClient

  init() throws {
    client = try OutboundClient()
  }

  @Test("arrives as it was given, and the server's final reply is kept")
  func arrives() async throws {
    let mail = try await PrivateMail.start()
    let configuration = try SMTPConfiguration(url: mail.url)
    let message = "Subject: =?utf-8?q?k=C3=A9y?=\r\n\r\n.leading dot\r\nünïcode\r\n..\r\n.\r\nend"
    let envelope = MailEnvelope(from: "shop@example.com", to: ["buyer@example.com"], message: Array(message.utf8))
    let reply = try await client.mail(envelope, through: configuration)
    #expect(reply.code == 250)
    #expect(!reply.text.isEmpty)
    let filed = try await mail.messages(atLeast: 1)
    #expect(filed[0].hasSuffix("\n\n.leading dot\nünïcode\n..\n.\nend\n"))
    try await mail.stop()
  }

  @Test("after mail goes over one connection, by as many connections as allowed when many come at once")
  func connections() async throws {
    let server = try ScriptedMailServer(delay: .milliseconds(2))
    let one = try server.configuration()
    for _ in 0..<20 { _ = try await client.mail(.sample(), through: one) }
    #expect(server.connections == 1)

    let crowded = try ScriptedMailServer(delay: .milliseconds(2))
    let through = try crowded.configuration("starttls=none&connections=4")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask { _ = try await client.mail(.sample("mail \(number)"), through: through) }
      }
      try await group.waitForAll()
    }
    #expect(crowded.connections == 4)
    #expect(Set(crowded.record.value.mails).count == 200)
  }

  @Test("may be the last on its connection, which is then ended politely")
  func renewal() async throws {
    let server = try ScriptedMailServer()
    var configuration = try server.configuration()
    configuration.mailsPerConnection = 2
    configuration.idleTimeout = .seconds(60)
    for _ in 0..<5 { _ = try await client.mail(.sample(), through: configuration) }
    #expect(server.connections == 3)
    #expect(await eventually { server.record.value.commands.count { $0 == "QUIT" } == 2 })
  }

  @Test("leaves a connection behind that is ended politely when it is not used")
  func idle() async throws {
    let server = try ScriptedMailServer()
    var configuration = try server.configuration()
    configuration.idleTimeout = .milliseconds(100)
    _ = try await client.mail(.sample(), through: configuration)
    #expect(await eventually { server.record.value.commands.last == "QUIT" && server.record.value.open == 0 })
  }

  @Test("declares what the server offers: size and eight bits")
  func parameters() async throws {
    let server = try ScriptedMailServer(capabilities: ["SIZE 1000000", "8BITMIME", "SMTPUTF8"])
    let configuration = try server.configuration()
    _ = try await client.mail(.sample("ascii"), through: configuration)
    _ = try await client.mail(.sample("é", to: ["jürgen@bücher.example"]), through: configuration)
    let commands = server.record.value.commands
    let size = MailEnvelope.sample("ascii").message.count
    #expect(commands.contains("MAIL FROM:<bounce@example.com> SIZE=\(size)"))
    #expect(commands.contains { $0.hasPrefix("MAIL") && $0.hasSuffix("BODY=8BITMIME SMTPUTF8") })
    #expect(commands.contains("RCPT TO:<jürgen@xn--bcher-kva.example>"))
  }

  @Test("to an address outside ASCII needs a server that takes it; a foreign domain alone does not")
  func foreign() async throws {
    let server = try ScriptedMailServer()
    let configuration = try server.configuration()
    let error = await failure { () throws(OutboundError) in
      try await client.mail(.sample(to: ["jürgen@example.com"]), through: configuration)
    }.error
    #expect(error?.kind == .invalid)
    _ = try await client.mail(.sample(to: ["a@bücher.example"]), through: configuration)
    #expect(server.record.value.commands.contains("RCPT TO:<a@xn--bcher-kva.example>"))
  }

  @Test(
    "to what is no address is refused before anything is sent",
    arguments: [
      "", "a", "@b", "a@", "a b@c", "a@b>\r\nRCPT TO:<x@y", "a@b\u{0}", "<a@b>", "a@b\u{85}",
      String(repeating: "a", count: 251) + "@b.c",
    ])
  func invalidAddresses(address: String) async throws {
    let configuration = try SMTPConfiguration(url: "smtp://127.0.0.1:1")
    let error = await failure { () throws(OutboundError) in
      try await client.mail(.sample(to: [address]), through: configuration)
    }.error
    #expect(error?.kind == .invalid)
  }

  @Test("cancelled before its content is sent is not sent; cancelled later it is ambiguous, soon")
  func cancelled() async throws {
    for point in [ScriptedMailServer.Point.ehlo, .mail, .dot] {
      let server = try ScriptedMailServer { at, _, _ in at == point ? .hang : nil }
      var configuration = try server.configuration()
      configuration.cancellationGrace = .milliseconds(50)
      let through = configuration
      let task = Task {
        await failure { () throws(OutboundError) in try await client.mail(.sample(), through: through) }
      }
      #expect(await eventually { server.record.value.reached.contains(point) })
      task.cancel()
      let result = await task.value
      #expect(result.error?.kind == (point == .dot ? .ambiguous : .cancelled))
      #expect(result.time < .seconds(5))
    }
  }

  @Test("that waits too long for a connection, or finds too many waiting, was not sent")
  func busy() async throws {
    let server = try ScriptedMailServer { at, _, _ in at == .mail ? .hang : nil }
    var configuration = try server.configuration("starttls=none&connections=1")
    configuration.queueTimeout = .milliseconds(200)
    configuration.maximumWaiting = 1
    let through = configuration
    let first = Task {
      await failure { () throws(OutboundError) in try await client.mail(.sample(), through: through) }
    }
    #expect(await eventually { server.record.value.commands.contains { $0.hasPrefix("MAIL") } })
    let kinds = await withTaskGroup(of: OutboundError.Kind?.self) { group in
      for _ in 0..<2 {
        group.addTask {
          await failure { () throws(OutboundError) in try await client.mail(.sample(), through: through) }.error?.kind
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(kinds == [.busy, .busy])
    first.cancel()
    #expect(await first.value.error?.kind == .cancelled)
  }

  @Test("under way when the client is closed is ambiguous only if its content was")
  func closing() async throws {
    for point in [ScriptedMailServer.Point.mail, .dot] {
      let client = try OutboundClient()
      let server = try ScriptedMailServer { at, _, _ in at == point ? .hang : nil }
      let through = try server.configuration()
      let task = Task {
        await failure { () throws(OutboundError) in try await client.mail(.sample(), through: through) }
      }
      #expect(await eventually { server.record.value.reached.contains(point) })
      client.close()
      #expect(await task.value.error?.kind == (point == .dot ? .ambiguous : .closed))
      let after = await failure { () throws(OutboundError) in try await client.mail(.sample(), through: through) }
      #expect(after.error?.kind == .closed)
    }
  }
}
