import Market
import Testing

@Suite("An amount as it is typed")
struct MoneyParsingTests {
  @Test(
    "reads whole units with at most the currency's decimals",
    arguments: [
      ("5", Currency.eur, Int64(500)), ("5.00", .eur, 500), ("0.5", .eur, 50), ("007.10", .usd, 710), ("12", .jpy, 12),
      ("1.234", .kwd, 1_234), ("999999999999999", .jpy, 999_999_999_999_999),
    ])
  func reads(text: String, currency: Currency, amount: Int64) {
    #expect(Money(typed: text, currency) == Money(amount, currency))
  }

  @Test(
    "refuses anything else",
    arguments: [
      ("", Currency.eur), (".", .eur), ("5.", .eur), (".5", .eur), ("5.001", .eur), ("-5", .eur), ("+5", .eur),
      ("5,00", .eur), ("5 ", .eur), ("5eur", .eur), ("1.5", .jpy), ("٥", .eur), ("1e3", .eur), ("1.2.3", .kwd),
      ("9999999999999999", .eur),
    ])
  func refuses(text: String, currency: Currency) {
    #expect(Money(typed: text, currency) == nil)
  }
}
