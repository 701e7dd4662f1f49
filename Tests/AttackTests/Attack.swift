import Testing

/// Who tries.
enum Attacker: String, Sendable, CaseIterable {
  /// Of Keyhaus, vendor 1; what they are after belongs to Nordlicht, vendor 2.
  case vendor
  case support, ops, admin
  /// The daemon's own login, in wrong hands.
  case daemon
  /// The sealer's.
  case sealer
  /// The migrator's, without the roles that it may take on.
  case migrator
  /// The people's Redis login, which all staff share.
  case staff
  /// Nobody whom the market knows.
  case stranger
}

/// One thing that somebody tries, and how it has to be refused.
struct Attack: Sendable, CustomTestStringConvertible {
  /// What it tries, in words; no two are alike.
  let name: String
  let attacker: Attacker
  let way: Way

  enum Way: Sendable {
    /// SQL as that person, whatever program they use. `first` has to succeed; then `sql` is refused with one of these
    /// SQLSTATEs, in words that hold `says`. Both are one session, and it is never committed.
    case refused(first: String, sql: String, states: Set<String>, says: String)
    /// SQL that is answered, and the answer, cells as text parted by `|`, tells nothing: it is exactly this.
    case answered(first: String, sql: String, with: [String])
    /// A command to Redis, and how the error begins.
    case redis([String], says: String)
    /// Arguments of `gkm`, the exit status, and what standard error says.
    case console([String], status: Int32, says: String)
    /// A request's exact bytes, and the statuses that it is answered with, each request once; `nil`: no answer, and the
    /// connection ends.
    case http([UInt8], statuses: [Int?])
  }

  var testDescription: String { "\(attacker) tries to \(name)" }

  /// The way's name, for counting.
  var channel: String {
    switch way {
    case .refused, .answered: "SQL"
    case .redis: "Redis"
    case .console: "console"
    case .http: "HTTP"
    }
  }
}

extension Attack {
  /// Refused for want of a right.
  static func sql(
    _ name: String, _ attacker: Attacker, _ sql: String, first: String = "", _ states: Set<String> = ["42501"],
    says: String = ""
  ) -> Attack {
    Attack(name: name, attacker: attacker, way: .refused(first: first, sql: sql, states: states, says: says))
  }

  /// Answered with nothing worth having.
  static func tells(
    _ name: String, _ attacker: Attacker, _ sql: String, first: String = "", _ rows: [String] = []
  ) -> Attack {
    Attack(name: name, attacker: attacker, way: .answered(first: first, sql: sql, with: rows))
  }

  static func redis(_ name: String, _ attacker: Attacker, _ words: String..., says: String = "NOPERM") -> Attack {
    Attack(name: name, attacker: attacker, way: .redis(words, says: says))
  }

  static func gkm(
    _ name: String, _ attacker: Attacker, _ words: [String], _ status: Int32 = 77, says: String = ""
  ) -> Attack {
    Attack(name: name, attacker: attacker, way: .console(words, status: status, says: says))
  }

  /// - Parameter request: lines end as they stand here: `\r\n` has to be written out.
  static func http(_ name: String, _ request: String, _ statuses: Int?...) -> Attack {
    Attack(name: name, attacker: .stranger, way: .http(Array(request.utf8), statuses: statuses))
  }
}
