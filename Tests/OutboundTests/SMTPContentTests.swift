import Testing

@testable import Outbound

@Suite("A mail's content on the wire")
struct SMTPContentTests {
  @Test(
    "ends every line in CRLF, doubles leading dots and ends with a dot",
    arguments: [
      ("", ".\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), (".", "..\r\n.\r\n"),
      (".\r\n", "..\r\n.\r\n"), ("a\r\n.b\r\n..c", "a\r\n..b\r\n...c\r\n.\r\n"),
      ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"), ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
      ("a\n.\r\nMAIL FROM:<x@y>", "a\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n"), ("\r\n\r\n", "\r\n\r\n.\r\n"),
      ("\n\r", "\r\n\r\n.\r\n"),
    ])
  func encodes(message: String, wire: String) {
    let content = SMTPContent(Array(message.utf8))
    #expect(String(decoding: content.bytes, as: UTF8.self) == wire)
  }

  @Test("knows its size without the doubled dots, and whether it needs eight bits")
  func measures() {
    #expect(SMTPContent(Array("a\r\n.b\r\n".utf8)).size == 7)
    #expect(!SMTPContent(Array("a".utf8)).isEightBit)
    #expect(SMTPContent(Array("é".utf8)).isEightBit)
  }
}
