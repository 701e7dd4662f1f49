import Market
import Testing

@Suite("A vendor's file of keys") struct StockParserTests {
  private struct Found: Equatable {
    var line: Int
    var row: StockParser.Row
  }

  private func read(_ pieces: [[UInt8]], column: String? = nil) throws -> [Found] {
    var parser = StockParser(column: column)
    var found: [Found] = []
    for piece in pieces { try parser.feed(piece) { found.append(Found(line: $0, row: $1)) } }
    try parser.finish { found.append(Found(line: $0, row: $1)) }
    return found
  }

  private func keys(_ text: String, column: String? = nil) throws -> [String] {
    try read([Array(text.utf8)], column: column).map { found in
      guard case .key(let bytes) = found.row else { return "\(found.line) \(found.row)" }
      return "\(found.line) \(String(decoding: bytes, as: UTF8.self))"
    }
  }

  @Test("One key to a line, whatever ends the lines")
  func plain() throws {
    #expect(try keys("\u{FEFF}A-1\r\n\r\n  B-2\t\n# no key\nC 3") == ["1 A-1", "3 B-2", "5 C 3"])
    #expect(try keys("") == [])
    #expect(try keys("\n\n") == [])
    #expect(try keys("A") == ["1 A"])
    #expect(try keys("A\n") == ["1 A"])
  }

  @Test("CSV by its column, quoted as RFC 4180 has it")
  func csv() throws {
    #expect(try keys("id,Key\r\n1,\"A\"\"1\"\r\n2,\"B\n2\"\r\n3\r\n4,D") == ["2 A\"1", "3 B\n2", "5 noField", "6 D"])
    #expect(try keys("key\n\"\"\nA\n") == ["2 ", "3 A"])
    #expect(try keys("code,x\nA,1\n", column: "CODE") == ["2 A"])
    #expect(try keys("a,key\n\"x, y\",K,more\n") == ["2 K"])
  }

  @Test("What cannot be read is told with its place")
  func broken() {
    #expect(throws: StockFileError(line: 1, column: 1, "this looks like CSV, and no column is called `serial`")) {
      try keys("a,key\nb,c\n", column: "serial")
    }
    #expect(throws: StockFileError(line: 2, column: 3, "this quote is never closed")) { try keys("a,key\n1,\"x\n\n") }
    #expect(throws: StockFileError(line: 2, column: 5, "after a closing quote comes a comma or the line's end")) {
      try keys("key,b\n\"x\" \"y\",1\n")
    }
  }

  @Test("However long a line is, no more than a key of it is kept")
  func long() throws {
    let line = [UInt8](repeating: 0x41, count: 3 << 20)
    #expect(
      try read([line + [0x0A], Array("B\n".utf8)]) == [
        Found(line: 1, row: .tooLong), Found(line: 2, row: .key([0x42])),
      ])
    #expect(try read([Array("key,x\n".utf8), line, Array(",1\nB,2".utf8)]).map(\.row) == [.tooLong, .key([0x42])])
  }

  @Test("Cut anywhere, hostile or not, a file reads the same, and nothing breaks")
  func pieces() throws {
    var random = SeededGenerator(seed: 18)
    let alphabet: [UInt8] = Array("\"\"\",,\n\n\r key#AB-\u{0}".utf8) + [0xFF, 0xEF, 0xBB, 0xBF, 0xC3]
    for round in 0..<3_000 {
      var file = round % 2 == 0 ? Array("key,b\n".utf8) : []
      file += (0..<Int.random(in: 0...80, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      var pieces: [[UInt8]] = []
      var rest = file[...]
      while !rest.isEmpty {
        let count = Int.random(in: 1...7, using: &random)
        pieces.append(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
      let whole = Result { try read([file]) }
      let cut = Result { try read(pieces) }
      switch (whole, cut) {
      case (.success(let one), .success(let other)): #expect(one == other, "\(file)")
      case (.failure(let one as StockFileError), .failure(let other as StockFileError)):
        #expect(one == other, "\(file)")
      default: Issue.record("\(file): \(whole) and \(cut)")
      }
    }
  }

  @Test("Chunks hold their rows, and know their file")
  func chunks() throws {
    var writer = StockChunkWriter()
    writer.add(line: 1, .key, Array("A-1".utf8))
    writer.add(line: 3, .malformed)
    let first = writer.take()
    writer.add(line: 4, .tooLong)
    let second = writer.take()
    var reader = StockChunkReader()
    var found: [String] = []
    for chunk in [first, second] {
      try reader.read(chunk.clear, rows: chunk.rows) {
        found.append("\($0) \($1) \(String(decoding: $2, as: UTF8.self))")
      }
    }
    #expect(found == ["1 key A-1", "3 malformed ", "4 tooLong "])
    var other = StockChunkReader()
    #expect(throws: StockChunkError.otherFile) { try other.read(second.clear, rows: 1) { _, _, _ in } }
    var again = StockChunkReader()
    #expect(throws: StockChunkError.malformed) { try again.read(first.clear, rows: 3) { _, _, _ in } }
    for cut in 0..<first.clear.count {
      var short = StockChunkReader()
      #expect(throws: StockChunkError.self) {
        try short.read(Array(first.clear.prefix(cut)), rows: 2) { _, _, _ in }
      }
    }
  }

  @Test(
    "What looks like a key is offered to be looked for sealed",
    arguments: [
      ("AAAAA-BBBBB-11111", true), ("ABCD-EFGH-1234", true), ("A1B2C3D4E5F6G7H", true), ("GK-7Q2M-4XKD-9R", false),
      ("anna@example.com", false), ("pi_3Nabcdefghijklmnop", false), ("4242", false), ("keyhaus-store-north", false),
    ]) func looks(_ text: String, _ isKey: Bool)
  {
    #expect(KeyText.looksLikeKey(text) == isKey)
  }
}
