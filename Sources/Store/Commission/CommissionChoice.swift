package import Market
import Postgres

/// The rule that counts for a sale, and its terms in the currency of the price.
package struct CommissionChoice: Sendable, Hashable {
  /// `nil` where no rule holds.
  package let rule: CommissionRuleID?
  package let terms: CommissionTerms

  package init(rule: CommissionRuleID?, terms: CommissionTerms) {
    self.rule = rule
    self.terms = terms
  }

  /// What `init(_:from:)` reads, of the alias `c` that `lateral` makes.
  static let columns: SQL = "c.id, coalesce(c.basis_points, 0), c.fixed, c.minimum, c.maximum"
  static let columnCount = 5

  /// Joins the rule that counts at `time` as `c` to a listing `l` and its product `p`. The same choice as
  /// `CommissionRule.deciding`: rules are looked up by the scopes that the sale is in.
  static func lateral(at time: SQL) -> SQL {
    """
    LEFT JOIN LATERAL (
      SELECT r.id, r.basis_points, (a.own ->> 'fixed')::bigint AS fixed, (a.own ->> 'min')::bigint AS minimum,
        (a.own ->> 'max')::bigint AS maximum
      FROM gkm.commission_rule r CROSS JOIN LATERAL (SELECT r.amounts -> l.currency::text) AS a (own)
      WHERE r.scope = ANY (ARRAY[
          '', 'vendor ' || l.vendor_id, 'category ' || p.category, 'vendor ' || l.vendor_id || ' category ' || p.category,
          'product ' || l.product_id, 'vendor ' || l.vendor_id || ' product ' || l.product_id])
        AND r.withdrawn_at IS NULL AND r.valid @> \(sql: time)
      ORDER BY r.rank DESC LIMIT 1
    ) c ON true
    """
  }

  init(_ row: Row, from column: Int) throws {
    rule = try row.idOrNil(column)
    terms = CommissionTerms(
      basisPoints: try row.int(column + 1), fixed: try row.int64OrNil(column + 2) ?? 0,
      minimum: try row.int64OrNil(column + 3), maximum: try row.int64OrNil(column + 4))
  }
}
