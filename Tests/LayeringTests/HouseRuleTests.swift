import Foundation
import TestSupport
import Testing

@Suite("House rules")
struct HouseRuleTests {
  @Test("SQL stands in Store and in the wrapper that speaks it, nowhere else in the product")
  func sqlStaysInStore() throws {
    let statement =
      /\b(SELECT\s+\S+.*\sFROM\s|INSERT\s+INTO\s|DELETE\s+FROM\s|UPDATE\s+\S+\s+SET\s|CREATE\s+(TABLE|INDEX|FUNCTION|ROLE|SCHEMA)\s|ALTER\s+(TABLE|ROLE)\s|SELECT\s+(api|gkm)\.)/
    let homes: Set<String> = ["Store", "Postgres", "TestSupport", "Bench"]
    for file in try Checkout.files("Sources", withSuffix: ".swift") where !homes.contains(file.target) {
      for line in file.code {
        #expect(
          line.text.firstMatch(of: statement) == nil, "\(Checkout.place(file, line.number)): SQL in \(file.target)")
      }
    }
  }

  @Test("A file is at most 400 lines long")
  func filesAreShort() throws {
    for file in try Checkout.files("Sources", "Tests", ".scripts")
    where file.path.hasSuffix(".swift") || file.path.hasPrefix(".") {
      #expect(file.lines.count <= 401, "\(file.path) has \(file.lines.count - 1) lines")
    }
  }

  @Test("No file names a machine's own paths, and none puts work off")
  func nothingForeign() throws {
    // Put together here, so that this file does not hold them.
    let words = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "TO" + "DO", "FIX" + "ME"]
    let everything = try Checkout.files(
      "Sources", "Tests", "Themes", "man", ".scripts", ".ci", "Makefile", "README.md", "Package.swift")
    for file in everything {
      for line in file.lines {
        for word in words {
          #expect(!line.text.contains(word), "\(Checkout.place(file, line.number)): \(word)")
        }
      }
    }
  }

  @Test("What ends a process for a test is in debug builds alone")
  func faultsAreForTests() throws {
    for file in try Checkout.files("Sources", withSuffix: ".swift") {
      var branches: [Bool] = []
      for line in file.code {
        let text = line.text.drop { $0 == " " }
        if text.hasPrefix("#if") {
          branches.append(text == "#if DEBUG")
        } else if text.hasPrefix("#else") {
          branches[branches.count - 1] = false
        } else if text.hasPrefix("#endif") {
          branches.removeLast()
        }
        if text.contains("FaultPlan") || text.contains("GKM_FAULT") || text.contains("GKM_CLOCK_OFFSET") {
          #expect(branches.contains(true), "\(Checkout.place(file, line.number)): in a release build, too")
        }
      }
    }
  }

  @Test("@unchecked Sendable says what guards it")
  func uncheckedIsExplained() throws {
    for file in try Checkout.files("Sources", withSuffix: ".swift") {
      let lines = file.lines
      for (index, line) in lines.enumerated() where line.text.contains("@unchecked Sendable") {
        let before = lines[..<index].suffix(8).map(\.text)
        let explained = line.text.contains("//") || before.contains { $0.contains("//") }
        #expect(explained, "\(Checkout.place(file, line.number)): name the guard in a comment")
      }
    }
  }

  @Test("The sources are formatted")
  func formatted() async throws {
    let result = try await ChildProcess.run(
      "swift",
      [
        "format", "lint", "--strict", "--parallel", "--recursive", "--configuration",
        "\(TestRun.checkout)/.swift-format",
      ]
        + ["Package.swift", "Sources", "Tests"].map { "\(TestRun.checkout)/\($0)" },
      within: .seconds(300))
    #expect(result.succeeded, "\(result.errors)")
  }

  @Test("The README's make commands exist")
  func readmeCommands() throws {
    let makefile = try #require(try Checkout.files("Makefile").first).text
    let targets = Set(makefile.matches(of: /(?m)^([a-z][a-z-]*):/).map { String($0.1) })
    for file in try Checkout.files("README.md", "man") {
      for line in file.lines {
        // Commands, not the verb of a sentence: at a line's start or within backquotes.
        for match in line.text.matches(of: /(?:^\s*|`|\\fB)make ([a-z][a-z-]*)/) {
          #expect(targets.contains(String(match.1)), "\(Checkout.place(file, line.number)): no target '\(match.1)'")
        }
      }
    }
  }

  @Test("Every make target says what it does")
  func targetsAreExplained() throws {
    let makefile = try #require(try Checkout.files("Makefile").first)
    for line in makefile.lines {
      if let match = line.text.firstMatch(of: /^([a-z][a-z-]*):/) {
        #expect(line.text.contains("## "), "Makefile:\(line.number): \(match.1) has no '## …'")
      }
    }
  }
}
