import TOMLKit

/// A theme file's content before inheritance.
///
/// ```toml
/// summary = "Dark, with the terminal's own background"
/// inherits = "dark"                                    # optional
/// [palette]
/// sky = "#5fafff"                                      # or 75, or "blue", or "default"
/// raised = { rich = 236, basic = "blue" }              # basic: with 16 colours or fewer
/// [roles]
/// muted = "bright-black"                               # the foreground alone
/// "state.failed" = { fg = "red", bold = true }         # fg bg bold dim reverse underline italic
/// ```
struct ThemeSource {
  let summary: String?
  let inherits: String?
  let palette: [String: Color]
  private let roles: [StyleRole: RoleEntry]

  private struct RoleEntry {
    var foreground: ColorReference?
    var background: ColorReference?
    var attributes: Attributes = []
  }

  /// A colour's name in a role may be of a palette further down the inheritance, so it is resolved late.
  private struct ColorReference {
    let name: String
    let position: SourcePosition
  }

  let file: String

  init(toml: String, file: String) throws(ThemeError) {
    self.file = file
    let table: TOMLTable
    do {
      table = try TOMLTable(string: toml)
    } catch let error as TOMLParseError {
      throw ThemeError(
        file: file, line: error.source.begin.line, column: error.source.begin.column, message: error.description)
    } catch {
      throw ThemeError(file: file, line: 0, column: 0, message: "\(error)")
    }
    var reader = ThemeReader(file: file, locator: TOMLLocator(toml))
    for (key, _) in table where !["summary", "inherits", "palette", "roles"].contains(key) {
      throw reader.error([key], "unknown setting \"\(key)\"; a theme has summary, inherits, palette and roles")
    }
    summary = try reader.string(table["summary"], ["summary"])
    inherits = try reader.string(table["inherits"], ["inherits"])
    var palette: [String: Color] = [:]
    if let entries = try reader.table(table["palette"], ["palette"]) {
      for (key, value) in entries { palette[key] = try reader.color(value, ["palette", key]) }
    }
    self.palette = palette
    var roles: [StyleRole: RoleEntry] = [:]
    if let entries = try reader.table(table["roles"], ["roles"]) {
      try ThemeSource.read(entries, prefix: "", path: ["roles"], &reader, into: &roles)
    }
    self.roles = roles
  }

  /// Names of roles have dots, and TOML makes tables of dots when a key is not quoted: both spellings are understood.
  private static func read(
    _ table: TOMLTable, only: Set<String>? = nil, prefix: String, path: [String], _ reader: inout ThemeReader,
    into roles: inout [StyleRole: RoleEntry]
  ) throws(ThemeError) {
    for (key, value) in table where only?.contains(key) != false {
      let name = prefix.isEmpty ? key : "\(prefix).\(key)"
      let place = path + [key]
      let nested = value.table.map { entries in
        entries.keys.filter { StyleRole(name: "\(name).\($0)") != nil || (entries[$0]?.table != nil) }
      }
      if let entries = value.table, let nested, !nested.isEmpty {
        try read(entries, only: Set(nested), prefix: name, path: place, &reader, into: &roles)
        if nested.count == entries.count { continue }
      }
      guard let role = StyleRole(name: name) else {
        let known = StyleRole.allCases.map(\.name).joined(separator: ", ")
        throw reader.error(place, "unknown role \"\(name)\"; roles are \(known)")
      }
      roles[role] = try entry(value, except: Set(nested ?? []), place, reader)
    }
  }

  private static func entry(
    _ value: any TOMLValueConvertible, except: Set<String>, _ path: [String], _ reader: ThemeReader
  ) throws(ThemeError) -> RoleEntry {
    var entry = RoleEntry()
    guard let members = value.table else {
      entry.foreground = try reference(value, path, reader)
      return entry
    }
    for (key, member) in members where !except.contains(key) {
      let place = path + [key]
      switch key {
      case "fg": entry.foreground = try reference(member, place, reader)
      case "bg": entry.background = try reference(member, place, reader)
      default:
        guard let attribute = Attributes.named.first(where: { $0.name == key })?.attribute else {
          throw reader.error(place, "unknown member \"\(key)\"; a role has \(ThemeReader.memberNames)")
        }
        guard let on = member.bool else { throw reader.error(place, "\"\(key)\" is true or false") }
        if on { entry.attributes.formUnion(attribute) }
      }
    }
    return entry
  }

  private static func reference(
    _ value: any TOMLValueConvertible, _ path: [String], _ reader: ThemeReader
  ) throws(ThemeError) -> ColorReference {
    guard let name = value.string ?? value.int.map({ String($0) }) else {
      throw reader.error(path, "a colour is a name, \"#rrggbb\" or a number from 0 to 255")
    }
    return ColorReference(name: name, position: reader.locator.position(of: path))
  }

  /// The roles set here with their colours, looked up in the whole chain's palette.
  func styles(palette: [String: Color]) throws(ThemeError) -> [StyleRole: Style] {
    var result: [StyleRole: Style] = [:]
    for (role, entry) in roles {
      result[role] = Style(
        foreground: try resolve(entry.foreground, palette), background: try resolve(entry.background, palette),
        entry.attributes)
    }
    return result
  }

  private func resolve(_ reference: ColorReference?, _ palette: [String: Color]) throws(ThemeError) -> Color? {
    guard let reference else { return nil }
    if let color = palette[reference.name] ?? Color(name: reference.name) { return color }
    throw ThemeError(
      file: file, line: reference.position.line, column: reference.position.column,
      message: "unknown colour \"\(reference.name)\": it is neither in the palette, nor \"#rrggbb\", 0 to 255, "
        + "\"default\", nor one of \(Color.names.joined(separator: ", "))")
  }
}

extension Color {
  /// `default`, one of `Color.names`, `#rrggbb`, or a number from 0 to 255.
  package init?(name: String) {
    if name == "default" {
      self = .standard
    } else if let index = Color.names.firstIndex(of: name) {
      self = .indexed(UInt8(index))
    } else if let index = UInt8(name), name.utf8.allSatisfy({ $0 != 0x2B }) {
      self = .indexed(index)
    } else if name.utf8.count == 7, name.first == "#", name.dropFirst().allSatisfy(\.isHexDigit),
      let value = UInt32(name.dropFirst(), radix: 16)
    {
      self = .indexed(
        Color.nearest(red: Int(value >> 16), green: Int(value >> 8 & 255), blue: Int(value & 255)))
    } else {
      return nil
    }
  }
}

/// Reads TOML values with errors that say where.
struct ThemeReader {
  static let memberNames = (["fg", "bg"] + Attributes.named.map(\.name)).joined(separator: ", ")

  let file: String
  let locator: TOMLLocator

  func error(_ path: [String], _ message: String) -> ThemeError {
    let position = locator.position(of: path)
    return ThemeError(file: file, line: position.line, column: position.column, message: message)
  }

  func string(_ value: (any TOMLValueConvertible)?, _ path: [String]) throws(ThemeError) -> String? {
    guard let value else { return nil }
    guard let string = value.string else { throw error(path, "\"\(path.joined(separator: "."))\" is a text") }
    return string
  }

  func table(_ value: (any TOMLValueConvertible)?, _ path: [String]) throws(ThemeError) -> TOMLTable? {
    guard let value else { return nil }
    guard let table = value.table else { throw error(path, "\"\(path.joined(separator: "."))\" is a table") }
    return table
  }

  /// A palette's colour.
  func color(_ value: any TOMLValueConvertible, _ path: [String]) throws(ThemeError) -> Color {
    guard let members = value.table else { return try plainColor(value, path) }
    for (key, _) in members where key != "rich" && key != "basic" {
      throw error(path + [key], "unknown member \"\(key)\"; a colour in two versions has rich and basic")
    }
    guard let rich = members["rich"], let basic = members["basic"] else {
      throw error(path, "a colour in two versions has both rich and basic")
    }
    let full = try plainColor(rich, path + ["rich"])
    guard case .indexed(let index, _) = full else { throw error(path + ["rich"], "\"default\" has one version only") }
    guard case .indexed(let reduced, _) = try plainColor(basic, path + ["basic"]), reduced < 16 else {
      throw error(path + ["basic"], "basic is one of \(Color.names.joined(separator: ", "))")
    }
    return .indexed(index, basic: reduced)
  }

  private func plainColor(_ value: any TOMLValueConvertible, _ path: [String]) throws(ThemeError) -> Color {
    guard let name = value.string ?? value.int.map({ String($0) }) else {
      throw error(path, "a colour is a name, \"#rrggbb\" or a number from 0 to 255")
    }
    guard let color = Color(name: name) else {
      throw error(
        path,
        "unknown colour \"\(name)\": use \"#rrggbb\", 0 to 255, \"default\" or one of "
          + Color.names.joined(separator: ", "))
    }
    return color
  }
}
