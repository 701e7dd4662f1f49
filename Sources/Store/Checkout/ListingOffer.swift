package import Market
import Postgres

/// A listing as it stands at one moment: what is sold, for how much, and how much of it is left.
package struct ListingOffer: Sendable, Equatable {
  package let id: ListingID
  package let vendor: VendorID
  package let vendorName: String
  package let vendorHandle: String
  package let product: ProductID
  package let title: String
  package let platform: String
  package let region: String
  package let category: String
  package let price: Money
  package let isForSale: Bool
  package let maximumPerOrder: Int
  package let available: Int64

  static let columns: SQL = """
    l.id, l.vendor_id, v.name::text, l.product_id, p.title::text, p.platform::text, p.region::text,
    l.price::bigint, l.currency::text, l.state = 'active' AND v.state = 'active', l.max_per_order, s.available,
    v.handle, p.category::text
    """

  static let tables: SQL = """
    gkm.listing l
    JOIN gkm.product p ON p.id = l.product_id
    JOIN gkm.vendor v ON v.id = l.vendor_id
    JOIN gkm.listing_stock s ON s.listing_id = l.id
    """

  static let columnCount = 14

  init(_ row: Row) throws {
    id = try row.id(0)
    vendor = try row.id(1)
    vendorName = try row.string(2)
    product = try row.id(3)
    title = try row.string(4)
    platform = try row.string(5)
    region = try row.string(6)
    price = try row.money(7, 8)
    isForSale = try row.bool(9)
    maximumPerOrder = try row.int(10)
    available = try row.int64(11)
    vendorHandle = try row.string(12)
    category = try row.string(13)
  }
}
