/// Which addresses lie on the open Internet: what a URL that somebody else chose may lead to.
///
/// IPv4 by the IANA special-purpose registry (RFC 6890 and its updates). IPv6 only from the space that is given out to
/// the world (2000::/3) and, of that, none of the ways in which an IPv4 address may hide: what a translator or a tunnel
/// makes of such an address is not seen here.
package enum PublicAddress {
  private static let refused = ranges([
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    // Teredo, benchmarks, ORCHID, documentation, 6to4.
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
  ])
  private static let world = ranges(["2000::/3"])

  /// Whether a numeric address may be connected to. What is no address may not.
  package static func contains(_ text: String) -> Bool {
    // A zone ("fe80::1%eth0") only local addresses have.
    guard let address = IPAddress(text) else { return false }
    if refused.contains(where: { $0.contains(address) }) { return false }
    return address.isIPv4 || world.contains { $0.contains(address) }
  }

  private static func ranges(_ texts: [String]) -> [AddressRange] { texts.compactMap { AddressRange($0) } }
}
