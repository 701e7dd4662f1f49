import Testing

@testable import Terminal

@Suite("Text that reaches a cell is clean")
struct SanitizerTests {
  @Test(
    "what a terminal would obey, hide or reorder becomes a visible mark",
    arguments: [
      ("\u{1B}[2Jgone", "␛[2Jgone"), ("a\u{0}b\r\n\tc", "a␀b␍␊␉c"), ("\u{7F}", "␡"),
      ("\u{9B}31m", "�31m"), ("\u{85}", "␤"), ("a\u{2028}b\u{2029}", "a␤b␤"),
      ("evil\u{202E}gpj.exe", "evil⇄gpj.exe"), ("\u{2066}x\u{2069}\u{200F}\u{61C}", "⇄x⇄⇄⇄"),
      ("\u{FEFF}bom", "␣bom"), ("pay\u{200B}pal", "pay␣pal"), ("soft\u{AD}hyphen", "soft␣hyphen"),
      ("\u{E0001}\u{E0041}", "␣␣"), ("\u{3164}\u{115F}\u{FFA0}", "␣␣␣"), ("\u{E000}\u{378}\u{FFFE}", "���"),
      ("\u{FDFD}", "�"),
    ])
  func marks(hostile: String, shown: String) {
    #expect(Sanitizer.clean(hostile) == shown)
    #expect(TextWidth.of(hostile) == shown.unicodeScalars.count)
  }

  @Test(
    "what terminals measure differently is narrowed to what all measure alike",
    arguments: [
      ("👨\u{200D}👩\u{200D}👧!", "👨!", 3), ("❤\u{FE0F}", "❤", 1), ("👍🏽", "👍", 2), ("1\u{FE0F}\u{20E3}", "1", 1),
      ("🇩🇪", "DE", 2), ("🏴\u{E0067}\u{E0062}\u{E007F}", "🏴", 2), ("🏳\u{FE0F}\u{200D}🌈", "🏳", 1),
    ])
  func narrowed(text: String, shown: String, width: Int) {
    #expect(Sanitizer.clean(text) == shown)
    #expect(TextWidth.of(text) == width)
  }

  @Test(
    "names from many scripts stay as they are",
    arguments: [
      "Zoë Müller", "Ελένη", "Дмитрий", "محمد", "שלום", "नमस्ते", "สวัสดี", "山田太郎", "김민준", "Nguyễn", "e\u{301}",
      "Ⅻ ½ €", "😀",
    ])
  func names(name: String) {
    #expect(Array(Sanitizer.clean(name).unicodeScalars) == Array(name.unicodeScalars))
  }

  @Test("joiners belong to the spelling of Persian and Hindi, and nowhere else")
  func joiners() {
    #expect(Sanitizer.clean("می\u{200C}خواهم") == "میخواهم")
    #expect(Sanitizer.clean("क्\u{200D}ष") == "क्ष")
    #expect(Sanitizer.clean("pay\u{200D}pal") == "pay␣pal")
  }

  @Test("combining marks neither stand alone nor pile up")
  func piles() {
    #expect(Sanitizer.clean("\u{301}x") == "◌\u{301}x")
    let pile = "a" + String(repeating: "\u{300}\u{316}", count: 5_000) + "b"
    #expect(Sanitizer.clean(pile).unicodeScalars.count == 1 + Glyph.maximumMarks + 1)
    #expect(TextWidth.of(pile) == 2)
  }

  @Test("no scalar at all can smuggle a control, and cleaning twice changes nothing more")
  func everyScalar() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let clean = Sanitizer.clean("x\(scalar)y")
      for shown in clean.unicodeScalars where shown.value >= 0x7F || shown.value < 0x20 {
        switch shown.properties.generalCategory {
        case .control, .format, .unassigned, .privateUse, .surrogate, .lineSeparator, .paragraphSeparator:
          Issue.record("U+\(String(value, radix: 16)) passes as U+\(String(shown.value, radix: 16))")
        default: break
        }
      }
      if value % 7 == 0 { #expect(Sanitizer.clean(clean) == clean) }
    }
  }

  @Test("bytes that are no UTF-8 are replaced")
  func bytes() {
    #expect(Sanitizer.clean(bytes: [0x61, 0xFF, 0xC0, 0x62] as [UInt8]) == "a��b")
  }

  @Test("a cell is sixteen bytes") func cellSize() { #expect(MemoryLayout<Cell>.stride == 16) }
}
