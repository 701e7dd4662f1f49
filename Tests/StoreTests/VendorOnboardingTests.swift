import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Taking a vendor in") struct VendorOnboardingTests {
  private func wish(_ handle: String, product: Int64 = 1) -> VendorOnboarding.Wish {
    VendorOnboarding.Wish(
      handle: handle, name: "Pixelport", email: "hola@pixelport.example", locale: "es", personName: "Marta",
      verifier: nil, basisPoints: 900, listings: [(ProductID(product), Money(1_999, .eur))],
      reason: "they signed the contract")
  }

  @Test("One step makes the vendor, its login, its commission and its listings; or nothing at all")
  func onboarding() async throws {
    try await SeededMarket.with { seeded in
      let admin = try await PostgresConnection.connect(try await seeded.person(.admin))
      let made = try await admin.write { try VendorOnboarding.add($0, wish("pixelport")) }
      #expect(made.login.hasPrefix("v_") && made.login.utf8.count == 12 && made.listings.count == 1)
      let found = try await seeded.market.database.sql(
        """
        SELECT v.locale || ' ' || p.role || ' ' || l.state || ' ' || s.available || ' ' || r.basis_points
        FROM gkm.vendor v JOIN gkm.person p ON p.vendor_id = v.id JOIN gkm.listing l ON l.vendor_id = v.id
        JOIN gkm.listing_stock s ON s.listing_id = l.id JOIN gkm.commission_rule r ON r.vendor_id = v.id
        WHERE v.handle = 'pixelport' AND p.role_name = '\(made.login)';
        """)
      #expect(found == "es vendor paused 0 900")
      for (other, why) in [
        (wish("pixelport"), "the handle is taken"), (wish("No Such Handle"), "no handle"),
        (wish("another", product: 99_999), "no product"),
      ] {
        await #expect(throws: ActionRefused.self, "\(why)") {
          try await admin.write { try VendorOnboarding.add($0, other) }
        }
      }
      await admin.close()
      #expect(try await seeded.market.database.sql("SELECT count(*) FROM gkm.vendor;") == "3")
      let ops = try await PostgresConnection.connect(try await seeded.person(.ops))
      await #expect(throws: ActionRefused.self) { try await ops.write { try VendorOnboarding.add($0, wish("mine")) } }
      await ops.close()
    }
  }
}
