import Glibc

/// Standard output of a command: gathered, and written in large pieces.
///
/// A reader that goes away (`gkm list … | head`) ends the program quietly, as SIGPIPE does with any other; a disk that is
/// full is an error.
package struct OutputWriter: Sendable {
  private let descriptor: Int32
  private var pending: [UInt8] = []

  private static let pieceSize = 64 << 10

  package init(descriptor: Int32 = STDOUT_FILENO) { self.descriptor = descriptor }

  /// Adds a text and a line end.
  package mutating func line(_ text: String) throws(ConsoleFailure) { try write(text + "\n") }

  package mutating func write(_ text: String) throws(ConsoleFailure) {
    pending.append(contentsOf: text.utf8)
    if pending.count >= Self.pieceSize { try flush() }
  }

  /// Writes what is gathered; to be called at the end.
  package mutating func flush() throws(ConsoleFailure) {
    var rest = pending[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EPIPE {
        Self.endQuietly()
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&waiting, 1, -1)
      } else if errno != EINTR {
        throw ConsoleFailure("cannot write the output: \(String(cString: strerror(errno)))", status: .inputOutput)
      }
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Dies of SIGPIPE, so that a shell sees what it is used to, also where the signal was ignored.
  private static func endQuietly() -> Never {
    signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    _exit(128 + SIGPIPE)
  }
}

/// What standard output is.
package struct OutputTerminal: Sendable {
  /// Columns of the terminal; `nil` where the output goes elsewhere.
  package let columns: Int?
  /// Whether headings may be bold.
  package let allowsStyle: Bool

  package init(columns: Int?, allowsStyle: Bool = false) {
    self.columns = columns
    self.allowsStyle = allowsStyle
  }

  package static func standardOutput() -> OutputTerminal {
    guard isatty(STDOUT_FILENO) == 1 else { return OutputTerminal(columns: nil) }
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let term = ConsoleFolders.environment("TERM") ?? "dumb"
    return OutputTerminal(
      columns: isKnown ? Int(size.ws_col) : 80,
      allowsStyle: term != "dumb" && ConsoleFolders.environment("NO_COLOR") == nil)
  }
}
