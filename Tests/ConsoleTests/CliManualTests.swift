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
}
