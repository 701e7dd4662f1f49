import CoreMetrics
import Synchronization

/// Counts up.
final class PrometheusCounter: PrometheusSeries, CounterHandler, Sendable {
  private let total = Atomic<Int64>(0)

  func increment(by amount: Int64) {
    total.wrappingAdd(amount, ordering: .relaxed)
  }

  func reset() {
    total.store(0, ordering: .relaxed)
  }

  func write(name: String, labels: [String], to out: inout String) {
    writeSample(name, labels, String(total.load(ordering: .relaxed)), to: &out)
  }
}

/// Holds a number that goes up and down.
final class PrometheusGauge: PrometheusSeries, MeterHandler, RecorderHandler, FloatingPointCounterHandler, Sendable {
  private let value = Mutex(0.0)

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { self.value.withLock { $0 = value } }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
  func reset() { set(0.0) }

  func write(name: String, labels: [String], to out: inout String) {
    writeSample(name, labels, prometheusNumber(value.withLock { $0 }), to: &out)
  }
}

/// Counts values by the bucket they fall in.
final class PrometheusHistogram: PrometheusSeries, RecorderHandler, TimerHandler, Sendable {
  /// From half a millisecond to half a minute: what a webhook and a delivery take.
  static let seconds = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
  ]
  /// Powers of two: sizes of batches and queues.
  static let numbers = [1.0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096, 16_384]

  private struct State {
    var counts: [UInt64]
    var sum = 0.0
  }

  private let bounds: [Double]
  private let state: Mutex<State>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  func recordNanoseconds(_ duration: Int64) {
    record(Double(duration) / 1e9)
  }

  func record(_ value: Int64) {
    record(Double(value))
  }

  func record(_ value: Double) {
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock {
      $0.counts[bucket] += 1
      $0.sum += value
    }
  }

  func preferDisplayUnit(_ unit: TimeUnit) {}

  func write(name: String, labels: [String], to out: inout String) {
    let now = state.withLock { $0 }
    var total: UInt64 = 0
    for (index, count) in now.counts.enumerated() {
      total += count
      let bound = index < bounds.count ? prometheusNumber(bounds[index]) : "+Inf"
      writeSample("\(name)_bucket", labels + ["le=\"\(bound)\""], String(total), to: &out)
    }
    writeSample("\(name)_sum", labels, prometheusNumber(now.sum), to: &out)
    writeSample("\(name)_count", labels, String(total), to: &out)
  }
}

/// Whole numbers without a fraction.
func prometheusNumber(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
}
