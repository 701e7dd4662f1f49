import Market
import Postgres
import Store

/// A vendor's page as its viewer may see it.
enum VendorReading {
  /// Rules that are shown; the others are in the list of rules.
  private static let limit = 20

  /// `nil` where there is no such vendor, or it is not for this role.
  static func read(_ session: borrowing Session, _ viewer: Viewer, _ handle: String, clock: ClockFormat) throws
    -> StoryReading?
  {
    guard ListKind.vendors.isOpen(to: viewer.role), let vendor = try VendorDirectory.vendor(session, handle) else {
      return nil
    }
    let rules = try VendorDirectory.rules(session, of: VendorID(vendor.id), limit: limit)
    return VendorPage.reading(vendor, rules, role: viewer.role, clock: clock)
  }
}
