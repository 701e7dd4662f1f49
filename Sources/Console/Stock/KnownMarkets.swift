import Glibc
package import Market
package import Postgres
import Store

/// The markets' keys that this person has sealed to before, in `known_markets` beside `config.toml`: a line each, of the
/// database and the key's fingerprint. The first one seen is remembered; another one later is refused until the person
/// says that it is right, because whoever can put a key there could read what is sealed to it.
package struct KnownMarkets: Sendable {
  /// `nil`: nothing is remembered, by a process without a home.
  private let path: String?

  package init(path: String?) { self.path = path }

  private static let sizeLimit = 64 << 10

  package static var ofPerson: KnownMarkets {
    KnownMarkets(path: RememberedFile.ofPerson.map { "\($0.path.dropLast("remembered.toml".count))known_markets" })
  }

  /// The market's key, if it is the one that is known, or the first.
  ///
  /// - Parameter accepted: a fingerprint that is right, whatever was known before.
  package func key(
    of market: ConsoleConnection, on connection: PostgresConnection, accepting accepted: String? = nil
  ) async throws -> ExchangeKey {
    let key = try await connection.read { try ExchangeKeys.current($0) }
    let market = try Self.name(of: market)
    let now = key.fingerprint
    if let accepted, accepted != now {
      throw ConsoleFailure("the market's key is \(now), not \(accepted)", status: .noPermission)
    }
    switch known(market) {
    case now: break
    case nil: remember(market, now)
    case let before?:
      guard accepted == now else {
        throw ConsoleFailure(
          """
          the market's key has changed: it was \(before) and is \(now)
          Somebody may be reading what you seal. Ask an admin what 'gkmd keys show' prints; if it is the new one:
            gkm stock key --accept \(now)
          """, status: .noPermission)
      }
      remember(market, now)
    }
    return key
  }

  /// What was remembered of this database.
  package func known(_ market: String) -> String? {
    entries().last { $0.market == market }?.fingerprint
  }

  /// `host:port/database`, whoever signs in there.
  package static func name(of connection: ConsoleConnection) throws -> String {
    let target = try connection.configuration().target()
    let isLocal = target.host.isEmpty || target.host.hasPrefix("/") || target.host.hasPrefix("@")
    return "\(isLocal ? "localhost" : target.host):\(target.port.isEmpty ? "5432" : target.port)/\(target.database)"
  }

  private func entries() -> [(market: String, fingerprint: String)] {
    guard let path, let text = try? TextFileReader.read(path, limit: Self.sizeLimit) else { return [] }
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      return words.count == 2 && !line.hasPrefix("#") ? (String(words[0]), String(words[1])) : nil
    }
  }

  private func remember(_ market: String, _ fingerprint: String) {
    guard let path else { return }
    let kept = entries().filter { $0.market != market } + [(market, fingerprint)]
    let text =
      "# Keys of markets that gkm has sealed to; see gkm(1), gkm stock key.\n"
      + kept.map { "\($0.market) \($0.fingerprint)\n" }.joined()
    let fresh = "\(path).\(getpid())"
    let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    var output = OutputWriter(descriptor: file)
    let isWritten = (try? output.write(text)) != nil && (try? output.flush()) != nil
    close(file)
    if !isWritten || rename(fresh, path) != 0 { unlink(fresh) }
  }
}
