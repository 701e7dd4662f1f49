import Market
import Testing

@Suite("How a list is sorted") struct FilterSortTests {
  private static let schema = FilterSchema([FilterField("state", .enumeration(["open", "done"]))], mainField: "state")
    .sortable(by: ["id", "amount"])
  private static let now = Instant(unixSeconds: 1_700_000_000)

  private func problem(_ text: String, _ schema: FilterSchema = schema) -> FilterError? {
    do {
      _ = try schema.parse(text, now: Self.now)
      return nil
    } catch { return error }
  }

  @Test("sort: stands anywhere among the terms, and is none of them; - turns it round")
  func reads() throws {
    let down = try Self.schema.parse("state:open sort:amount", now: Self.now)
    #expect(down.terms.count == 1)
    #expect(down.sort == FilterSort(name: "amount"))
    let up = try Self.schema.parse("-sort:AMOUNT open", now: Self.now)
    #expect(up.terms.count == 1)
    #expect(up.sort == FilterSort(name: "amount", isAscending: true))
    #expect(try Self.schema.parse("open", now: Self.now).sort == nil)
  }

  @Test("What has no index is refused with the names of those that have one, and where it stands")
  func refuses() {
    let unknown = problem("open sort:amont")
    #expect(unknown?.column == 11)
    #expect(unknown?.message == "only what has an index sorts this list: id, amount")
    #expect(unknown?.suggestion == "amount")
    #expect(problem("sort:id sort:amount")?.message == "a list is sorted by one thing: `sort:` stands twice")
    #expect(problem("sort:id,amount") != nil)
    #expect(problem("sort>id")?.message == "`sort` takes `:`")
    #expect(problem("sort:id", FilterSchema([]))?.message == "this list has one order, and cannot be sorted")
  }

  @Test("Both are completed")
  func completes() {
    #expect(Self.schema.complete("so").candidates.map(\.text) == ["sort:"])
    #expect(Self.schema.complete("sort:").candidates.map(\.text) == ["id", "amount"])
  }
}
