import Glibc
import Terminal

/// The console as the whole of a login: what sshd's ForceCommand runs for people who have no shell, vendors above all.
///
/// `gkm --restricted -h /run/postgresql -d gkm` opens the console; `ssh market list orders --csv` runs that command with
/// the connection that the site has set. The database is the boundary; this keeps the session to this program, off the
/// machine's files, and under an environment that names none.
package enum RestrictedLogin {
  package static let option = "--restricted"
  /// Says so to what runs later in this process. Whoever sets it without need loses, and gains nothing.
  private static let mark = "GKM_RESTRICTED"

  /// Commands that neither read nor write a file that an argument names; `stock import` takes standard input alone here.
  package static let commands: Set<String> = [
    "ui", "list", "show", "find", "explain", "case", "stock", "whoami", "keys",
  ]
  /// Bytes of a command at most, and words.
  static let sizeLimit = 8 << 10
  static let wordLimit = 64

  package static var isActive: Bool { ConsoleFolders.environment(mark) != nil }

  /// Takes the site's options and what the person's client asked for; answers the arguments to go on with.
  ///
  /// - Throws: `ConsoleFailure` where the command is not one of `commands`, or names a connection.
  package static func enter(_ arguments: [String]) throws -> [String] {
    let original = ConsoleFolders.environment("SSH_ORIGINAL_COMMAND")
    cleanEnvironment()
    setenv(mark, "1", 1)
    signal(SIGTSTP, SIG_IGN)
    return try self.arguments(site: arguments.filter { $0 != option }, original: original)
  }

  /// - Parameters:
  ///   - site: what stands in ForceCommand: connection options.
  ///   - original: SSH_ORIGINAL_COMMAND.
  static func arguments(site: [String], original: String?) throws -> [String] {
    let words = try original.map(self.words) ?? []
    guard let command = words.first else { return site + ["ui", "--no-suspend"] }
    guard commands.contains(command) else {
      throw ConsoleFailure(
        "here there are only \(commands.sorted().joined(separator: ", ")); without a command the console opens",
        status: .noPermission)
    }
    let checked = command == "list" ? joined(words) : words
    for word in checked {
      guard !namesConnection(word) else {
        throw ConsoleFailure(
          "the connection is this machine's to choose, not \(Sanitizer.clean(word))", status: .noPermission)
      }
    }
    return site + checked + (command == "ui" ? ["--no-suspend"] : [])
  }

  /// A filter may begin like an option: -disputed. It becomes one word with its option, so that whoever reads the words
  /// next takes nothing for an option that was not looked at as one.
  private static func joined(_ words: [String]) -> [String] {
    var result: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--filter", let filter = rest.popFirst() {
        result.append("--filter=\(filter)")
      } else {
        result.append(word)
      }
    }
    return result
  }

  private static func namesConnection(_ word: String) -> Bool {
    if word.hasPrefix("postgres://") || word.hasPrefix("postgresql://") { return true }
    if word.hasPrefix("--") {
      let name = word.dropFirst(2).prefix { $0 != "=" }
      return ["host", "port", "username", "dbname"].contains { !name.isEmpty && $0.hasPrefix(name) }
    }
    // Short options may stand together: -wdgkm.
    return word.hasPrefix("-") && word.dropFirst().contains { "hpUd".contains($0) }
  }

  /// Words as a shell would part them, with its quotes and backslashes and nothing else of it: no variable, no pattern,
  /// no second command.
  static func words(_ text: String) throws -> [String] {
    guard text.utf8.count <= sizeLimit, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw ConsoleFailure("the command is too long, or has control characters", status: .usage)
    }
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    for character in text {
      if isEscaped {
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " " {
        if let ended = word { words.append(ended) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    guard quote == nil, !isEscaped else { throw ConsoleFailure("the command ends within a quotation", status: .usage) }
    if let ended = word { words.append(ended) }
    guard words.count <= wordLimit else { throw ConsoleFailure("the command has too many words", status: .usage) }
    return words
  }

  /// Leaves what describes the person's terminal and language, and who they are: variables of libpq, ncurses, the C
  /// library and of this program can name files to read.
  private static func cleanEnvironment() {
    let kept: [(name: String, allows: (String) -> Bool)] = [
      ("TERM", isPlain), ("LANG", isPlain), ("LC_ALL", isPlain), ("LC_CTYPE", isPlain), ("COLORTERM", isPlain),
      ("NO_COLOR", isPlain), ("TZ", { !$0.hasPrefix("/") && !$0.contains("..") && isPlain($0) }),
      ("HOME", { $0.hasPrefix("/") }), ("USER", isPlain), ("LOGNAME", isPlain),
    ]
    let values = kept.compactMap { variable in
      ConsoleFolders.environment(variable.name).flatMap { variable.allows($0) ? (variable.name, $0) : nil }
    }
    clearenv()
    for (name, value) in values { setenv(name, value, 1) }
  }

  private static func isPlain(_ text: String) -> Bool {
    text.utf8.count <= 64
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || "_-+.@/,".utf8.contains($0)
      } && !text.hasPrefix("/")
  }
}
