import Market
import TestSupport
import Testing

@Suite("Free text") struct SafeTextDomainTests {
  @Test("The database's domain refuses exactly the characters that the programs refuse")
  func sameRule() async throws {
    try await MarketDatabase.with { market in
      // The class is read from the catalogue, not written down once more. U+0000 and surrogates cannot be sent at all.
      let refused = try await market.database.sql(
        """
        SELECT string_agg(n::text, ',' ORDER BY n) FROM generate_series(1, 1114111) AS n,
          (SELECT substring(pg_get_constraintdef(oid) FROM '''(.*)''') AS class FROM pg_constraint
            WHERE contypid = 'gkm.safe_text'::regtype) AS rule
        WHERE n NOT BETWEEN 55296 AND 57343 AND chr(n) ~ rule.class;
        """)
      let ours = (1...0x10FFFF).compactMap { Unicode.Scalar($0) }.filter { SafeText.isRefused($0) }
      #expect(refused == ours.map { String($0.value) }.joined(separator: ","))
    }
  }
}
