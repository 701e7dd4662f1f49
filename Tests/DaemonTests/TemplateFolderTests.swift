import Foundation
import Messages
import Testing

@testable import Daemon

@Suite("An operator's own texts")
struct TemplateFolderTests {
  private static func read(_ folder: String) throws -> Configuration {
    try Configuration.parse("[mail]\ntemplates = \"\(folder)\"\n", named: "gkmd.toml", environment: [:]).configuration
  }

  @Test("They take the place of ours, and what is wrong with them is told with its place")
  func folder() throws {
    let folder = "\(NSTemporaryDirectory())/gkm-templates-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    try write(
      "address_code.de.txt",
      "[subject]\nDein Code\n[text]\n{{code}} {{minutes}}\n[html]\n<p>{{code}} {{minutes}}</p>\n")
    #expect(try Self.read(folder).mail.templates.map { "\($0.id)" } == ["address_code.de"])

    try write("address_code.en.txt", "[subject]\nCode\n[text]\nHi\n{{cod}}\n[html]\n<p></p>\n")
    try write("nonsense.txt", "")
    let error = #expect(throws: ConfigurationError.self) { try Self.read(folder) }
    let told = error?.problems.map(\.description) ?? []
    #expect(told.contains { $0.hasPrefix("\(folder)/address_code.en.txt:5:1: address_code has no value 'cod'") })
    #expect(told.contains { $0.hasPrefix("\(folder)/nonsense.txt: is no template's name") })
    #expect(told.count == 2)
  }

  @Test("A folder that is not there is told of")
  func missing() {
    let error = #expect(throws: ConfigurationError.self) { try Self.read("/nonexistent/templates") }
    #expect(error?.problems.first?.message.hasPrefix("mail.templates: cannot be read") == true)
  }
}
