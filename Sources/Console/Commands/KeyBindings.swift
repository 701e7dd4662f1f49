import Terminal

/// Puts a person's own keys into the table of commands.
///
/// A key that is given to a command is taken from whatever else had it where both could be meant; a command that is
/// given keys has these and no others.
package enum KeyBindings {
  package struct Problem: Error, Equatable, CustomStringConvertible {
    package let command: String
    package let description: String
  }

  /// The table with `keys` by commands' names, as `config.toml` has them.
  package static func table(_ keys: [String: [String]]) throws(Problem) -> [Command] {
    var given: [CommandID: [Key]] = [:]
    for (name, texts) in keys.sorted(by: { $0.key < $1.key }) {
      guard let command = Command.table.first(where: { $0.id.name == name }) else {
        throw Problem(command: name, description: "there is no command “\(name)”; gkm keys lists them")
      }
      var parsed: [Key] = []
      for text in texts {
        guard let key = Key(text) else {
          throw Problem(command: name, description: "“\(text)” is no key; keys are such as t, G, ctrl-x, alt-left, f5")
        }
        guard !reserved.contains(key) else {
          throw Problem(command: name, description: "\(text) cannot be given away")
        }
        parsed.append(key)
      }
      given[command.id] = parsed
    }
    try refuseDoubles(given)
    return Command.table.map { command in
      if let own = given[command.id] { return command.bound(to: own) }
      let taken = Command.table.filter { given[$0.id] != nil && $0.scope.overlaps(command.scope) }
        .flatMap { given[$0.id] ?? [] }
      guard !taken.isEmpty else { return command }
      return command.bound(to: command.keys.filter { !taken.contains($0) })
    }
  }

  /// Whatever is bound, one can always leave, and suspend as everywhere.
  private static let reserved: Set<Key> = [.control("c"), .control("z")]

  private static func refuseDoubles(_ given: [CommandID: [Key]]) throws(Problem) {
    let commands = Command.table.filter { given[$0.id] != nil }
    for (index, command) in commands.enumerated() {
      for other in commands.dropFirst(index + 1) where other.scope.overlaps(command.scope) {
        for key in given[command.id] ?? [] where given[other.id]?.contains(key) == true {
          throw Problem(
            command: other.id.name, description: "\(key) is given to \(command.id.name) and to \(other.id.name)")
        }
      }
    }
  }
}

extension Command {
  /// The same command under other keys.
  func bound(to keys: [Key]) -> Command {
    var command = self
    command.keys = keys
    return command
  }
}

extension Command.Scope {
  /// Whether both could be meant by a key on some screen.
  func overlaps(_ other: Command.Scope) -> Bool {
    switch (self, other) {
    case (.list(let one), .list(let two)), (.list(let one), .about(let two)), (.about(let one), .list(let two)),
      (.about(let one), .about(let two)):
      one == two
    default: true
    }
  }
}
