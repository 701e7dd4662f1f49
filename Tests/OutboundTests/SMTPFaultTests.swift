import Testing

@testable import Outbound

@Suite("A mail server that fails")
struct SMTPFaultTests {
  private let client: OutboundClient

  init() throws {
    client = try OutboundClient()
  }

  /// What is known of a mail when the server fails at a point.
  private func expected(_ point: ScriptedMailServer.Point, hanging: Bool) -> OutboundError.Kind {
    switch point {
    case .connect, .ehlo: .connect
    case .mail, .rcpt, .data: hanging ? .timeout : .disconnected
    case .content, .dot: .ambiguous
    }
  }

  @Test(
    "by hanging or dying at any point leaves it clear whether the mail may have been accepted",
    arguments: ScriptedMailServer.Point.allCases, [true, false])
  func failsAt(point: ScriptedMailServer.Point, pipelining: Bool) async throws {
    for hanging in [true, false] {
      let server = try ScriptedMailServer(capabilities: pipelining ? ["PIPELINING"] : []) { at, _, _ in
        at == point ? (hanging ? .hang : .die) : nil
      }
      // Larger than the buffers between, so that it cannot be sent whole to one who does not read.
      let envelope = MailEnvelope.sample(String(repeating: "key ", count: point == .content ? 2 << 20 : 10))
      let configuration = try server.configuration(patience: .milliseconds(hanging ? 400 : 20_000))
      let result = await failure { () throws(OutboundError) in
        try await client.mail(envelope, through: configuration)
      }
      #expect(result.error?.kind == expected(point, hanging: hanging), "\(hanging): \(result)")
      #expect(result.error?.mayHaveBeenSent == (point == .content || point == .dot))
      #expect(result.time < .seconds(10))
      #expect(server.record.value.mails.isEmpty)
    }
  }

  @Test("by falling silent is let go at once: no connection stays open, and closing the client waits for none")
  func letsGo() async throws {
    let server = try ScriptedMailServer { at, connection, _ in at == .dot && connection == 1 ? .hang : nil }
    let configuration = try server.configuration(patience: .milliseconds(400))
    let error = await failure { () throws(OutboundError) in
      try await client.mail(.sample(), through: configuration)
    }.error
    #expect(error?.kind == .ambiguous)
    #expect(await eventually { server.record.value.open == 0 })
    _ = try await client.mail(.sample(), through: configuration)
    client.close()
    #expect(await eventually { server.record.value.open == 0 })
  }

  @Test(
    "by refusing at any point is understood, its words are kept, and the connection goes on",
    arguments: [ScriptedMailServer.Point.mail, .rcpt, .data, .dot], [true, false])
  func refusesAt(point: ScriptedMailServer.Point, pipelining: Bool) async throws {
    let server = try ScriptedMailServer(capabilities: pipelining ? ["PIPELINING"] : []) { at, _, mail in
      guard at == point, mail <= 2 else { return nil }
      return .reply("550 5.1.1 no such mailbox")
    }
    let configuration = try server.configuration()
    for _ in 0..<2 {
      let error = await failure { () throws(OutboundError) in
        try await client.mail(.sample(), through: configuration)
      }.error
      #expect(error?.kind == .refused)
      #expect(error?.reply == SMTPReply(code: 550, text: "5.1.1 no such mailbox"))
      #expect(error?.mayHaveBeenSent == false)
      // The session is free again once it is reset; a mail that comes sooner may open another.
      try await Task.sleep(for: .milliseconds(200))
    }
    #expect(server.connections == 1)
  }

  @Test("for now (4xx) is told from for good (5xx), and from wanting a login")
  func classes() async throws {
    for (reply, kind) in [
      ("450 4.2.1 greylisted", OutboundError.Kind.deferred), ("452 4.3.1 full", .deferred),
      ("554 5.7.1 spam", .refused),
      ("530 5.7.0 authenticate first", .login), ("250-looks\r\n550 multi-line", .refused), ("299", .protocolViolation),
    ] {
      let server = try ScriptedMailServer { at, _, _ in at == .data ? .reply(reply) : nil }
      let configuration = try server.configuration()
      let error = await failure { () throws(OutboundError) in
        try await client.mail(.sample(), through: configuration)
      }.error
      #expect(error?.kind == kind, "\(reply): \(String(describing: error))")
    }
  }

  @Test("A greeting that refuses is a failure to connect, with the server's words")
  func refusesConnection() async throws {
    let server = try ScriptedMailServer { at, _, _ in
      at == .connect ? .replyAndDie("554 5.7.1 not from your address") : nil
    }
    let configuration = try server.configuration()
    let error = await failure { () throws(OutboundError) in
      try await client.mail(.sample(), through: configuration)
    }.error
    #expect(error?.kind == .connect)
    #expect(error?.reply?.text == "5.7.1 not from your address")
  }

  @Test("A refusal in the middle of the content that ends the connection is ambiguous or the refusal, never success")
  func refusesContent() async throws {
    let server = try ScriptedMailServer { at, _, _ in at == .content ? .replyAndDie("552 5.3.4 too big") : nil }
    let configuration = try server.configuration()
    let error = await failure { () throws(OutboundError) in
      try await client.mail(.sample(String(repeating: "x", count: 8 << 20)), through: configuration)
    }.error
    #expect(error?.kind == .refused || error?.kind == .ambiguous)
  }

  @Test("that asks for content although it refused the only recipient gets none")
  func wantsContentAnyway() async throws {
    let server = try ScriptedMailServer(isNaive: true) { at, _, _ in at == .rcpt ? .reply("550 5.1.1 unknown") : nil }
    let configuration = try server.configuration()
    let error = await failure { () throws(OutboundError) in
      try await client.mail(.sample(), through: configuration)
    }.error
    #expect(error?.kind == .refused)
    #expect(server.record.value.mails.isEmpty)
  }

  @Test("that refuses one of several recipients gets no mail for the others", arguments: [true, false])
  func oneOfSeveral(pipelining: Bool) async throws {
    let seen = Shared(0)
    let server = try ScriptedMailServer(capabilities: pipelining ? ["PIPELINING"] : []) { at, _, _ in
      guard at == .rcpt else { return nil }
      let number = seen.change { count in
        count += 1
        return count
      }
      return number == 2 ? .reply("550 5.1.1 unknown") : nil
    }
    let configuration = try server.configuration()
    let envelope = MailEnvelope.sample(to: ["a@example.com", "b@example.com", "c@example.com"])
    let error = await failure { () throws(OutboundError) in
      try await client.mail(envelope, through: configuration)
    }.error
    #expect(error?.kind == .refused)
    #expect(!server.record.value.commands.contains("DATA"))
    // The session is free again once it is reset; a mail that comes sooner may open another.
    try await Task.sleep(for: .milliseconds(200))
    _ = try await client.mail(envelope, through: configuration)
    #expect(server.record.value.mails.count == 1)
    #expect(server.connections == 1)
  }

  @Test(
    "that closed a kept connection costs nothing: the mail goes over a new one",
    arguments: [ScriptedMailServer.Fault.die, .replyAndDie("421 4.4.2 timeout")])
  func keptConnectionGone(fault: ScriptedMailServer.Fault) async throws {
    let server = try ScriptedMailServer { at, connection, mail in
      at == .mail && connection == 1 && mail == 2 ? fault : nil
    }
    let configuration = try server.configuration()
    #expect(try await client.mail(.sample("one"), through: configuration).text == "2.0.0 Ok: queued as 1-1")
    #expect(try await client.mail(.sample("two"), through: configuration).text == "2.0.0 Ok: queued as 2-1")
    #expect(server.record.value.mails.count == 2)
  }

  @Test("frozen after the content holds up neither other mails nor requests")
  func frozenHoldsUpNobody() async throws {
    let frozen = try ScriptedMailServer { at, _, _ in at == .dot ? .hang : nil }
    let healthy = try ScriptedMailServer()
    let slow = try frozen.configuration()
    let quick = try healthy.configuration()
    let stuck = Task { await failure { () throws(OutboundError) in try await client.mail(.sample(), through: slow) } }
    #expect(await eventually { frozen.record.value.reached.contains(.dot) })
    let start = ContinuousClock.now
    _ = try await client.mail(.sample(), through: quick)
    #expect(ContinuousClock.now - start < .seconds(5))
    stuck.cancel()
    #expect(await stuck.value.error?.kind == .ambiguous)
  }

  @Test("by sending anything at all at any point causes an error and nothing worse")
  func garbage() async throws {
    var generator = SystemRandomNumberGenerator()
    let pieces = [
      "250", "354 ", "-", " ", "\r\n", "\n", "\0", "250 ok\r\n", "421 bye\r\n", "é", "999", "2", "AUTH LOGIN",
    ]
    for _ in 0..<60 {
      let point = ScriptedMailServer.Point.allCases.randomElement(using: &generator) ?? .mail
      let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
        pieces.randomElement(using: &generator) ?? ""
      }.joined()
      let server = try ScriptedMailServer { at, _, _ in at == point ? .replyAndDie(text) : nil }
      let configuration = try server.configuration()
      let result = await failure { () throws(OutboundError) in
        try await client.mail(.sample(), through: configuration)
      }
      // Once the content is out, anything that looks like an acceptance is one.
      let mayAccept = (point == .dot || point == .content) && text.contains("2")
      #expect(result.error != nil || mayAccept, "\(point) \(text.debugDescription)")
    }
  }

  @Test("that is not there fails all waiting mails at once, and serves again when it is back")
  func absent() async throws {
    var configuration = try SMTPConfiguration(url: "smtp://127.0.0.1:1?starttls=none")
    configuration.connectTimeout = .seconds(1)
    let absent = configuration
    await withTaskGroup(of: OutboundError.Kind?.self) { group in
      for _ in 0..<20 {
        group.addTask {
          await failure { () throws(OutboundError) in try await client.mail(.sample(), through: absent) }.error?.kind
        }
      }
      for await kind in group { #expect(kind == .connect) }
    }
    configuration.host = "does-not-exist.invalid"
    let nowhere = configuration
    let error = await failure { () throws(OutboundError) in try await client.mail(.sample(), through: nowhere) }.error
    #expect(error?.kind == .resolve || error?.kind == .connect)
  }
}
