import Glibc
import Testing

@testable import Terminal

@Suite("Themes")
struct ThemeTests {
  private func theme(_ toml: String, name: String = "mine", directories: [String] = []) throws -> Theme {
    try ThemeLibrary(directories: directories).theme(named: name, toml: toml, file: "mine.toml")
  }

  @Test("every embedded theme loads, and equals its file in Themes")
  func embedded() throws {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    let files = fileNames(in: "\(folder)/Themes").filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }
    #expect(files.sorted() == BuiltInThemes.sources.keys.sorted())
    for (name, toml) in BuiltInThemes.sources {
      let file = try #require(readFile("\(folder)/Themes/\(name).toml", limit: 1 << 20))
      #expect(String(decoding: file, as: UTF8.self) == toml)
      let theme = try ThemeLibrary().theme(named: name)
      #expect(!theme.summary.isEmpty)
    }
  }

  @Test("in every theme and at every depth, the selection and the states can be told from plain text")
  func distinct() throws {
    for name in BuiltInThemes.sources.keys {
      let theme = try ThemeLibrary().theme(named: name)
      for depth in [ColorDepth.mono, .eight, .sixteen, .full] {
        let plain = theme.drawn(.text, at: depth)
        for role in [StyleRole.selection, .selectionUnfocused, .danger, .toast, .bannerStale] {
          #expect(theme.drawn(StyleID(role), at: depth) != plain, "\(name) \(depth) \(role.name)")
        }
        for role in StyleRole.allCases {
          let drawn = theme.drawn(StyleID(role, over: .selection), at: depth)
          #expect(drawn.foreground != drawn.background || drawn.foreground == -1, "\(name) \(depth) \(role.name)")
        }
      }
    }
  }

  @Test("a theme inherits styles and palette, and its own win")
  func inheritance() throws {
    let theme = try theme(
      """
      inherits = "dark"
      [palette]
      sky = 201
      [roles]
      "state.ok" = { fg = "sky", italic = true }
      """)
    #expect(theme[.stateOk] == Style(foreground: .indexed(201), .italic))
    #expect(theme[.title].foreground == .indexed(201))
    #expect(theme[.stateFailed] == Theme.dark[.stateFailed])
  }

  @Test("role names may be quoted or dotted")
  func spellings() throws {
    let dotted = try theme("[roles]\nstate.ok = \"green\"\nstate.failed = { fg = 9 }\n[roles.banner]\nstale = \"red\"")
    #expect(dotted[.stateOk].foreground == .indexed(2))
    #expect(dotted[.stateFailed].foreground == .indexed(9))
    #expect(dotted[.bannerStale].foreground == .indexed(1))
  }

  @Test(
    "an error names the file, line and column",
    arguments: [
      ("[roles]\n\n  \"stat.ok\" = \"red\"", 3, 3, "unknown role \"stat.ok\""),
      ("[roles]\ntitle = { fg = \"red\", blink = true }", 2, 23, "unknown member \"blink\""),
      ("[roles]\ntitle = { bold = 1 }", 2, 11, "true or false"),
      ("[palette]\nsky = \"#12345\"", 2, 1, "unknown colour \"#12345\""),
      ("[palette]\nsky = { rich = 1 }", 2, 1, "both rich and basic"),
      ("# c\n[roles]\nstate.ok = { bg = \"nosuch\" }", 3, 14, "unknown colour \"nosuch\""),
      ("colour = 1", 1, 1, "unknown setting \"colour\""),
      ("summary = 4", 1, 1, "is a text"),
      ("[roles]\ntitle = [1]", 2, 1, "a colour is"),
    ])
  func errors(toml: String, line: Int, column: Int, message: String) {
    let error = #expect(throws: ThemeError.self) { try theme(toml) }
    #expect(error?.line == line)
    #expect(error?.column == column)
    #expect(error?.message.contains(message) == true)
    #expect(error?.description.hasPrefix("mine.toml:\(line):\(column): ") == true)
  }

  @Test("a syntax error names its place too")
  func syntax() {
    let error = #expect(throws: ThemeError.self) { try theme("[roles]\ntitle = = 1") }
    #expect(error?.line == 2)
    #expect((error?.column ?? 0) > 1)
  }

  @Test("circles and missing parents are refused")
  func circles() throws {
    var template = Array("/tmp/gkm-themes-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template)).withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
    defer {
      for name in fileNames(in: folder) where name.hasSuffix(".toml") { unlink("\(folder)/\(name)") }
      rmdir(folder)
    }
    for (name, toml) in [
      ("a", "inherits = \"b\""), ("b", "inherits = \"a\""), ("orphan", "inherits = \"nosuch\""),
      ("self", "inherits = \"self\""),
      ("dark", "inherits = \"dark\"\n[roles]\ntitle = \"red\""),
    ] {
      let file = open("\(folder)/\(name).toml", O_WRONLY | O_CREAT, 0o600)
      let bytes = Array(toml.utf8)
      _ = write(file, bytes, bytes.count)
      close(file)
    }
    let library = ThemeLibrary(directories: [folder])
    #expect(library.names.contains("orphan"))
    #expect(throws: ThemeError.self) { try library.theme(named: "a") }
    #expect(throws: ThemeError.self) { try library.theme(named: "orphan") }
    #expect(throws: ThemeError.self) { try library.theme(named: "self") }
    #expect(throws: ThemeError.self) { try library.theme(named: "../a") }
    // A file may extend the embedded theme of its own name.
    let extended = try library.theme(named: "dark")
    #expect(extended[.title].foreground == .indexed(1))
    #expect(extended[.stateOk] == Theme.dark[.stateOk])
  }

  @Test("the overlay's colours win and attributes add up")
  func layering() throws {
    let theme = try theme(
      """
      [roles]
      text = { fg = 0, bg = 15 }
      "state.failed" = { fg = 1, bold = true }
      selection = { bg = 4, underline = true }
      """)
    #expect(
      theme.style(StyleID(.stateFailed, over: .selection, .italic))
        == Style(foreground: .indexed(1), background: .indexed(4), [.bold, .underline, .italic]))
    #expect(theme.style(.muted) == theme.style(.text))
  }
}

@Suite("Colours degrade to what the terminal has")
struct ColorDepthTests {
  @Test(
    arguments: [
      (256, false, ColorDepth.full), (88, false, .sixteen), (16, false, .sixteen), (8, false, .eight),
      (0, false, .mono), (-1, false, .mono), (16_777_216, false, .full), (256, true, .mono),
    ])
  func depth(colors: Int, noColor: Bool, depth: ColorDepth) {
    #expect(ColorDepth(terminfoColors: colors, noColor: noColor) == depth)
  }

  @Test func colours() throws {
    let blue = try #require(Color(name: "#5fafff"))
    #expect(blue == .indexed(75))
    #expect(blue.index(at: .full) == 75)
    #expect(blue.index(at: .mono) == -1)
    #expect(Color.indexed(196).index(at: .sixteen) == 9)
    #expect(Color.indexed(196).index(at: .eight) == 1)
    #expect(Color.indexed(250, basic: 7).index(at: .sixteen) == 7)
    #expect(Color.indexed(8).index(at: .eight) == -1)
    #expect(Color(name: "default") == .standard)
    for bad in ["", "#12345", "#gggggg", "256", "-1", "+1", "mauve", "#+12345"] { #expect(Color(name: bad) == nil) }
  }

  @Test("without colours a background becomes reverse video")
  func mono() {
    let plain = Style()
    let selected = Style(background: .indexed(4), .bold)
    #expect(
      selected.drawn(at: .mono, plain: plain)
        == DrawnStyle(foreground: -1, background: -1, attributes: [.bold, .reverse]))
    #expect(selected.drawn(at: .eight, plain: plain).background == 4)
    let same = Style(foreground: .indexed(12), background: .indexed(4))
    #expect(same.drawn(at: .eight, plain: plain).attributes.contains(.reverse))
  }

  @Test("a preview shows every role, and no sequence where none is wanted")
  func preview() throws {
    for name in BuiltInThemes.sources.keys {
      let theme = try ThemeLibrary().theme(named: name)
      let plain = ThemePreview.lines(theme, at: nil)
      #expect(plain.count == StyleRole.allCases.count)
      #expect(plain.allSatisfy { !$0.contains("\u{1B}") })
      for line in ThemePreview.lines(theme, at: .full) {
        #expect(line.wholeMatch(of: /\x{1B}\[[0-9;]+m[^\x{1B}]+\x{1B}\[m/) != nil, "\(name)")
      }
    }
    #expect(
      ThemePreview.sequence(DrawnStyle(foreground: 9, background: 214, attributes: .bold)) == "\u{1B}[0;1;91;48;5;214m")
  }
}
