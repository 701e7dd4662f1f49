/// The themes that are part of the program, so that it needs no files. `Themes/*.toml` hold the same text, and a test
/// keeps them the same.
enum BuiltInThemes {
  static let sources = [
    "dark": dark,
    "light": light,
    "high-contrast": highContrast,
    "mono": mono,
    "solarized-dark": solarizedDark,
    "solarized-light": solarizedLight,
    "colour-blind": colourBlind,
  ]

  private static let dark = #"""
    summary = "Dark: calm colours on the terminal's own background"

    # A colour is "#rrggbb", a number of xterm's 256, one of the 16 names, or "default" (the terminal's own).
    # rich is used with 256 colours, basic with 16 or fewer.
    [palette]
    soft = { rich = 250, basic = "white" }
    grey = { rich = 245, basic = "bright-black" }
    faint = { rich = 240, basic = "bright-black" }
    sky = { rich = "#5fafff", basic = "bright-cyan" }
    mint = { rich = "#5fd787", basic = "green" }
    gold = { rich = "#ffd75f", basic = "yellow" }
    coral = { rich = "#ff5f5f", basic = "bright-red" }
    lilac = { rich = "#87afff", basic = "bright-magenta" }
    raised = { rich = 238, basic = "blue" }
    lifted = { rich = 236, basic = "black" }
    surface = { rich = 235, basic = "black" }
    alarm = { rich = 160, basic = "red" }
    deep = { rich = 24, basic = "blue" }
    amber = { rich = 214, basic = "yellow" }
    ink = { rich = 16, basic = "black" }
    paper = { rich = 231, basic = "bright-white" }

    [roles]
    text = {}
    "text.dim" = "soft"
    muted = "grey"
    title = { fg = "sky", bold = true }
    header = { fg = "grey", bold = true }
    border = "faint"
    "border.focused" = "sky"
    key = { fg = "sky", bold = true }
    selection = { fg = "paper", bg = "raised" }
    "selection.unfocused" = { bg = "lifted", bold = true }
    marked = { fg = "gold", bold = true }
    match = { fg = "gold", underline = true }
    input = { bold = true, underline = true }
    "state.ok" = "mint"
    "state.warn" = "gold"
    "state.failed" = { fg = "coral", bold = true }
    "state.waiting" = "lilac"
    "state.neutral" = "grey"
    danger = { fg = "paper", bg = "alarm", bold = true }
    toast = { fg = "paper", bg = "deep" }
    "banner.stale" = { fg = "ink", bg = "amber" }
    chart = "sky"
    status = "soft"
    dialog = { bg = "surface" }

    """#

  private static let light = #"""
    summary = "Light: for terminals with a light background of their own"
    inherits = "dark"

    [palette]
    soft = { rich = 238, basic = "black" }
    grey = { rich = 242, basic = "black" }
    faint = { rich = 248, basic = "black" }
    sky = { rich = "#005faf", basic = "blue" }
    mint = { rich = "#00701a", basic = "green" }
    gold = { rich = "#875f00", basic = "magenta" }
    coral = { rich = "#c00000", basic = "red" }
    lilac = { rich = "#5f3fbf", basic = "blue" }
    raised = { rich = 153, basic = "cyan" }
    lifted = { rich = 254, basic = "white" }
    surface = { rich = 255, basic = "white" }
    ink = { rich = 235, basic = "black" }

    [roles]
    selection = { fg = "ink", bg = "raised" }

    """#

  private static let highContrast = #"""
    summary = "High contrast: full black and white, few colours, nothing dimmed"
    inherits = "dark"

    [palette]
    black = { rich = 16, basic = "black" }
    white = { rich = 231, basic = "bright-white" }
    soft = { rich = 231, basic = "bright-white" }
    grey = { rich = 252, basic = "white" }
    faint = { rich = 252, basic = "white" }
    sky = { rich = 51, basic = "bright-cyan" }
    mint = { rich = 46, basic = "bright-green" }
    gold = { rich = 226, basic = "bright-yellow" }
    coral = { rich = 210, basic = "bright-red" }
    lilac = { rich = 117, basic = "bright-cyan" }
    surface = { rich = 16, basic = "black" }

    [roles]
    text = { fg = "white", bg = "black" }
    selection = { fg = "black", bg = "gold" }
    "selection.unfocused" = { fg = "black", bg = "grey" }
    match = { bold = true, underline = true }
    danger = { fg = "black", bg = "coral", bold = true }
    toast = { fg = "black", bg = "sky" }

    """#

  private static let mono = #"""
    summary = "Mono: no colours, only bold, underline and reverse video"

    [roles]
    text = {}
    title = { bold = true }
    header = { underline = true }
    "border.focused" = { bold = true }
    key = { bold = true }
    selection = { reverse = true }
    "selection.unfocused" = { underline = true }
    marked = { bold = true }
    match = { bold = true, underline = true }
    input = { underline = true }
    "state.failed" = { bold = true }
    "state.warn" = { bold = true }
    danger = { bold = true, reverse = true }
    toast = { reverse = true }
    "banner.stale" = { reverse = true }
    status = {}

    """#

  private static let solarizedDark = #"""
    summary = "Solarized dark: Ethan Schoonover's palette on a dark background"
    inherits = "dark"

    [palette]
    soft = { rich = "#93a1a1", basic = "white" }
    grey = { rich = "#839496", basic = "bright-black" }
    faint = { rich = "#586e75", basic = "bright-black" }
    sky = { rich = "#268bd2", basic = "bright-cyan" }
    mint = { rich = "#859900", basic = "green" }
    gold = { rich = "#b58900", basic = "yellow" }
    coral = { rich = "#dc322f", basic = "bright-red" }
    lilac = { rich = "#2aa198", basic = "bright-magenta" }
    raised = { rich = 24, basic = "blue" }
    lifted = { rich = 23, basic = "black" }
    surface = { rich = 235, basic = "black" }

    """#

  private static let solarizedLight = #"""
    summary = "Solarized light: the same palette on a light background"
    inherits = "light"

    [palette]
    soft = { rich = "#586e75", basic = "black" }
    grey = { rich = "#657b83", basic = "black" }
    faint = { rich = "#93a1a1", basic = "black" }
    sky = { rich = "#268bd2", basic = "blue" }
    mint = { rich = "#5f8700", basic = "green" }
    gold = { rich = "#875f00", basic = "magenta" }
    coral = { rich = "#dc322f", basic = "red" }
    lilac = { rich = "#2aa198", basic = "blue" }
    raised = { rich = 187, basic = "cyan" }
    lifted = { rich = 230, basic = "white" }
    surface = { rich = 230, basic = "white" }

    """#

  private static let colourBlind = #"""
    summary = "Colour-blind safe: Okabe and Ito's colours, told apart with every kind of sight"
    inherits = "dark"

    # No red beside green: blue is well, orange wants care, vermilion failed, and each has its sign.
    [palette]
    sky = { rich = "#56b4e9", basic = "bright-cyan" }
    mint = { rich = "#56b4e9", basic = "bright-blue" }
    gold = { rich = "#f0e442", basic = "bright-yellow" }
    coral = { rich = "#d55e00", basic = "bright-red" }
    lilac = { rich = "#cc79a7", basic = "bright-magenta" }
    alarm = { rich = "#d55e00", basic = "red" }
    amber = { rich = "#e69f00", basic = "yellow" }

    [roles]
    "state.ok" = { fg = "mint" }
    "state.warn" = { fg = "gold", bold = true }
    "state.failed" = { fg = "coral", bold = true, underline = true }

    """#
}
