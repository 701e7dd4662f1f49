import Testing

@testable import Terminal

@Suite("Bytes from a terminal become events")
struct InputDecoderTests {
  private func decode(_ text: String) -> [InputEvent] {
    var decoder = InputDecoder()
    return decoder.feed(Array(text.utf8)) + decoder.flush()
  }

  @Test(
    arguments: [
      ("\u{1B}[A", Key(.up)), ("\u{1B}OB", Key(.down)), ("\u{1B}[1;5C", Key(.right, .control)),
      ("\u{1B}[1;2D", Key(.left, .shift)), ("\u{1B}[H", Key(.home)), ("\u{1B}[4~", Key(.end)),
      ("\u{1B}[7~", Key(.home)),
      ("\u{1B}[5~", Key(.pageUp)), ("\u{1B}[6;3~", Key(.pageDown, .alt)), ("\u{1B}[3~", Key(.delete)),
      ("\u{1B}[2~", Key(.insert)), ("\u{1B}OP", Key(.function(1))), ("\u{1B}[[B", Key(.function(2))),
      ("\u{1B}[15~", Key(.function(5))), ("\u{1B}[17~", Key(.function(6))), ("\u{1B}[24~", Key(.function(12))),
      ("\u{1B}[1;2P", Key(.function(1), .shift)), ("\u{1B}[Z", .backtab), ("\t", Key(.tab)), ("\r", Key(.enter)),
      ("\u{7F}", Key(.backspace)), ("\u{8}", Key(.backspace)), ("\u{3}", .control("c")), ("\u{1A}", .control("z")),
      ("\u{0}", .control(" ")), ("\u{1F}", .control("_")), ("\u{1B}x", .alt("x")), ("\u{1B}\r", Key(.enter, .alt)),
      ("\u{1B}é", .alt("é")), ("\u{1B}\u{1B}[A", Key(.up, .alt)), ("\u{1B}", Key(.escape)),
      ("\u{1B}[27;5u", Key(.escape, .control)), ("\u{1B}[120;5u", .control("x")), ("\u{1B}[a", Key(.up, .shift)),
      ("\u{1B}Oa", Key(.up, .control)), ("\u{1B}[3^", Key(.delete, .control)), ("\u{1B}[5$", Key(.pageUp, .shift)),
    ])
  func keys(bytes: String, key: Key) { #expect(decode(bytes) == [.key(key)]) }

  @Test("text arrives by character, in whatever pieces it comes")
  func text() {
    #expect(decode("aé漢😀") == ["a", "é", "漢", "😀"].map { .character($0) })
    var decoder = InputDecoder()
    var events: [InputEvent] = []
    for byte in Array("漢\u{1B}[1;5A😀".utf8) { events += decoder.feed([byte]) }
    #expect(events == [.character("漢"), .key(Key(.up, .control)), .character("😀")])
    #expect(decoder.flushAfterMilliseconds == nil)
  }

  @Test("bytes that are no UTF-8 become one replacement, and what follows is kept")
  func malformed() {
    var decoder = InputDecoder()
    #expect(decoder.feed([0xFF, 0x61, 0xE6, 0xBC, 0x62]) == ["\u{FFFD}", "a", "\u{FFFD}", "b"].map { .character($0) })
    #expect(decoder.feed([0xE6]) == [])
    #expect(decoder.flush() == [.character("\u{FFFD}")])
  }

  @Test("a lone Escape waits 25 ms, the beginning of a sequence longer")
  func patience() {
    var decoder = InputDecoder()
    _ = decoder.feed([0x1B])
    #expect(decoder.flushAfterMilliseconds == 25)
    _ = decoder.feed([0x5B])
    #expect(decoder.flushAfterMilliseconds == 500)
    #expect(decoder.flush() == [.key(.alt("["))])
  }

  @Test("a paste is one event, whatever it holds")
  func paste() {
    #expect(decode("\u{1B}[200~a\r\nb\rc\u{1B}[A\u{1B}[201~x") == [.paste("a\nb\nc\u{1B}[A"), .character("x")])
    #expect(decode("\u{1B}[200~cut") == [.paste("cut")])
  }

  @Test("an endless paste is cut at a megabyte")
  func endlessPaste() {
    var decoder = InputDecoder()
    _ = decoder.feed(Array("\u{1B}[200~".utf8))
    _ = decoder.feed([UInt8](repeating: 0x78, count: InputDecoder.maximumPasteBytes + 100_000))
    guard case .paste(let text) = decoder.feed(Array("\u{1B}[201~".utf8)).first else {
      Issue.record("no paste")
      return
    }
    #expect(text.utf8.count == InputDecoder.maximumPasteBytes)
  }

  @Test("mouse reports")
  func mouse() {
    #expect(decode("\u{1B}[<0;10;5M") == [.mouse(Mouse(.press, .left, at: Position(row: 4, column: 9)))])
    #expect(decode("\u{1B}[<0;10;5m") == [.mouse(Mouse(.release, .left, at: Position(row: 4, column: 9)))])
    #expect(decode("\u{1B}[<65;1;1M") == [.mouse(Mouse(.wheelDown, .none, at: Position(row: 0, column: 0)))])
    #expect(decode("\u{1B}[<18;2;1M") == [.mouse(Mouse(.press, .right, at: Position(row: 0, column: 1), .control))])
  }

  @Test("what is not understood is dropped whole, and nothing crashes the decoder")
  func garbage() {
    #expect(decode("\u{1B}[?1;2cx") == [.character("x")])
    #expect(decode("\u{1B}[<99999999999;1M\u{1B}[999999999999999999~y") == [.character("y")])
    #expect(decode("\u{1B}[12\u{1B}[Az") == [.key(Key(.up)), .character("z")])
    var decoder = InputDecoder()
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 1...20)).map { _ in
        [0x1B, 0x5B, 0x4F, 0x3B, 0x31, 0x7E, 0x3C, .random(in: 0...255)].randomElement(using: &generator) ?? UInt8(0)
      }
      _ = decoder.feed(bytes)
      if Bool.random() { _ = decoder.flush() }
    }
  }

  @Test(
    "a key's name reads back as the key",
    arguments: [
      Key(.up), .control("x"), .alt("x"), Key(.enter, .alt), .backtab, Key(.function(12), .shift), Key(.character(" ")),
      Key(.character("-")), .control("-"), Key(.character("?")), Key(.character("é")), .control(" "),
      Key(.pageDown, [.control, .alt]), Key(.character("f")), Key(.escape),
    ])
  func names(key: Key) { #expect(Key(key.description) == key) }

  @Test("what is no key's name is refused")
  func noNames() {
    for text in ["", "ctrl-", "f0", "f25", "upp", "shift-a", "hyper-x"] { #expect(Key(text) == nil, "\(text)") }
    #expect(Key("ctrl-X") == .control("x"))
    #expect(Key("pgdn")?.description == "pgdn")
  }
}

@Suite("The clipboard sequence")
struct ClipboardTests {
  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("漢", "5ryi")])
  func base64(text: String, encoded: String) {
    #expect(Clipboard.sequence(for: text) == "\u{1B}]52;c;\(encoded)\u{07}")
  }

  @Test("what terminals would not take is refused") func tooLong() {
    #expect(Clipboard.sequence(for: String(repeating: "x", count: Clipboard.maximumBytes + 1)) == nil)
  }
}
