/// What a run of the load generator saw.
package struct LoadResult: Sendable {
  /// For each request: when it was due or sent, in microseconds since the Unix epoch; 0 where it never was.
  package internal(set) var sentAt: [Int64]
  /// For each request: microseconds until its 2xx; negative where there was none.
  package internal(set) var latency: [Int64]
  /// Answers other than 2xx, by status; 0 for a connection that was cut.
  package internal(set) var refusals: [Int: Int] = [:]
  /// From the first request sent to the last answer.
  package internal(set) var seconds: Double = 0
  /// Processor time of this process meanwhile.
  package internal(set) var processorSeconds: Double = 0
  /// Answers of the kind 2xx up to `seconds`.
  package internal(set) var acknowledged = 0

  init(count: Int) {
    sentAt = Array(repeating: 0, count: count)
    latency = Array(repeating: -1, count: count)
  }

  /// Acknowledged requests per second.
  package var rate: Double { seconds > 0 ? Double(acknowledged) / seconds : 0 }

  /// The latency in milliseconds below which `share` (0…1) of the acknowledged requests lie, by nearest rank.
  package func percentiles(_ shares: [Double]) -> [Double] {
    let sorted = latency.filter { $0 >= 0 }.sorted()
    guard !sorted.isEmpty else { return shares.map { _ in 0 } }
    return shares.map { share in
      let rank = Int((share * Double(sorted.count)).rounded(.up))
      return Double(sorted[min(max(rank, 1), sorted.count) - 1]) / 1_000
    }
  }

  /// One JSON object on one line.
  package func json(meanRequestBytes: Int) -> String {
    let shares = percentiles([0.5, 0.99, 1])
    let refused = refusals.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
    return """
      {"acknowledged": \(acknowledged), "seconds": \(seconds), "rate": \(rate), "p50_ms": \(shares[0]), \
      "p99_ms": \(shares[1]), "max_ms": \(shares[2]), "cpu_seconds": \(processorSeconds), \
      "request_bytes": \(meanRequestBytes), "refused": {\(refused)}}
      """
  }

  /// `order,sent_at_us,latency_us` for each acknowledged request.
  package func lines(firstOrder: Int64) -> String {
    var text = ""
    for index in latency.indices where latency[index] >= 0 {
      text += "\(firstOrder + Int64(index)),\(sentAt[index]),\(latency[index])\n"
    }
    return text
  }
}
