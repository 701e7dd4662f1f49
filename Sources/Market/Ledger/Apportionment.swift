/// Divides an amount by weights into whole minor units.
///
/// By Webster's method (https://en.wikipedia.org/wiki/Sainte-Lagu%C3%AB_method), with limits: the next unit goes where
/// weight / (got + ½) is greatest and there is room, among equals to the first. Each part is its exact share but for
/// rounding, and no part ever shrinks when more is divided, as it can where remainders are ranked.
enum Apportionment {
  /// - Parameters:
  ///   - total: 0 to the sum of `room`.
  ///   - weights: not negative.
  ///   - room: the most that each may get; 0 where its weight is.
  static func divide(_ total: Int64, by weights: [Int64], room: [Int64]) -> [Int64] {
    var parts = closest(total, weights, room)
    var missing = total - parts.reduce(0, +)
    while missing > 0 {
      guard let next = first(weights, among: parts.indices.filter({ parts[$0] < room[$0] }), { 2 * parts[$0] + 1 })
      else { break }
      parts[next] += 1
      missing -= 1
    }
    while missing < 0 {
      guard let last = last(weights, among: parts.indices.filter({ parts[$0] > 0 }), { 2 * parts[$0] - 1 }) else {
        break
      }
      parts[last] -= 1
      missing += 1
    }
    return parts
  }

  /// The rounded shares: they are what the method gives for their own sum, which is off by no more than the lines are.
  private static func closest(_ total: Int64, _ weights: [Int64], _ room: [Int64]) -> [Int64] {
    var open = weights.indices.filter { weights[$0] > 0 && room[$0] > 0 }
    var rest = Int128(total)
    var sum = open.reduce(Int128(0)) { $0 + Int128(weights[$1]) }
    // What is full at one rate is full at the greater rate that follows from it.
    while true {
      let full = open.filter { Int128(weights[$0]) * rest >= Int128(room[$0]) * sum }
      if full.isEmpty || open.isEmpty { break }
      open.removeAll { full.contains($0) }
      rest -= full.reduce(Int128(0)) { $0 + Int128(room[$1]) }
      sum -= full.reduce(Int128(0)) { $0 + Int128(weights[$1]) }
    }
    let isOpen = Set(open)
    return weights.indices.map { index in
      guard weights[index] > 0 else { return 0 }
      guard isOpen.contains(index) else { return room[index] }
      return min(room[index], Int64((2 * Int128(weights[index]) * rest + sum) / (2 * sum)))
    }
  }

  /// Where weight / divisor is greatest; of equals the first.
  private static func first(_ weights: [Int64], among places: [Int], _ divisor: (Int) -> Int64) -> Int? {
    places.reduce(nil) { best, place in
      guard let best else { return place }
      return Int128(weights[place]) * Int128(divisor(best)) > Int128(weights[best]) * Int128(divisor(place))
        ? place : best
    }
  }

  /// Where weight / divisor is least; of equals the last.
  private static func last(_ weights: [Int64], among places: [Int], _ divisor: (Int) -> Int64) -> Int? {
    places.reduce(nil) { best, place in
      guard let best else { return place }
      return Int128(weights[place]) * Int128(divisor(best)) <= Int128(weights[best]) * Int128(divisor(place))
        ? place : best
    }
  }
}
