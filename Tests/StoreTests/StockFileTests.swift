import Market
import Store
import TestSupport
import Testing

@Suite("A file of keys of any bytes") struct StockFileTests {
  @Test("is read or refused at a place within it, and no line is lost", arguments: 1...4)
  func anyBytes(seed: UInt64) {
    var dice = Dice(seed: seed)
    let pieces: [[UInt8]] =
      [
        "key", "code", "KEY-1-AAAA", ",", "\"", "\"\"", "\n", "\r\n", "\r", "#", " ", "\t", ";", "ключ", "price,key\n",
        "key\n",
      ].map { Array($0.utf8) } + [[0xEF, 0xBB, 0xBF], [0x00], [0xFF], [0xC3], [UInt8](repeating: 0x41, count: 5_000)]
    for _ in 0..<1_500 {
      let file = (0..<dice.number(0...24)).flatMap { _ in dice.pick(pieces) }
      let lines = file.count { $0 == 0x0A } + 1
      do {
        let read = try StockFile(file)
        #expect(read.count <= lines)
        for line in read.lines { #expect((1...lines).contains(line.number)) }
        for refused in read.refused { #expect((1...lines).contains(refused.line)) }
      } catch let error as StockFileError {
        #expect((1...lines + 1).contains(error.line), "\(error) of \(lines) lines")
      } catch {
        Issue.record("\(error)")
      }
    }
  }
}
