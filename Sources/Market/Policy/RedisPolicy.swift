/// Who may do what in Redis: the daemon owns one prefix and none of the server's controls; staff see the live feed and
/// the workers' state and write their presence, each as a user of their own; vendors have no Redis at all.
package enum RedisPolicy {
  /// A user of the access list, as `ACL SETUSER` takes it.
  package struct User: Sendable, Equatable {
    package let name: String
    /// SHA-256 of the passwords that are good, in hex.
    package let digests: [String]
    package let rules: [String]

    package init(_ name: String, digests: [String], rules: [String]) {
      self.name = name
      self.digests = digests
      self.rules = rules
    }

    /// What makes the user exactly this, whatever it was.
    package var words: [String] { ["reset", "on"] + digests.map { "#\($0)" } + rules }

    /// Its line of an aclfile.
    package var line: String { (["user", name] + words).joined(separator: " ") }
  }

  package static let daemon = ["~gkm:*", "&gkm:*", "+@all", "-@admin", "-@dangerous", "+info"]

  package static let staff = [
    "resetchannels", "&gkm:live*", "&gkm:tick*", "%R~gkm:live*", "%R~gkm:tick*", "%R~gkm:worker*",
    "%R~gkm:heartbeat*", "%RW~gkm:presence:*", "+@connection", "+@read", "+@pubsub", "+set", "+expire", "+pexpire",
    "+del", "+unlink", "+hset", "+hdel", "+zadd", "+zrem", "-@dangerous", "-publish", "-spublish", "-scan",
    "-randomkey", "-dbsize",
  ]

  /// Whoever keeps the users in step. Nothing of the data, but whoever has it can make any user: it is the
  /// administrator's in all but the data.
  package static let keeper = [
    "resetchannels", "+acl|setuser", "+acl|deluser", "+acl|list", "+acl|users", "+ping", "+client|setname",
  ]

  /// What the names of people's users begin with; every user of such a name is kept in step, no other is touched.
  package static let prefix = "p-"

  /// The user of a person's login.
  package static func user(of login: String) -> String { prefix + login }

  /// A user that nobody can sign in as: it stands for what staff may, so that the server itself spells the rules that
  /// others are compared with.
  package static let pattern = User(prefix + "-", digests: [], rules: staff)

  /// The aclfile of a new server: nobody gets in without a name.
  package static func file(admin: String, daemon daemonDigest: String, keeper keeperDigest: String) -> [String] {
    ["user default reset off"]
      + [
        User("admin", digests: [admin], rules: ["~*", "&*", "+@all"]),
        User("daemon", digests: [daemonDigest], rules: daemon),
        User("keeper", digests: [keeperDigest], rules: keeper),
      ].map(\.line)
  }
}
