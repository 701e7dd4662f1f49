import Market
import Testing

@Suite("Free text holds nothing that acts on a terminal")
struct SafeTextTests {
  @Test("controls, bidirectional controls, separators and marks are refused, and only they")
  func rule() {
    var refused: Set<UInt32> = []
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      if SafeText.isRefused(scalar) { refused.insert(value) }
    }
    let expected = Set(0x00...0x1F).union(0x7F...0x9F).union(0x202A...0x202E).union(0x2066...0x2069)
      .union([0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF])
    #expect(refused == Set(expected.map { UInt32($0) }))
  }

  @Test("the place is named, and cleaning makes it safe")
  func place() {
    #expect(SafeText.violation(in: "ab\u{202E}c")?.description == "character 3 is U+202E, which free text cannot hold")
    #expect(SafeText.violation(in: "\r\n")?.column == 1)
    #expect(SafeText.isSafe("Zoë 😀 שלום"))
    #expect(SafeText.cleaned("a\u{1B}[2Jb") == "a\u{FFFD}[2Jb")
    #expect(SafeText.cleaned("abc", limit: 2) == "ab")
  }
}
