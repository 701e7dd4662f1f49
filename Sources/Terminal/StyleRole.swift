/// What a piece of the screen means. Themes give each role its look; screens name roles and never colours.
///
/// A state's colour is never its only sign: whoever draws `state…` draws a symbol or a word with it.
package enum StyleRole: UInt8, CaseIterable, Sendable {
  case text, textDim, muted, title, header, border, borderFocused, key
  case selection, selectionUnfocused, marked, match, input
  case stateOk, stateWarn, stateFailed, stateWaiting, stateNeutral
  case danger, toast, bannerStale, chart, status, dialog

  /// The name in theme files and goldens.
  package var name: String {
    switch self {
    case .text: "text"
    case .textDim: "text.dim"
    case .muted: "muted"
    case .title: "title"
    case .header: "header"
    case .border: "border"
    case .borderFocused: "border.focused"
    case .key: "key"
    case .selection: "selection"
    case .selectionUnfocused: "selection.unfocused"
    case .marked: "marked"
    case .match: "match"
    case .input: "input"
    case .stateOk: "state.ok"
    case .stateWarn: "state.warn"
    case .stateFailed: "state.failed"
    case .stateWaiting: "state.waiting"
    case .stateNeutral: "state.neutral"
    case .danger: "danger"
    case .toast: "toast"
    case .bannerStale: "banner.stale"
    case .chart: "chart"
    case .status: "status"
    case .dialog: "dialog"
    }
  }

  package init?(name: String) {
    guard let role = StyleRole.allCases.first(where: { $0.name == name }) else { return nil }
    self = role
  }
}

/// Attributes of text that need no colour.
package struct Attributes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  // The values are those of CNcurses.h.
  package static let bold = Attributes(rawValue: 1)
  package static let dim = Attributes(rawValue: 2)
  package static let reverse = Attributes(rawValue: 4)
  package static let underline = Attributes(rawValue: 8)
  package static let italic = Attributes(rawValue: 16)

  static let named: [(name: String, attribute: Attributes)] = [
    ("bold", .bold), ("dim", .dim), ("reverse", .reverse), ("underline", .underline), ("italic", .italic),
  ]

  var names: [String] { Attributes.named.filter { contains($0.attribute) }.map(\.name) }
}

/// The style of a cell by meaning: a role, a second role laid over it (a selected failed row), and attributes added
/// on the spot. A theme makes colours of it only when it is drawn, so that changing the theme needs no new grid.
package struct StyleID: Hashable, Sendable {
  package var role: StyleRole
  /// 0 for none, else the role's raw value + 1: keeps a cell at 16 bytes.
  private var overlayValue: UInt8
  package var attributes: Attributes

  package init(_ role: StyleRole, over overlay: StyleRole? = nil, _ attributes: Attributes = []) {
    self.role = role
    overlayValue = overlay.map { $0.rawValue + 1 } ?? 0
    self.attributes = attributes
  }

  /// The role laid over: what it sets wins over `role`.
  package var overlay: StyleRole? {
    get { overlayValue == 0 ? nil : StyleRole(rawValue: overlayValue - 1) }
    set { overlayValue = newValue.map { $0.rawValue + 1 } ?? 0 }
  }

  package func under(_ overlay: StyleRole?) -> StyleID { StyleID(role, over: overlay, attributes) }
  package func adding(_ more: Attributes) -> StyleID { StyleID(role, over: overlay, attributes.union(more)) }

  /// `state.failed+selection bold`, as goldens list it.
  package var name: String {
    let base = overlay.map { "\(role.name)+\($0.name)" } ?? role.name
    return ([base] + attributes.names).joined(separator: " ")
  }
}

extension StyleID {
  package static let text = StyleID(.text)
  package static let textDim = StyleID(.textDim)
  package static let muted = StyleID(.muted)
  package static let title = StyleID(.title)
  package static let header = StyleID(.header)
  package static let border = StyleID(.border)
  package static let borderFocused = StyleID(.borderFocused)
  package static let key = StyleID(.key)
  package static let selection = StyleID(.selection)
  package static let selectionUnfocused = StyleID(.selectionUnfocused)
  package static let marked = StyleID(.marked)
  package static let match = StyleID(.match)
  package static let input = StyleID(.input)
  package static let stateOk = StyleID(.stateOk)
  package static let stateWarn = StyleID(.stateWarn)
  package static let stateFailed = StyleID(.stateFailed)
  package static let stateWaiting = StyleID(.stateWaiting)
  package static let stateNeutral = StyleID(.stateNeutral)
  package static let danger = StyleID(.danger)
  package static let toast = StyleID(.toast)
  package static let bannerStale = StyleID(.bannerStale)
  package static let chart = StyleID(.chart)
  package static let status = StyleID(.status)
  package static let dialog = StyleID(.dialog)
}
