import Glibc
import Testing

@testable import Console

@Suite struct RememberedTests {
  private func withFile(_ body: (RememberedFile) throws -> Void) throws {
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    try body(RememberedFile(path: "\(folder)/remembered.toml"))
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    try withFile { file in
      #expect(file.read() == Remembered())
      var remembered = Remembered()
      remembered.theme = "light"
      remembered.isHintSeen = true
      remembered.isPaneHidden = true
      remembered.hiddenColumns = ["orders": ["customer", "vendor"]]
      remembered.keep(filter: #"state:stuck title:"a \ b" since:2h"#, of: "orders")
      remembered.keep(filter: "reply:é", of: "deliveries")
      file.write(remembered)
      #expect(file.read() == remembered)
    }
  }

  @Test func aFileThatMakesNoSenseIsAsNone() throws {
    try withFile { file in
      let text = Array("theme = [\n\u{0}".utf8)
      let descriptor = open(file.path, O_WRONLY | O_CREAT, 0o600)
      write(descriptor, text, text.count)
      close(descriptor)
      #expect(file.read() == Remembered())
    }
  }

  @Test func noMoreFiltersAreKeptThanAreOfUse() {
    var remembered = Remembered()
    for number in 0..<100 { remembered.keep(filter: "word\(number)", of: "orders") }
    #expect(remembered.filters["orders"]?.count == Remembered.filterLimit)
    #expect(remembered.filters["orders"]?.first == "word99")
  }
}
