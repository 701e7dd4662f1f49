package import Postgres
package import Store
import Terminal

/// `gkm vendor add`: what was made, and what is to be pasted on the machine that vendors come to.
package enum VendorReport {
  /// - Parameter key: the vendor's public key, as `ssh-keygen` prints it.
  /// - Parameter password: for signing in from elsewhere, over TLS; without it the login is the machine's alone.
  package static func add(
    _ wish: VendorOnboarding.Wish, key: String?, password: PasswordChoice?, on connection: PostgresConnection
  ) async throws -> [String] {
    var wish = wish
    let chosen = try password?.verifier(for: "the vendor's person")
    wish.verifier = chosen?.verifier
    let complete = wish
    let made = try await connection.write { try VendorOnboarding.add($0, complete) }
    var lines = ["Vendor \(wish.handle) (\(made.vendor)) is added; its person signs in as \(made.login)."]
    if let rule = made.rule, let bps = wish.basisPoints { lines.append("Rule \(rule) takes \(bps) basis points.") }
    for listing in made.listings { lines.append("Listing \(listing) waits for keys and is paused.") }
    lines += PeopleReport.handOver(chosen?.generated)
    lines += ["", "As root on the machine that vendors come to (see gkmd(8), VENDORS OVER SSH):"]
    lines += ssh(login: made.login, key: key)
    return lines.map { Sanitizer.clean($0) }
  }

  static func ssh(login: String, key: String?) -> [String] {
    let key = key ?? "PASTE-THE-PUBLIC-KEY"
    return [
      "  useradd --create-home --groups gkm-vendors \(login) && passwd --lock \(login)",
      "  install -d -m 0700 -o \(login) -g \(login) ~\(login)/.ssh",
      "  echo 'restrict,pty \(key)' >> ~\(login)/.ssh/authorized_keys",
    ]
  }
}
