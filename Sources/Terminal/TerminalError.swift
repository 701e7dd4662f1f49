import Glibc

/// Why a screen could not be opened.
package enum TerminalError: Error, Equatable, CustomStringConvertible, Sendable {
  /// Input or output is no terminal.
  case notATerminal
  /// Nothing in the terminfo database for $TERM, nor for what resembles it.
  case unknownTerminal(String)
  /// The terminal cannot move its cursor ($TERM is `dumb`, for one).
  case incapable(String)
  /// There is one screen in a process.
  case alreadyOpen
  case system(String, Int32)

  package var description: String {
    switch self {
    case .notATerminal: "standard input and output are not a terminal"
    case .unknownTerminal(let name):
      "the terminal type \"\(name)\" is not known here; set TERM to xterm-256color or install its terminfo entry"
    case .incapable(let name): "the terminal type \"\(name)\" cannot show full-screen programs"
    case .alreadyOpen: "the terminal is already in use by this program"
    case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
    }
  }
}
