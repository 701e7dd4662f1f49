/// Who may import whom. Package.swift says what a target is linked with; this table says what it may ever be.
enum Layers {
  /// One target's place: how high it stands, and what it may import besides the platform.
  struct Place {
    let height: Int
    let own: Set<String>
    let foreign: Set<String>
  }

  private static let web: Set<String> = [
    "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOPosix", "NIOHTTPTypes", "Logging", "ServiceLifecycle",
    "UnixSignals",
  ]

  /// Imports point downwards only: each own import stands lower than its importer.
  static let places: [String: Place] = [
    "CLibpq": Place(height: 0, own: [], foreign: []),
    "CHiredis": Place(height: 0, own: [], foreign: []),
    "CCurl": Place(height: 0, own: [], foreign: []),
    "CNcurses": Place(height: 0, own: [], foreign: []),

    "Postgres": Place(height: 1, own: ["CLibpq"], foreign: []),
    "Redis": Place(height: 1, own: ["CHiredis"], foreign: []),
    "Outbound": Place(height: 1, own: ["CCurl"], foreign: []),
    "Terminal": Place(height: 1, own: ["CNcurses"], foreign: ["TOMLKit"]),
    "Market": Place(height: 1, own: [], foreign: ["Crypto"]),

    "Store": Place(height: 2, own: ["Market", "Postgres", "Redis"], foreign: ["Crypto"]),
    "Stripe": Place(height: 2, own: ["Market", "Outbound"], foreign: ["Crypto"]),
    // The texts that are sent: the daemon sends them and gkm shows them, so they need neither a web server nor
    // Foundation.
    "Messages": Place(height: 2, own: ["Market"], foreign: ["Crypto"]),

    "Console": Place(
      height: 3, own: ["Market", "Store", "Messages", "Postgres", "Redis", "Terminal"], foreign: ["TOMLKit", "Crypto"]),
    "Daemon": Place(
      height: 3, own: ["Market", "Store", "Stripe", "Messages", "Postgres", "Redis", "Outbound"],
      foreign: web.union(["CoreMetrics", "TOMLKit", "Crypto", "Dispatch"])),
    "StripeSimulator": Place(height: 3, own: ["Stripe", "Market", "Outbound"], foreign: web.union(["Crypto"])),
    "TestSupport": Place(height: 3, own: ["Market", "Store", "Postgres", "Redis"], foreign: []),

    "gkm": Place(
      height: 4, own: ["Console", "Market", "Store", "Postgres", "Redis", "Terminal"], foreign: ["ArgumentParser"]),
    "gkmd": Place(
      height: 4, own: ["Daemon", "Market", "Store", "Postgres", "Redis"],
      foreign: ["ArgumentParser", "Logging", "ServiceLifecycle", "UnixSignals"]),
    "stripesim": Place(
      height: 4, own: ["StripeSimulator", "Outbound"],
      foreign: ["ArgumentParser", "Logging", "ServiceLifecycle", "UnixSignals"]),
    "Bench": Place(height: 4, own: ["Stripe", "Daemon", "Store", "Market", "Postgres", "TestSupport"], foreign: []),
    "gkmbench": Place(height: 5, own: ["Bench", "Market", "Postgres"], foreign: ["ArgumentParser"]),
  ]

  /// What the platform gives. Foundation is more than that: see `mayUseFoundation`.
  static let platform: Set<String> = ["Glibc", "Synchronization", "FoundationEssentials"]

  /// The programs that have no need to start fast, and what only they are made of.
  static let mayUseFoundation: Set<String> = ["Daemon", "StripeSimulator", "gkmd", "stripesim"]

  /// Everything that is linked into a target of ours.
  static func closure(of target: String) -> Set<String> {
    var found: Set<String> = [target]
    var open = [target]
    while let next = open.popLast() {
      for below in places[next]?.own ?? [] where found.insert(below).inserted { open.append(below) }
    }
    return found
  }
}
