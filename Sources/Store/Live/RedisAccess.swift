import Market
package import Redis

/// Keeps the people's users of Redis as they should be: one for each of the staff whose console holds a password for it,
/// none for anybody else. Users of other names are not touched.
package struct RedisAccess: Sendable {
  private let client: RedisClient

  /// - Parameter client: a user's that may change the access list.
  package init(_ client: RedisClient) { self.client = client }

  /// What was not as it should be.
  package struct Difference: Sendable, Equatable {
    /// Users that were missing, or were otherwise than they should be.
    package var wrong: [String] = []
    /// Users that nobody should have.
    package var surplus: [String] = []

    package var isEmpty: Bool { wrong.isEmpty && surplus.isEmpty }
  }

  /// One line of `ACL LIST`.
  private struct Line {
    let name: String
    let isOn: Bool
    let digests: Set<String>
    /// As the server spells them.
    let rules: [String]

    init?(_ text: String) {
      var words = text.split(separator: " ").map(String.init)[...]
      guard words.popFirst() == "user", let name = words.popFirst() else { return nil }
      self.name = name
      isOn = words.contains("on")
      digests = Set(words.filter { $0.hasPrefix("#") }.map { String($0.dropFirst()) })
      // Flags that say nothing of what the user may do.
      let flags: Set<String> = ["on", "off", "sanitize-payload"]
      rules = words.filter { !$0.hasPrefix("#") && !flags.contains($0) }
    }
  }

  /// Looks, and puts right what is not as it should be unless `onlyLooks`. A user that goes is cut off at once.
  ///
  /// - Parameter wanted: by user, the digests of their passwords.
  @discardableResult
  package func keep(_ wanted: [String: [String]], onlyLooks: Bool = false) async throws -> Difference {
    if !onlyLooks { try await set(RedisPolicy.pattern) }
    let lines = try await list()
    guard let pattern = lines[RedisPolicy.pattern.name] else {
      // Never kept in step: nobody of the staff has a user, or all of them are strangers.
      let theirs = lines.keys.filter { $0.hasPrefix(RedisPolicy.prefix) }
      return Difference(wrong: wanted.keys.sorted(), surplus: theirs.filter { wanted[$0] == nil }.sorted())
    }
    var difference = Difference()
    for (name, digests) in wanted.sorted(by: { $0.key < $1.key }) {
      if let line = lines[name], line.isOn, line.digests == Set(digests), line.rules == pattern.rules { continue }
      difference.wrong.append(name)
      if !onlyLooks { try await set(RedisPolicy.User(name, digests: digests, rules: RedisPolicy.staff)) }
    }
    difference.surplus = lines.keys
      .filter { $0.hasPrefix(RedisPolicy.prefix) && wanted[$0] == nil && $0 != RedisPolicy.pattern.name }.sorted()
    if !onlyLooks, !difference.surplus.isEmpty {
      _ = try await client.command(["ACL", "DELUSER"] + difference.surplus)
    }
    return difference
  }

  private func list() async throws -> [String: Line] {
    let answer = try await client.command("ACL", "LIST")
    let lines = (answer.elements ?? []).compactMap { $0.text.flatMap(Line.init) }
    return Dictionary(lines.map { ($0.name, $0) }) { first, _ in first }
  }

  private func set(_ user: RedisPolicy.User) async throws {
    _ = try await client.command(["ACL", "SETUSER", user.name] + user.words)
  }
}
