package import CoreMetrics
import Synchronization

/// Keeps every metric of the process and writes them in Prometheus' text format
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
///
/// The backend of swift-metrics: any `Counter`, `Gauge`, `Meter`, `Recorder` or `Timer` made anywhere lands here. A
/// timer becomes a histogram in seconds, a recorder with `aggregate` one of plain numbers. Two with the same label and
/// dimensions are one.
package final class PrometheusRegistry: MetricsFactory, Sendable {
  private struct Key: Hashable {
    let label: String
    let dimensions: [String]
  }

  private struct Family {
    var type: String
    var series: [Key: any PrometheusSeries] = [:]
  }

  private let families = Mutex<[String: Family]>([:])
  private let help: [String: String]

  /// Series beyond this in one family are counted together under no dimensions: a limit on what labels can cost.
  static let seriesLimit = 1_000

  /// - Parameter help: a sentence for each label, written as its `# HELP`.
  package init(help: [String: String] = [:]) {
    self.help = help
  }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, type: "counter") { PrometheusCounter() }
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    series(label, dimensions, type: "counter") { PrometheusGauge() }
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, type: "gauge") { PrometheusGauge() }
  }

  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    aggregate
      ? series(label, dimensions, type: "histogram") { PrometheusHistogram(bounds: PrometheusHistogram.numbers) }
      : series(label, dimensions, type: "gauge") { PrometheusGauge() } as PrometheusGauge
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, type: "histogram") { PrometheusHistogram(bounds: PrometheusHistogram.seconds) }
  }

  // Series live as long as the process: what was counted once is not forgotten.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}

  private func series<T: PrometheusSeries>(
    _ label: String, _ dimensions: [(String, String)], type: String, make: () -> T
  ) -> T {
    let name = Self.name(label)
    return families.withLock { families in
      var family = families[name] ?? Family(type: type)
      defer { families[name] = family }
      let isFull = family.series.count >= Self.seriesLimit
      let key = Key(
        label: name,
        dimensions: isFull ? [] : dimensions.map { "\(Self.name($0.0))=\"\(Self.escaped($0.1))\"" }.sorted())
      if let known = family.series[key] as? T { return known }
      let made = make()
      // Another kind under the same name: counted, and not shown.
      if family.type == type { family.series[key] = made }
      return made
    }
  }

  /// The whole state as text, families by name.
  package func exposition() -> String {
    let snapshot = families.withLock { $0 }
    var out = ""
    for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) {
      if let sentence = help[name] { out += "# HELP \(name) \(sentence)\n" }
      out += "# TYPE \(name) \(family.type)\n"
      let ordered = family.series.sorted { $0.key.dimensions.lexicographicallyPrecedes($1.key.dimensions) }
      for (key, series) in ordered { series.write(name: name, labels: key.dimensions, to: &out) }
    }
    return out
  }

  /// A label as Prometheus allows it: letters, digits and `_`.
  private static func name(_ label: String) -> String {
    String(decoding: label.utf8.map { Self.isNameByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static func escaped(_ value: String) -> String {
    var out = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": out += "\\\\"
      case "\"": out += "\\\""
      case "\n": out += "\\n"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

/// One line, or one histogram, of a family.
protocol PrometheusSeries: AnyObject, Sendable {
  func write(name: String, labels: [String], to out: inout String)
}

/// `name{labels} value`
func writeSample(_ name: String, _ labels: [String], _ value: String, to out: inout String) {
  out += name
  if !labels.isEmpty { out += "{" + labels.joined(separator: ",") + "}" }
  out += " " + value + "\n"
}
