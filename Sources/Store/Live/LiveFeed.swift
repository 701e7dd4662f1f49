/// What the daemon publishes in Redis when something changed, for consoles to read afresh. Ids only: whoever hears one
/// still asks the database, as themselves.
package enum LiveFeed {
  /// The pub/sub channel. Staff may subscribe to it and to nothing else; vendors have no Redis at all.
  package static let channel = "gkm:live"

  /// Order ids in decimal, parted by commas. At most 100 to a message: more says only that much changed.
  package static func message(orders: some Collection<Int64>) -> String {
    orders.count > 100 ? "*" : orders.map(String.init).joined(separator: ",")
  }
}
