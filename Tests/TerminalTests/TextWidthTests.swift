import Testing

@testable import Terminal

@Suite("Text is measured and fitted by cells")
struct TextWidthTests {
  @Test(
    arguments: [
      ("", 0), ("abc", 3), ("漢字", 4), ("한국어", 6), ("e\u{301}", 1), ("😀", 2), ("สวัสดี", 4), ("…", 1), ("─", 1),
      ("Ｗｉｄｅ", 8), ("\u{1112}\u{1161}\u{11AB}", 2),
    ])
  func width(text: String, cells: Int) { #expect(TextWidth.of(text) == cells) }

  @Test(
    "truncation keeps within the cells, and never splits a wide character",
    arguments: [
      ("Katharina", 5, Truncation.end, "Kath…"), ("Katharina", 9, .end, "Katharina"), ("漢字漢字", 4, .end, "漢…"),
      ("漢字漢字", 5, .end, "漢字…"), ("ab cd", 4, .end, "ab…"), ("pi_3Mq7xA29", 7, .middle, "pi_…A29"),
      ("/srv/drops/x.csv", 8, .start, "…s/x.csv"), ("abcdef", 3, .clip, "abc"), ("漢字", 3, .clip, "漢"),
      ("abc", 1, .end, "…"), ("abc", 0, .end, ""), ("e\u{301}e\u{301}e\u{301}", 2, .end, "e\u{301}…"),
      ("漢字漢字漢字", 6, .middle, "漢…字"),
    ])
  func truncation(text: String, width: Int, how: Truncation, result: String) {
    #expect(TextWidth.truncate(text, to: width, how) == result)
    #expect(TextWidth.of(result) <= width)
  }

  @Test func padding() {
    #expect(TextWidth.pad("漢", to: 4) == "漢  ")
    #expect(TextWidth.pad("漢", to: 4, .right) == "  漢")
    #expect(TextWidth.pad("漢", to: 5, .center) == " 漢  ")
    #expect(TextWidth.pad("long", to: 2) == "long")
    #expect(TextWidth.fit("longer", to: 4, .right) == "lon…")
    #expect(TextWidth.fit("漢字", to: 3) == "漢…" || TextWidth.of(TextWidth.fit("漢字", to: 3)) == 3)
  }

  @Test("text wraps at spaces where it can, and at every line end")
  func wrapping() {
    #expect(TextWidth.wrap("the key was sent twice", to: 8) == ["the key", "was sent", "twice"])
    #expect(TextWidth.wrap("one\r\n\ntwo", to: 8) == ["one", "", "two"])
    #expect(TextWidth.wrap("abcdefghij", to: 4) == ["abcd", "efgh", "ij"])
    #expect(TextWidth.wrap("漢字漢字", to: 5) == ["漢字", "漢字"])
    #expect(TextWidth.wrap("漢a", to: 1) == ["…", "a"])
    #expect(TextWidth.wrap("a b c d", to: 1, maxLines: 2) == ["a", "…"])
    #expect(TextWidth.wrap("first line, second line", to: 12, maxLines: 1) == ["first line,…"])
    #expect(TextWidth.wrap("x", to: 0) == [])
  }
}
