import Foundation
import TestSupport
import Testing

@Suite("systemd units") struct UnitFileTests {
  private static func units() throws -> [Checkout.File] { try Checkout.files(".systemd", withSuffix: ".service") }

  @Test("Each unit is exposed to at most 1.5")
  func exposure() async throws {
    let units = try Self.units()
    #expect(units.map(\.path) == [".systemd/gkmd-seal.service", ".systemd/gkmd.service"])
    let result = try await ChildProcess.run(
      "\(TestRun.checkout)/.scripts/exposure", units.map { "\(TestRun.checkout)/\($0.path)" }, within: .seconds(120))
    #expect(result.succeeded, "\(result.errors)")
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.count == units.count)
    for line in lines {
      let level = try #require(line.last.flatMap { Double($0) })
      #expect(level <= 1.5, "\(line[0])")
    }
  }

  @Test("A unit hands over only credentials that the program reads, and no secret by another way")
  func credentials() throws {
    let sources = try Checkout.files("Sources/Daemon/Configuration", withSuffix: ".swift").map(\.text).joined()
    for unit in try Self.units() {
      let names = unit.text.matches(of: /(?m)^LoadCredential=([a-z_]+):/).map { String($0.1) }
      #expect(!names.isEmpty)
      for name in names { #expect(sources.contains("credential: \"\(name)\""), "\(unit.path): \(name)") }
      #expect(!unit.text.contains("\nEnvironment"), "\(unit.path)")
    }
  }

  @Test("The sealer's key is in no hand but the sealer's")
  func sealingKey() throws {
    for unit in try Self.units() {
      let isSealer = unit.text.contains("seal run")
      #expect(unit.text.contains("LoadCredential=seal_key:") == isSealer)
      #expect(unit.text.contains("LoadCredential=master_key:") == !isSealer)
      #expect(unit.text.contains(isSealer ? "\nUser=gkm-seal\n" : "\nUser=gkmd\n"))
    }
  }

  @Test("The Redis users of the manual are those that everything here is tested with")
  func redisUsers() throws {
    let script = try #require(try Checkout.files(".scripts/redis").first).text
    let manual = try #require(try Checkout.files("man/gkmd.8").first).text
    func words(_ text: String, user: String) throws -> Set<Substring> {
      let start = try #require(text.firstRange(of: "\nuser \(user) ")).upperBound
      let end = try #require(text[start...].firstRange(of: /\n(?:user |ACL\n|\.Ed\n)/)).lowerBound
      let secrets = ["#$(sha256", ">SECRET", "<\"$folder/\(user).password\")"]
      return Set(text[start..<end].split(whereSeparator: \.isWhitespace)).subtracting(secrets.map { $0[...] })
    }
    for user in ["default", "daemon", "staff"] {
      #expect(try words(script, user: user) == words(manual, user: user))
    }
    #expect(try words(manual, user: "staff").contains("%RW~gkm:presence:*"))
  }
}
