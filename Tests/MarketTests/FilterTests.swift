import Market
import Testing

@Suite("The filter line says what it means, or where it is wrong")
struct FilterTests {
  static let schema = FilterSchema(
    [
      FilterField("state", .enumeration(["open", "paid", "stuck", "refunded", "awaiting_async"]), "where it stands"),
      FilterField("vendor", .id, "whose"),
      FilterField("buyer", .text),
      FilterField("created", .time),
      FilterField("amount", .money),
      FilterField("attempts", .integer),
    ], timeField: "created", mainField: "state")

  /// A Sunday, at noon.
  static let now = Instant(unixSeconds: 1_772_366_400)

  private static func predicates(_ text: String) throws -> [FilterPredicate] {
    try schema.parse(text, now: now).terms.map(\.predicate)
  }

  private static func error(_ text: String) -> FilterError? {
    #expect(throws: FilterError.self) { try schema.parse(text, now: now) }
  }

  @Test("the example of the manual")
  func example() throws {
    let expression = try Self.schema.parse(
      "state:stuck vendor:keyhaus since:2h amount>100 -refunded buyer@example", now: Self.now)
    #expect(
      expression.terms == [
        FilterTerm(.oneOf(field: "state", values: ["stuck"]), column: 1),
        FilterTerm(.oneOf(field: "vendor", values: ["keyhaus"]), column: 13),
        FilterTerm(.time(field: "created", from: Self.now - .seconds(7_200), until: nil), column: 28),
        FilterTerm(.money(field: "amount", .greater, FilterAmount(thousandths: 100_000)), column: 37),
        FilterTerm(isNegated: true, .oneOf(field: "state", values: ["refunded"]), column: 48),
        FilterTerm(.freeText("buyer@example"), column: 58),
      ])
    #expect(try Self.schema.parse("  ", now: Self.now).isEmpty)
  }

  @Test("lists, quotes, case and negation")
  func values() throws {
    #expect(try Self.predicates("STATE:Paid,open") == [.oneOf(field: "state", values: ["paid", "open"])])
    #expect(
      try Self.predicates(#"buyer:"Ann, Lee""#) == [.contains(field: "buyer", values: ["Ann, Lee"])])
    #expect(try Self.predicates(#"buyer:"a \"b\" \\",c"#) == [.contains(field: "buyer", values: [#"a "b" \"#, "c"])])
    #expect(
      try Self.predicates(#""refunded" re_123 10.0.0.1 2001:db8::1"#) == [
        .freeText("refunded"), .freeText("re_123"), .freeText("10.0.0.1"), .freeText("2001:db8::1"),
      ])
    #expect(
      try Self.predicates("attempts>=3 attempts=0 attempts<-1") == [
        .integer(field: "attempts", .greaterOrEqual, 3), .integer(field: "attempts", .equal, 0),
        .integer(field: "attempts", .less, -1),
      ])
    let negated = try Self.schema.parse(#"-buyer:x -"a b""#, now: Self.now)
    #expect(negated.terms.map(\.isNegated) == [true, true])
  }

  @Test("amounts are read with their decimals and currency")
  func amounts() throws {
    func amount(_ text: String) throws -> FilterPredicate? { try Self.predicates("amount:" + text).first }
    #expect(try amount("19.99") == .money(field: "amount", .equal, FilterAmount(thousandths: 19_990)))
    #expect(try amount("5eur") == .money(field: "amount", .equal, FilterAmount(thousandths: 5_000, currency: .eur)))
    #expect(try amount("0.125KWD") == .money(field: "amount", .equal, FilterAmount(thousandths: 125, currency: .kwd)))
    #expect(try amount("-1") == .money(field: "amount", .equal, FilterAmount(thousandths: -1_000)))
    for bad in ["1.2345", "1.5jpy", "ten", "1.", ".5", "1e9", "99999999999999999999", "eur"] {
      #expect(Self.error("amount:" + bad)?.column == 8, "\(bad)")
    }
    #expect(Self.error("amount>1,000")?.suggestion == "1000")
  }

  @Test("times are spans: a day is all of it, and comparing goes round it")
  func times() throws {
    let day = Instant(unixSeconds: 1_772_236_800)  // 2026-02-28
    let next = day + .seconds(86_400)
    func span(_ text: String) throws -> FilterPredicate? { try Self.predicates(text).first }
    func time(_ from: Instant?, _ until: Instant?) -> FilterPredicate {
      .time(field: "created", from: from, until: until)
    }
    #expect(try span("created:2026-02-28") == time(day, next))
    #expect(try span("created:yesterday") == time(day, next))
    #expect(try span("created>2026-02-28") == time(next, nil))
    #expect(try span("created>=2026-02-28") == time(day, nil))
    #expect(try span("created<2026-02-28") == time(nil, day))
    #expect(try span("created<=2026-02-28") == time(nil, next))
    #expect(try span("since:2026-02-28") == time(day, nil))
    #expect(try span("until:2026-02-28") == time(nil, next))
    #expect(try span("until:1w") == time(nil, Self.now - .seconds(604_800)))
    #expect(try span("since:today") == time(next, nil))
    let minute = day + .seconds(45_000)
    #expect(try span("created:2026-02-28T12:30") == time(minute, minute + .seconds(60)))
    #expect(try span("created:2026-02-28t12:30:05Z") == time(minute + .seconds(5), minute + .seconds(6)))
    for bad in ["2026-02-29", "2026-13-01", "2026-02-28T24:00", "2026-02-28T1:00", "2h30", "h", "99999999999w", "x"] {
      #expect(Self.error("since:" + bad)?.column == 7, "\(bad)")
    }
  }

  @Test("errors point at the column and guess what was meant")
  func errors() {
    #expect(
      Self.error("paid stat:open")
        == FilterError(
          column: 6, message: "there is no field `stat`", suggestion: "state"))
    #expect(Self.error("-vendro:x")?.description == "column 2: there is no field `vendro`; did you mean `vendor`?")
    #expect(Self.error("sicne:2h")?.suggestion == "since")
    #expect(Self.error("state:open,piad")?.column == 12)
    #expect(Self.error("state:open,piad")?.suggestion == "paid")
    #expect(Self.error("state:zzz")?.suggestion == nil)
    #expect(
      Self.error("state>open")
        == FilterError(
          column: 6, message: "`state` takes `:`, not `>`", suggestion: "state:open"))
    #expect(Self.error("since>2h")?.column == 6)
    #expect(Self.error("vendor:")?.description == "column 8: a value is missing")
    #expect(Self.error("vendor: x")?.column == 8)
    #expect(Self.error("vendor:a,,b")?.column == 10)
    #expect(Self.error(#"buyer:"ann"#)?.description == "column 7: the quote is not closed")
    #expect(Self.error(#"buyer:"ann"x"#)?.column == 12)
    #expect(Self.error(#"buyer:"a\n""#)?.column == 9)
    #expect(Self.error(#"buyer:"""#)?.column == 7)
    #expect(Self.error("a - b")?.column == 3)
    #expect(Self.error("a\u{1B}b")?.column == 2)
    #expect(Self.error("attempts:many")?.column == 10)
    #expect(Self.error(String(repeating: "a ", count: 40))?.message == "more than 32 terms")
    #expect(Self.error(String(repeating: "a", count: 1_001))?.column == 1_001)
    let strict = FilterSchema([FilterField("kind", .id)], allowsFreeText: false)
    #expect(throws: FilterError.self) { try strict.parse("word", now: Self.now) }
  }

  @Test("completion offers fields, then values, and replaces only the piece before the cursor")
  func completion() {
    func texts(_ text: String, at cursor: Int? = nil) -> [String] {
      Self.schema.complete(text, at: cursor).candidates.map(\.text)
    }
    #expect(texts("") == ["state:", "vendor:", "buyer:", "created:", "amount>", "attempts>", "since:", "until:"])
    #expect(texts("open a") == ["amount>", "attempts>", "awaiting_async"])
    #expect(texts("-s") == ["state:", "since:", "stuck"])
    #expect(texts("state:") == ["open", "paid", "stuck", "refunded", "awaiting_async"])
    #expect(texts("state:open,P") == ["paid"])
    #expect(Self.schema.complete("x state:open,P").range == 13..<14)
    #expect(texts("st vendor:x", at: 2) == ["state:", "stuck"])
    #expect(texts("since:t") == ["today"])
    #expect(texts(#"buyer:"st"#) == [])
    #expect(texts(#"buyer:"a b" st"#) == ["state:", "stuck"])
    #expect(texts("nothing:") == [])
    #expect(texts("s", at: 99) == texts("s"))
  }

  @Test("no text makes the filter trap, and every error lies within it", arguments: 1...10)
  func fuzz(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let pieces = [
      "state", "amount", "created", ":", ">", ">=", "<", "-", "\"", "\\", ",", " ", "2h", "2026-03-01", "é", "👩‍👩‍👧",
      "19.99",
      "T", "\u{301}", "eur", "since", "=", "999999999999999999999",
    ]
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 0...12, using: &random))
        .map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      _ = Self.schema.complete(text, at: Int.random(in: -2...20, using: &random))
      do throws(FilterError) {
        _ = try Self.schema.parse(text, now: Self.now)
      } catch {
        #expect((1...(text.count + 1)).contains(error.column), "\(text): \(error)")
      }
    }
  }
}
