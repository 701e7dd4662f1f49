import Market
import Store

/// How it stands with the glass, in sentences.
enum GlassText {
  /// So many who broke it are named.
  private static let limit = 5

  static func lines(_ standing: BreakGlass.Standing, _ clock: ClockFormat) -> [String] {
    var lines: [String] = []
    if let by = standing.sealedBy, let at = standing.sealedAt {
      lines.append("A code is sealed: by \(by), \(clock.day(at)) \(clock.zone).")
    } else {
      lines.append("No code is sealed: nobody could be admin by the glass.")
    }
    for broken in standing.broken.prefix(limit) {
      lines.append("\(broken.login) is admin by it until \(clock.day(broken.until)) \(clock.zone): “\(broken.reason)”")
    }
    if standing.broken.count > limit { lines.append("And \(standing.broken.count - limit) more are.") }
    if standing.broken.isEmpty { lines.append("Nobody is admin by it now.") }
    if standing.wrongTries > 0 { lines.append("Wrong codes within the last hour: \(standing.wrongTries).") }
    return lines
  }

  static func code(_ code: String) -> NoteState {
    NoteState(
      "The code for the envelope",
      [
        "It is shown only now. Put it where staff can reach it when no admin can be reached.",
        "The one before it is void.",
      ], secret: code)
  }
}
