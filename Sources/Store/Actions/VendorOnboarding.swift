package import Market
package import Postgres

/// Takes a vendor in: the vendor, its first person, what the market takes of its sales, and listings that wait for keys.
/// All of it or nothing; for admins.
package enum VendorOnboarding {
  package struct Wish: Sendable {
    package var handle: String
    package var name: String
    package var email: String
    package var locale: String
    package var personName: String
    /// `nil`: the person signs in as the system's user of the same name.
    package var verifier: SCRAMVerifier?
    /// `nil`: by the rule that holds for everybody.
    package var basisPoints: Int?
    package var listings: [(product: ProductID, price: Money)]
    package var reason: String

    package init(
      handle: String, name: String, email: String, locale: String, personName: String, verifier: SCRAMVerifier?,
      basisPoints: Int?, listings: [(product: ProductID, price: Money)], reason: String
    ) {
      self.handle = handle
      self.name = name
      self.email = email
      self.locale = locale
      self.personName = personName
      self.verifier = verifier
      self.basisPoints = basisPoints
      self.listings = listings
      self.reason = reason
    }
  }

  package struct Made: Sendable {
    package let vendor: VendorID
    /// Says nothing of the company.
    package let login: String
    package let rule: CommissionRuleID?
    package let listings: [ListingID]
  }

  package static func add(_ session: borrowing Session, _ wish: Wish) throws -> Made {
    do {
      let vendor: VendorID = try id(
        session,
        "SELECT api.vendor_add(\(wish.handle), \(wish.name), \(wish.email), \(wish.locale), \(wish.reason))")
      var random = SystemRandomNumberGenerator()
      let login = "v_" + Hex.encode(random.bytes(5))
      _ = try PeopleAdministration.add(
        session, login: login, name: wish.personName, role: .vendor, vendor: wish.handle, verifier: wish.verifier)
      var rule: CommissionRuleID?
      if let basisPoints = wish.basisPoints {
        let scope = try CommissionPreview.scope(session, vendor: wish.handle, category: nil, product: nil)
        let draft = CommissionRules.Draft(
          scope: scope, basisPoints: basisPoints, amounts: [:], from: nil, until: nil)
        rule = try CommissionRules.set(session, draft, version: 0, reason: wish.reason).rule
      }
      var listings: [ListingID] = []
      for listing in wish.listings {
        listings.append(
          try id(
            session,
            """
            SELECT api.listing_add(\(vendor), \(listing.product), \(listing.price.amount),
              \(listing.price.currency.code), \(wish.reason))
            """))
      }
      return Made(vendor: vendor, login: login, rule: rule, listings: listings)
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }

  private static func id<Subject>(_ session: borrowing Session, _ sql: SQL) throws -> Identifier<Subject> {
    guard let id: Identifier<Subject> = try session.first(sql, { try $0.id(0) }) else {
      throw StoreError.badRow("a function of schema api gave no answer")
    }
    return id
  }
}
