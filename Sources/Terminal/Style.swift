/// How many colours a terminal shows.
package enum ColorDepth: Int, Comparable, Sendable {
  case mono = 1
  case eight = 8
  case sixteen = 16
  case full = 256

  package static func < (a: ColorDepth, b: ColorDepth) -> Bool { a.rawValue < b.rawValue }

  /// From terminfo's `colors`; NO_COLOR (no-color.org: set and not empty) wins.
  package init(terminfoColors: Int, noColor: Bool) {
    self =
      switch terminfoColors {
      case _ where noColor: .mono
      case 256...: .full
      case 16...: .sixteen
      case 8...: .eight
      default: .mono
      }
  }
}

/// A colour of the terminal's own palette, never redefined: its default, or one of the 256 of xterm.
package enum Color: Hashable, Sendable {
  case standard
  /// `basic`: what stands for it where 16 colours or fewer are shown; the nearest if nil.
  case indexed(UInt8, basic: UInt8? = nil)

  static let names = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black", "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
  ]

  /// -1 for the default, else the index at that depth. At 8 colours bright ones lose their brightness.
  func index(at depth: ColorDepth) -> Int {
    guard case .indexed(let rich, let basic) = self else { return -1 }
    switch depth {
    case .mono: return -1
    case .full: return Int(rich)
    case .sixteen: return Int(basic ?? Color.nearestBasic(rich))
    case .eight:
      let sixteen = Int(basic ?? Color.nearestBasic(rich))
      // Bright black is a grey; black would vanish on the usual black background.
      return sixteen == 8 ? -1 : sixteen & 7
    }
  }

  /// The nearest of the 240 fixed colours of xterm: 16…231 a cube, 232…255 greys. 0…15 are the user's own, and their
  /// look is not known.
  static func nearest(red: Int, green: Int, blue: Int) -> UInt8 {
    (16...255).min { distance($0, red, green, blue) < distance($1, red, green, blue) }.map { UInt8($0) } ?? 16
  }

  private static func nearestBasic(_ index: UInt8) -> UInt8 {
    if index < 16 { return index }
    let (r, g, b) = rgb(Int(index))
    return (0...15).min { distance($0, r, g, b) < distance($1, r, g, b) }.map { UInt8($0) } ?? 7
  }

  private static func distance(_ index: Int, _ red: Int, _ green: Int, _ blue: Int) -> Int {
    let (r, g, b) = rgb(index)
    // Weighted as the eye does, roughly: green counts most.
    return 3 * (r - red) * (r - red) + 6 * (g - green) * (g - green) + 2 * (b - blue) * (b - blue)
  }

  /// xterm's values.
  private static func rgb(_ index: Int) -> (Int, Int, Int) {
    let steps = [0, 95, 135, 175, 215, 255]
    switch index {
    case 0..<8:
      let on = 205
      return (index & 1 != 0 ? on : 0, index & 2 != 0 ? on : 0, index & 4 != 0 ? on : 0)
    case 8: return (127, 127, 127)
    case 9..<16: return (index & 1 != 0 ? 255 : 0, index & 2 != 0 ? 255 : 0, index & 4 != 0 ? 255 : 0)
    case 16..<232:
      let cube = index - 16
      return (steps[cube / 36], steps[cube / 6 % 6], steps[cube % 6])
    default:
      let grey = 8 + 10 * (index - 232)
      return (grey, grey, grey)
    }
  }
}

/// A look: colours where the theme sets them (nil: what is beneath shows), and attributes.
package struct Style: Hashable, Sendable {
  package var foreground: Color?
  package var background: Color?
  package var attributes: Attributes

  package init(foreground: Color? = nil, background: Color? = nil, _ attributes: Attributes = []) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  /// Another style on top of this: its colours win. Attributes add up, unless the other sets a foreground: then it
  /// paints over all of this, so that a selected row is of one piece (and costs a slow line one change of colours).
  package func covered(by other: Style) -> Style {
    Style(
      foreground: other.foreground ?? foreground, background: other.background ?? background,
      other.foreground == nil ? attributes.union(other.attributes) : other.attributes)
  }

  /// What to send a terminal of this depth: colour indices (-1 default) and attributes. `plain` is the theme's
  /// ordinary text: a background that no longer differs from it becomes reverse video, a foreground that no longer
  /// differs from its background becomes the default.
  package func drawn(at depth: ColorDepth, plain: Style) -> DrawnStyle {
    let ground = (plain.background ?? .standard).index(at: depth)
    var result = DrawnStyle(
      foreground: (foreground ?? .standard).index(at: depth), background: (background ?? .standard).index(at: depth),
      attributes: attributes)
    let set = background ?? .standard
    if depth != .full, set != (plain.background ?? .standard), result.background == ground {
      result.attributes.formUnion(.reverse)
      if depth != .mono { result.foreground = -1 }
    }
    if result.foreground >= 0, result.foreground == result.background {
      result.foreground = -1
      if result.background >= 0 {
        result.background = -1
        result.attributes.formUnion(.reverse)
      }
    }
    return result
  }
}

/// A style as curses takes it.
package struct DrawnStyle: Hashable, Sendable {
  package var foreground: Int
  package var background: Int
  package var attributes: Attributes
}
