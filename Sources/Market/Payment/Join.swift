/// The least upper bound of two reports of a thing that has one value: the known one and, should they differ, the
/// greater. Commutative, associative and idempotent, which is all that merging facts asks for.
func joined<Value: Comparable>(_ left: Value?, _ right: Value?) -> Value? {
  guard let left else { return right }
  guard let right else { return left }
  return max(left, right)
}

extension Int64 {
  /// The sum, stopped at the ends of the range: amounts come from outside and must never trap.
  func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    guard overflow else { return sum }
    return other > 0 ? .max : .min
  }
}
