package import Market
package import Postgres

/// The person a session is signed in as.
package struct Viewer: Sendable, Equatable {
  /// The database login.
  package let login: String
  package let displayName: String
  package let role: Role
  package let vendor: VendorID?
  package let vendorName: String?
  /// What lists call the vendor by.
  package let vendorHandle: String?

  package init(
    login: String, displayName: String, role: Role, vendor: VendorID? = nil, vendorName: String? = nil,
    vendorHandle: String? = nil
  ) {
    self.login = login
    self.displayName = displayName
    self.role = role
    self.vendor = vendor
    self.vendorName = vendorName
    self.vendorHandle = vendorHandle
  }

  /// Asks the database; throws `StoreError.notSignedIn` where the login is no active person.
  package static func current(_ session: borrowing Session) throws -> Viewer {
    let found = try session.first(
      "SELECT role_name, display_name, role, vendor_id, vendor, vendor_handle FROM api.whoami() WHERE role_name IS NOT NULL"
    ) { row in
      Viewer(
        login: try row.string(0), displayName: try row.string(1), role: try row.word(2), vendor: try row.idOrNil(3),
        vendorName: try row.stringOrNil(4), vendorHandle: try row.stringOrNil(5))
    }
    guard let found else { throw StoreError.notSignedIn }
    return found
  }
}
