import Foundation
import TestSupport
import Testing

@testable import Daemon

@Suite("Configuration")
struct ConfigurationTests {
  private func parse(_ text: String, _ environment: [String: String] = [:]) throws -> Configuration {
    try Configuration.parse(text, named: "gkmd.toml", environment: environment).configuration
  }

  private func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
    do throws(ConfigurationError) {
      _ = try Configuration.parse(text, named: "gkmd.toml", environment: environment)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test("Nothing at all is a configuration, with the limits that the design names")
  func defaults() throws {
    let configuration = try parse("")
    #expect(configuration.intake.redisBudget == .milliseconds(25))
    #expect(configuration.intake.bodyLimitBytes == 1 << 20)
    #expect(configuration.intake.tolerance == .seconds(300))
    #expect(configuration.intake.seenFor >= .seconds(4 * 86_400))
    #expect(configuration.intake.batchLimit == 256)
    #expect(configuration.workers.poll <= .seconds(1))
    #expect(configuration.http.publicURL == "http://127.0.0.1:8080")
  }

  @Test("The environment goes before the file, the file before the default")
  func layers() throws {
    let text = """
      [http]
      listen = "127.0.0.1:9000"
      public_url = "https://shop.example/"
      trusted_proxies = ["10.0.0.0/8", "::1"]
      [intake]
      lanes = 2
      redis_budget = "10ms"
      """
    let configuration = try parse(text, ["GKM_LISTEN": "[::1]:9001"])
    #expect(configuration.http.listen == .tcp(host: "::1", port: 9_001))
    #expect(configuration.http.publicURL == "https://shop.example")
    #expect(configuration.checkout.successURL.hasPrefix("https://shop.example/thanks"))
    #expect(configuration.mail.messageIDDomain == "shop.example")
    #expect(configuration.intake.lanes == 2)
    #expect(configuration.intake.redisBudget == .milliseconds(10))
  }

  @Test(
    "A mistake is told with its line and column",
    arguments: [
      ("a = = 1", "gkmd.toml:1:5: "),
      ("[http]\n  lisen = \"x:1\"", "gkmd.toml:2:3: unknown setting http.lisen: did you mean http.listen?"),
      ("[http]\nlisten = \"nowhere\"", "gkmd.toml:2:1: http.listen: host:port or unix:/path is wanted"),
      ("[http]\nlisten = 80", "gkmd.toml:2:1: http.listen: a text in quotes is wanted"),
      ("[intake]\n\nlanes = 99", "gkmd.toml:3:1: intake.lanes: a whole number from 1 to 16 is wanted"),
      (
        "intake.redis_budget = \"1 hour\"",
        "gkmd.toml:1:1: intake.redis_budget: a time from 1ms to 1s is wanted, as \"30s\" or \"25ms\""
      ),
      ("[stripe]\napi_key = \"sk\"", "gkmd.toml:2:1: stripe.api_key: a secret does not belong in this file"),
      ("[http]\ntrusted_proxies = [\"10.0.0.0/40\"]", "gkmd.toml:2:1: http.trusted_proxies: 10.0.0.0/40 is no address"),
      ("[x.y]\nz = 1979-05-27", "gkmd.toml:2:1: x.y.z: a text, a whole number"),
    ])
  func mistakes(text: String, start: String) {
    let told = problems(text)
    #expect(told.contains { $0.hasPrefix(start) }, "\(told)")
  }

  @Test("All mistakes are told at once")
  func allMistakes() {
    #expect(problems("mode = \"x\"\n[intake]\nlanes = 0\nbatch_limit = 0").count == 3)
    #expect(problems("", ["GKM_LISTEN": "nowhere"]) == ["GKM_LISTEN: http.listen: host:port or unix:/path is wanted"])
  }

  @Test("Secrets come from files and credentials, and in production never from the environment")
  func secrets() throws {
    let folder = try TestRun.shared.get().path("credentials")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("whsec_a,whsec_b\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/stripe_webhook_secret"))
    try Data("sk_test_file\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/key"))
    let text = "mode = \"production\"\n[stripe]\napi_key_file = \"\(folder)/key\""
    let configuration = try parse(text, ["CREDENTIALS_DIRECTORY": folder])
    #expect(configuration.stripe.webhookSecrets.map(\.text) == ["whsec_a", "whsec_b"])
    #expect(configuration.stripe.apiKey?.text == "sk_test_file")
    let told = problems("mode = \"production\"", ["STRIPE_API_KEY": "sk_live_x"])
    #expect(
      told == [
        "STRIPE_API_KEY: stripe.api_key: in production a secret comes from a file or a credential, not the environment"
      ])
    #expect(problems("[redis]\nurl_file = \"/nowhere/at/all\"").first?.contains("/nowhere/at/all") == true)
  }

  @Test("What is in force is shown without any secret")
  func shown() throws {
    let environment = [
      "STRIPE_API_KEY": "sk_test_canary", "REDIS_URL": "redis://u:canary@h:1/0", "SMTP_URL": "smtp://u:canary@h",
      "GKM_DATABASE_URL": "postgresql://u:canary@h/db", "GKM_MASTER_KEY": String(repeating: "ca", count: 32),
      "STRIPE_WEBHOOK_SECRET": "whsec_canary",
    ]
    let (configuration, entries) = try Configuration.parse("", named: "", environment: environment)
    for entry in entries { #expect(!entry.value.contains("canary") && !entry.value.contains("caca")) }
    #expect(!"\(configuration.stripe) \(configuration.keys) \(configuration.redis)".contains("canary"))
    #expect(entries.contains { $0.name == "stripe.api_key" && $0.origin == "STRIPE_API_KEY" })
    #expect(configuration.missing(for: Set(DaemonPart.allCases)) == [])
    #expect(try parse("").missing(for: [.pages]).count == 2)
  }

  @Test("Addresses are read in both families, and ranges hold what they say")
  func addresses() throws {
    let rule = ClientAddressRule(trusted: [
      try #require(AddressRange("10.0.0.0/8")), try #require(AddressRange("2001:db8::/32")),
    ])
    #expect(rule.client(peer: "203.0.113.9", forwardedFor: ["1.2.3.4"])?.text == "203.0.113.9")
    #expect(rule.client(peer: "10.1.2.3", forwardedFor: ["1.2.3.4, 10.9.9.9"])?.text == "1.2.3.4")
    #expect(rule.client(peer: "10.1.2.3", forwardedFor: ["6.6.6.6, 1.2.3.4", "2001:db8::5"])?.text == "1.2.3.4")
    #expect(rule.client(peer: "::ffff:10.1.2.3", forwardedFor: ["1.2.3.4"])?.text == "1.2.3.4")
    #expect(rule.client(peer: "10.1.2.3", forwardedFor: ["nonsense"])?.text == "10.1.2.3")
    #expect(rule.client(peer: "10.1.2.3", forwardedFor: [])?.text == "10.1.2.3")
    #expect(rule.client(peer: nil, forwardedFor: ["1.2.3.4"]) == nil)
    #expect(IPAddress("2001:db8:1:2:3::9")?.clientKey == IPAddress("2001:db8:1:2:ffff::1")?.clientKey)
    #expect(AddressRange("10.0.0.0/33") == nil && AddressRange("x") == nil && AddressRange("::/129") == nil)
  }
}
