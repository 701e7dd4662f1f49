import Market
import Testing

@Suite("Order numbers survive being typed")
struct OrderNumberTests {
  @Test("a number has its form and reads back, however it is typed")
  func form() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      let number = OrderNumber(random: random.next())
      let text = number.text
      #expect(text.wholeMatch(of: #/GK-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}/#) != nil)
      let body = String(text.dropFirst(3))
      let typed: [String] = [
        text, text.lowercased(), text.replacing("-", with: ""), text.replacing("-", with: " "),
        body,
        body.replacing("0", with: "O").replacing("1", with: "l"),
        body.replacing("0", with: "o").replacing("1", with: "I"),
      ]
      for other in typed { #expect(OrderNumber(other) == number, "\(other)") }
    }
  }

  @Test("any one wrong symbol and any two exchanged are caught")
  func check() throws {
    let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    var random = SeededGenerator(seed: 2)
    for _ in 0..<20 {
      let plain = Array(OrderNumber(random: random.next()).text.dropFirst(3).filter { $0 != "-" })
      for index in plain.indices {
        for symbol in alphabet where symbol != plain[index] {
          var wrong = plain
          wrong[index] = symbol
          #expect(OrderNumber(String(wrong)) == nil)
        }
        for other in plain.indices where plain[other] != plain[index] {
          var swapped = plain
          swapped.swapAt(index, other)
          #expect(OrderNumber(String(swapped)) == nil)
        }
      }
    }
  }

  @Test("other text is no number", arguments: ["", "GK", "GK-", "GK-UUUU-UUUU-UU", "évt_1", "GK-0000-0000-000"])
  func strangers(text: String) {
    #expect(OrderNumber(text) == nil)
  }
}
