import Messages
import Testing

@Suite("Templates")
struct TemplateTests {
  private func text(_ source: String, _ kind: TemplateText.Kind = .plain, _ values: TemplateValues) throws -> String {
    try TemplateText(source, kind).render(values)
  }

  @Test func holesAreFilled() throws {
    #expect(try text("Hi {{name}}, {{ number }}.", .plain, ["name": "Ann", "number": "7"]) == "Hi Ann, 7.")
    #expect(try text("{{#a}}yes {{a}}{{/a}}{{^a}}no{{/a}}", .plain, ["a": "x"]) == "yes x")
    #expect(try text("{{#a}}yes{{/a}}{{^a}}no{{/a}}", .plain, ["a": ""]) == "no")
    #expect(try text("{{#l}}{{n}};{{/l}}", .plain, ["l": [["n": "1"], ["n": "2"]]]) == "1;2;")
    #expect(try text("a{{! nothing }}b", .plain, [:]) == "ab")
  }

  @Test func aSectionsLineLeavesNone() throws {
    let source = "one\n{{#a}}\n  two\n{{/a}}\nthree"
    #expect(try text(source, .plain, ["a": true]) == "one\n  two\nthree")
    #expect(try text(source, .plain, [:]) == "one\nthree")
  }

  @Test func whatAValueHoldsIsEscapedInHTMLAndNowhereElse() throws {
    let values: TemplateValues = ["x": "<b>\"Tom\" & 'Ann'</b>"]
    #expect(
      try text("<p>{{x}}</p>", .html, values) == "<p>&lt;b&gt;&quot;Tom&quot; &amp; &#39;Ann&#39;&lt;/b&gt;</p>")
    #expect(try text("{{x}}", .plain, values) == "<b>\"Tom\" & 'Ann'</b>")
    // Values are never read as templates themselves.
    #expect(try text("{{x}}", .plain, ["x": "{{y}}", "y": "!"]) == "{{y}}")
  }

  @Test(arguments: [
    ("a\nb {{name", 2, 3), ("{{#a}}\nx", 1, 1), ("x\n{{/a}}", 2, 1), ("{{#a}}{{#b}}{{/a}}", 1, 13), ("{{}}", 1, 1),
    (" {{{x}}}", 1, 2), ("{{&x}}", 1, 1), ("{{Name}}", 1, 1), ("é {{a b}}", 1, 3),
  ])
  func whatIsWrongHasAPlace(source: String, line: Int, column: Int) {
    let problem = #expect(throws: TemplateProblem.self) { try TemplateText(source, .html) }
    #expect(problem?.line == line)
    #expect(problem?.column == column)
  }

  @Test func aNameThatAKeyDoesNotHaveIsRefusedWhereItStands() {
    let file = "[subject]\nHi\n[text]\nHi {{nmae}}\n[html]\n<p>Hi</p>\n"
    let problem = #expect(throws: TemplateProblem.self) {
      try MessageTemplate(TemplateID(.keyDelivered, "en"), file: file)
    }
    #expect(problem?.line == 4)
    #expect(problem?.column == 4)
    #expect(problem?.message.contains("'nmae'") == true)
  }

  @Test func everyKeyHasAWholeTextInBothLanguages() throws {
    let templates = try MessageTemplates(shop: "The Shop")
    #expect(templates.all.count == 2 * TemplateKey.allCases.count)
    for key in TemplateKey.allCases {
      for locale in ["en", "es"] {
        let message = try templates.render(key, locale: locale, values: key.samples)
        #expect(message.locale == locale)
        for text in [message.subject, message.short, message.text, message.html] {
          #expect(!text.isEmpty && !text.contains("{{"), "\(key) \(locale)")
        }
        #expect(message.html.hasPrefix("<!DOCTYPE html>\n<html lang=\"\(locale)\">"))
        // What the text tells, the document tells too.
        let template = try #require(templates.template(key, locale: locale))
        #expect(Set(template.text.uses.map(\.name)) == Set(template.html.uses.map(\.name)), "\(template.id)")
        for field in key.fields where field.isRequired && field.name != "shop" {
          #expect(template.text.uses.contains { $0.name == field.name }, "\(template.id) tells no \(field.name)")
          var values = key.samples
          values[field.name] = nil
          #expect(throws: MessageError.missing(key, field.name)) {
            try templates.render(key, locale: locale, values: values)
          }
        }
      }
    }
  }

  @Test func everyVersionIsItsOwn() throws {
    let versions = try MessageTemplates(shop: "Shop").all.map(\.version)
    #expect(Set(versions).count == versions.count)
  }

  @Test func anotherContentIsAnotherVersionAndTheSameIsTheSame() throws {
    let id = TemplateID(.addressCode, "en")
    func version(_ html: String) throws -> String {
      let file = "[subject]\nCode\n[text]\n{{code}} {{minutes}}\n[html]\n\(html)\n"
      return try MessageTemplate(id, file: file).version
    }
    let first = try version("<p>{{code}}</p>")
    #expect(try version("<p>{{code}}</p>") == first)
    #expect(try version("<p>{{code}}.</p>") != first)
    // Its own spelling read again is the same template.
    let ours = try #require(try MessageTemplates(shop: "Shop").template(.addressCode, locale: "es"))
    #expect(try MessageTemplate(ours.id, file: ours.content).version == ours.version)
  }

  @Test func theNearestLanguageIsTaken() throws {
    let german = try MessageTemplate(
      TemplateID(.addressCode, "de"), file: "[subject]\nDein Code\n[text]\n{{code}}\n[html]\n<p>{{code}}</p>")
    let templates = try MessageTemplates(shop: "Shop", overrides: [german])
    #expect(templates.template(.addressCode, locale: "es_MX")?.id.locale == "es")
    #expect(templates.template(.addressCode, locale: "de-AT")?.id.locale == "de")
    #expect(templates.template(.keyDelivered, locale: "de-AT")?.id.locale == "en")
    #expect(templates.template(.keyDelivered, locale: "")?.id.locale == "en")
  }

  @Test func aSubjectIsOneLineWhateverItsValuesHold() throws {
    var values = TemplateKey.keyDelivered.samples
    values["title"] = "Rust\r\nBcc: everyone@example.com\u{2028}\u{85}\u{7}x"
    let message = try MessageTemplates(shop: "Shop").render(.keyDelivered, locale: "en", values: values)
    #expect(message.subject == "Your key for Rust Bcc: everyone@example.com x (order GK-1234-5678-90)")
  }
}
