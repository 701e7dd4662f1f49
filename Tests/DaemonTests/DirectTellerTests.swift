import Logging
import Market
import Messages
import Outbound
import Store
import TestSupport
import Testing

@testable import Daemon

@Suite("The team is told past the database") struct DirectTellerTests {
  private let telling = AlertTelling(
    message: .firing, rule: "database", title: "The database cannot be reached", severity: .page, dedupe: "",
    lines: ["shop1:7: connection refused"], since: Instant(unixSeconds: 1_767_225_600),
    at: Instant(unixSeconds: 1_767_225_640), channels: [])

  private func teller(_ hook: HookServer, over outbound: OutboundClient) throws -> DirectTeller {
    let settings = NoticeBench.settings { settings in
      settings.team.telegram = TeamSettings.Telegram(base: hook.url, token: Secret("12:token"), chat: "-100")
      settings.team.discord = Secret("\(hook.url)/discord/secret")
    }
    let wire = MessageWire(
      settings: settings, outbound: outbound, server: try SMTPConfiguration(url: "smtp://127.0.0.1:9"),
      now: NoticeBench.now)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return DirectTeller(
      wire: wire, templates: try MessageTemplates(shop: "Shop"), channels: settings.team.channels, logger: logger)
  }

  @Test("in each of its chats, again where one does not answer, and only there where the rule names one")
  func chats() async throws {
    let hook = try HookServer { before, _ in HookServer.Reply(status: before < 1 ? 503 : 200) }
    let outbound = try OutboundClient()
    defer { outbound.close() }
    let teller = try teller(hook, over: outbound)
    await teller.tell(telling, named: "database-1")
    let paths = hook.received.map(\.path)
    #expect(Set(paths) == ["/bot12:token/sendMessage", "/discord/secret"])
    // One of them was told to come again, and came.
    #expect(paths.count == 3)
    #expect(hook.received.allSatisfy { $0.text.contains("connection refused") })
    let narrow = AlertTelling(
      message: .resolved, rule: telling.rule, title: telling.title, severity: .page, dedupe: "", lines: telling.lines,
      since: telling.since, at: telling.at, channels: ["discord"])
    await teller.tell(narrow, named: "database-2")
    #expect(hook.received.count == 4)
    #expect(hook.received.last?.path == "/discord/secret")
    #expect(hook.received.last?.text.contains("Recovered") == true)
    hook.stop()
  }
}
