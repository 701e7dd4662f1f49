import Glibc

/// An IP address in 16 bytes; IPv4 as IPv4-mapped IPv6 (RFC 4291 § 2.5.5.2).
package struct IPAddress: Sendable, Hashable {
  package let bytes: [UInt8]
  package let isIPv4: Bool

  /// Reads either family in its usual notation; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    var four = in_addr()
    var six = in6_addr()
    let name = String(text)
    if inet_pton(AF_INET, name, &four) == 1 {
      bytes = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + withUnsafeBytes(of: four) { Array($0) }
      isIPv4 = true
    } else if inet_pton(AF_INET6, name, &six) == 1 {
      bytes = withUnsafeBytes(of: six) { Array($0) }
      isIPv4 = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    } else {
      return nil
    }
  }

  /// The one spelling of it.
  package var text: String {
    var buffer = [CChar](repeating: 0, count: 64)
    let source = isIPv4 ? Array(bytes[12...]) : bytes
    guard inet_ntop(isIPv4 ? AF_INET : AF_INET6, source, &buffer, socklen_t(buffer.count)) != nil else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether it is this machine's own.
  package var isLoopback: Bool { isIPv4 ? bytes[12] == 127 : bytes == Array(repeating: 0, count: 15) + [1] }

  /// What one client holds: an IPv4 address, or the /64 of an IPv6 address.
  package var clientKey: String {
    isIPv4 ? text : bytes[..<8].map { String($0, radix: 16) }.joined(separator: "-")
  }
}

/// Addresses that share a prefix: `10.0.0.0/8`, `::1`, `192.0.2.7`.
package struct AddressRange: Sendable, Equatable {
  private let prefix: [UInt8]
  /// Of the 128 of an address.
  private let bits: Int

  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = parts.first, let address = IPAddress(first), parts.count <= 2 else { return nil }
    let width = address.isIPv4 ? 32 : 128
    var length = width
    if parts.count == 2 {
      guard let given = Int(parts[1]), (0...width).contains(given) else { return nil }
      length = given
    }
    bits = 128 - width + length
    prefix = address.bytes
  }

  package func contains(_ address: IPAddress) -> Bool {
    let whole = bits / 8
    guard prefix[..<whole] == address.bytes[..<whole] else { return false }
    let rest = bits % 8
    guard rest > 0 else { return true }
    let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
    return prefix[whole] & mask == address.bytes[whole] & mask
  }
}

/// Finds who really asked, behind the proxies that are trusted.
package struct ClientAddressRule: Sendable {
  private let trusted: [AddressRange]
  private let trustsUnixPeers: Bool

  /// - Parameter trustsUnixPeers: whether who comes without an address, through a Unix socket, is a trusted proxy.
  package init(trusted: [AddressRange], trustsUnixPeers: Bool = false) {
    self.trusted = trusted
    self.trustsUnixPeers = trustsUnixPeers
  }

  /// From the right, the first address of `X-Forwarded-For` that no trusted proxy has, where the peer is trusted; else
  /// the peer. What stands left of it may be the client's invention.
  package func client(peer: String?, forwardedFor: [String]) -> IPAddress? {
    var client: IPAddress?
    if let peer {
      guard let address = IPAddress(peer) else { return nil }
      guard isTrusted(address) else { return address }
      client = address
    } else if !trustsUnixPeers {
      return nil
    }
    let hops = forwardedFor.flatMap { $0.split(separator: ",") }.suffix(Self.hopLimit).reversed()
    for hop in hops {
      guard let next = IPAddress(hop.filter { $0 != " " }) else { return client }
      client = next
      if !isTrusted(next) { return next }
    }
    return client
  }

  private static let hopLimit = 16

  private func isTrusted(_ address: IPAddress) -> Bool {
    trusted.contains { $0.contains(address) }
  }
}
