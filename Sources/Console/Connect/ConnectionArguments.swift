/// Puts a command line in the order that the parser reads: the subcommand first.
///
/// psql's habit is `gkm -h db -U ops …` and `gkm postgresql://ops@db/gkm …`, before or behind the subcommand. A bare
/// URI becomes `--dbname URI`.
package enum ConnectionArguments {
  private static let withValue: Set<String> = ["-h", "--host", "-p", "--port", "-U", "--username", "-d", "--dbname"]
  private static let alone: Set<String> = ["--read-only", "-w", "--no-password"]
  /// Subcommands whose first word may look like anything.
  private static let takesAnything: Set<String> = [
    "show", "find", "retry", "refund", "dispute", "event", "case", "setting", "commission", "explain",
  ]

  /// Subcommands that have subcommands of their own.
  private static let nested: Set<String> = [
    "refund", "dispute", "event", "case", "setting", "commission", "explain",
  ]

  /// `arguments` without the program's name.
  package static func arranged(_ arguments: [String]) -> [String] {
    var leading: [String] = []
    var rest = arguments[...]
    while let first = rest.first {
      if withValue.contains(first), rest.count > 1 {
        leading += rest.prefix(2)
        rest = rest.dropFirst(2)
      } else if alone.contains(first) || isJoined(first) {
        leading.append(first)
        rest = rest.dropFirst()
      } else if isURI(first) {
        leading += ["--dbname", first]
        rest = rest.dropFirst()
      } else {
        break
      }
    }
    guard let command = rest.popFirst() else { return leading }
    if command.hasPrefix("-") { return leading + [command] + rest }
    var commands = [command]
    if nested.contains(command), let second = rest.first, !second.hasPrefix("-") {
      commands.append(second)
      rest = rest.dropFirst()
    }
    return commands + leading + spelledOut(rest, after: command)
  }

  private static func spelledOut(_ rest: ArraySlice<String>, after command: String) -> [String] {
    var result: [String] = []
    var previous = takesAnything.contains(command) ? "-" : command
    var isOver = false
    for argument in rest {
      isOver = isOver || argument == "--"
      if isURI(argument), !isOver, !previous.hasPrefix("-") { result.append("--dbname") }
      result.append(argument)
      previous = argument
    }
    return result
  }

  private static func isURI(_ text: String) -> Bool {
    text.hasPrefix("postgresql://") || text.hasPrefix("postgres://")
  }

  /// `-hdb`, `--host=db`.
  private static func isJoined(_ text: String) -> Bool {
    withValue.contains { name in
      text.hasPrefix(name.hasPrefix("--") ? name + "=" : name) && text.utf8.count > name.utf8.count
        && (name.hasPrefix("--") || !text.hasPrefix("--"))
    }
  }
}
