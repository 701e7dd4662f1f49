import Market
import Store
import Terminal
import TestSupport
import Testing

@testable import Console

@Suite("gkm(1)") struct CliManualTests {
  /// Words behind a macro in the entries of a section, by the entry's tag.
  private static func entries(of section: String, tag: String, words macro: String) throws -> [String: [String]] {
    let page = try TextFile.read("\(TestRun.checkout)/man/gkm.1")
    var isInside = false
    var current = ""
    var found: [String: [String]] = [:]
    for line in page.split(separator: "\n") {
      let words = line.split(separator: " ").map { String($0.replacing("\\&", with: "")) }.filter { $0 != "," }
      if words.first == ".Sh" { isInside = words.dropFirst().joined(separator: " ") == section }
      guard isInside else { continue }
      if words.first == ".It", words.count > 2, words[1] == tag {
        current = words[2]
        found[current] = tag == macro ? Array(words.dropFirst(2)) : []
      } else if words.first == "." + macro {
        found[current, default: []] += words.dropFirst()
      }
    }
    return found
  }

  @Test("It lists the members of every list in their order")
  func members() throws {
    let members = try Self.entries(of: "OUTPUT FOR SCRIPTS", tag: "Sy", words: "Va")
    for kind in ListKind.allCases {
      #expect(Array((members[kind.rawValue] ?? []).prefix(kind.memberNames.count)) == kind.memberNames)
    }
  }

  @Test("It lists what each list can be filtered by")
  func fields() throws {
    let fields = try Self.entries(of: "FILTERS", tag: "Sy", words: "Cm")
    for kind in ListKind.allCases {
      let wanted = kind.schema(for: .ops).fields.map(\.name)
      #expect(Array((fields[kind.rawValue] ?? []).prefix(wanted.count)) == wanted, "\(kind)")
    }
  }

  @Test("It lists every key of the console, and no other")
  func keys() throws {
    let listed = try Self.entries(of: "THE CONSOLE", tag: "Ic", words: "Ic").values.flatMap { $0 }
    let bound = Command.table.flatMap { $0.keys.map(\.description) }
    #expect(Set(listed) == Set(bound))
  }

  @Test("Its pages on settings and themes name all that there is, and nothing else")
  func settingsAndRoles() throws {
    let settings = try TextFile.read("\(TestRun.checkout)/man/gkm-config.5")
    #expect(settings.matches(of: /(?m)^\.It Va ([a-z_]+)$/).map { String($0.1) } == ConsoleSettings.names)
    let themes = try TextFile.read("\(TestRun.checkout)/man/gkm-themes.5")
    #expect(themes.matches(of: /(?m)^\.It Sy ([a-z.]+)$/).map { String($0.1) } == StyleRole.allCases.map(\.name))
  }

  @Test("Its example of keys is one that the console takes")
  func exampleOfKeys() throws {
    let page = try TextFile.read("\(TestRun.checkout)/man/gkm-config.5")
    let examples = page.matches(of: /(?s)\.Bd -literal -offset indent\n(.*?)\.Ed/).map { String($0.1) }
    #expect(examples.count == 2)
    for example in examples { _ = try ConsoleSettings(toml: example, file: "example") }
  }

  @Test("The pages of section 5 are set without a warning", arguments: ["gkm-config.5", "gkm-themes.5"])
  func format(page: String) async throws {
    let result = try await ChildProcess.run(
      "groff", ["-ww", "-mandoc", "-Tutf8", "-z", "\(TestRun.checkout)/man/\(page)"])
    #expect(result.succeeded && result.errors.isEmpty, "\(result.errors)")
  }
}
