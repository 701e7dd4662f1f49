/// Finds what was perhaps meant.
package enum Nearest {
  /// The candidate that `word` begins, or else the one with the fewest slips (a letter wrong, missing, too many, or two
  /// exchanged): at most two, and fewer than half of the word. `nil` if none is near.
  package static func match(to word: String, among candidates: [String]) -> String? {
    let word = Array(word.unicodeScalars.prefix(64))
    guard !word.isEmpty else { return nil }
    if word.count > 1, let whole = candidates.first(where: { $0.unicodeScalars.starts(with: word) }) { return whole }
    let limit = min(2, max(1, word.count / 2))
    return candidates.map { ($0, slips(word, Array($0.unicodeScalars))) }
      .filter { $0.1 <= limit }
      .min { $0.1 < $1.1 }?.0
  }

  /// The optimal string alignment distance.
  private static func slips(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let isSame = left[row] == right[column]
        var best = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
