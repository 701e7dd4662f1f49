"""Turns a screen as tmux captures it, text with escape sequences of colours, into an SVG picture."""

import re
import unicodedata
from html import escape

CELL, LINE, PAD, SIZE = 8.4, 18, 12, 14
SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m")
OTHER = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][0-9A-Z]|[\x0e\x0f])|[\x0e\x0f]")
BASIC = ["#1c1c1c", "#d75f5f", "#5fd787", "#d7af5f", "#5f87d7", "#af87d7", "#5fafaf", "#d0d0d0",
         "#6c6c6c", "#ff8787", "#87ffaf", "#ffd787", "#87afff", "#d7afff", "#87d7d7", "#ffffff"]
GROUND = {"dark": ("#16181d", "#d0d4dc"), "light": ("#fbfbf8", "#24262b")}


def colour(number):
    """One of xterm's 256."""
    if number < 16:
        return BASIC[number]
    if number < 232:
        levels = (0, 95, 135, 175, 215, 255)
        number -= 16
        return "#{:02x}{:02x}{:02x}".format(levels[number // 36], levels[number // 6 % 6], levels[number % 6])
    return "#{0:02x}{0:02x}{0:02x}".format(8 + 10 * (number - 232))


class Pen:
    def __init__(self):
        self.fore = self.back = None
        self.bold = self.dim = self.underline = self.reverse = False

    def take(self, text):
        words = [int(word) if word else 0 for word in text.replace(":", ";").split(";")]
        while words:
            word = words.pop(0)
            if word == 0:
                self.__init__()
            elif word in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[word], True)
            elif word == 22:
                self.bold = self.dim = False
            elif word in (24, 27):
                setattr(self, "underline" if word == 24 else "reverse", False)
            elif word in (38, 48):
                kind = words.pop(0)
                value = colour(words.pop(0)) if kind == 5 else "#{:02x}{:02x}{:02x}".format(*words[:3])
                if kind == 2:
                    del words[:3]
                setattr(self, "fore" if word == 38 else "back", value)
            elif word in (39, 49):
                setattr(self, "fore" if word == 39 else "back", None)
            elif 30 <= word <= 37 or 90 <= word <= 97:
                self.fore = BASIC[word - 30 if word < 40 else word - 82]
            elif 40 <= word <= 47 or 100 <= word <= 107:
                self.back = BASIC[word - 40 if word < 50 else word - 92]

    def look(self, ground):
        """(foreground, background or None, bold, underline, dim)."""
        fore, back = self.fore or ground[1], self.back
        if self.reverse:
            fore, back = back or ground[0], fore
        return fore, back, self.bold, self.underline, self.dim


def cells(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line, pen, ground):
    """(column, text, width in cells, look) of each stretch that looks the same."""
    line = OTHER.sub("", line) if not SEQUENCE.search(line) else line
    column, found = 0, []
    for place, part in enumerate(SEQUENCE.split(line)):
        if place % 2:
            pen.take(part)
            continue
        # Words stand where they stand, whatever becomes of blanks; and what is not ASCII by itself, for fonts do not agree
        # on how wide it is.
        for text in re.findall(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*| +|[^\x20-\x7e]", part):
            width = sum(cells(character) for character in text)
            if width:
                found.append((column, text, width, pen.look(ground)))
                column += width
    return found


def picture(screen, columns, title, ground="dark"):
    ground = GROUND[ground]
    lines = screen.rstrip("\n").split("\n")
    width, height = columns * CELL + 2 * PAD, len(lines) * LINE + 2 * PAD
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
           f'height="{height:g}" role="img" aria-label="{escape(title)}">',
           f"<title>{escape(title)}</title>",
           f'<rect width="100%" height="100%" rx="6" fill="{ground[0]}"/>',
           f'<g font-family="ui-monospace,\'DejaVu Sans Mono\',Menlo,Consolas,monospace" font-size="{SIZE}" '
           'style="white-space:pre">']
    pen = Pen()
    for row, line in enumerate(lines):
        y = PAD + row * LINE
        for column, text, count, (fore, back, bold, underline, dim) in runs(line, pen, ground):
            x = PAD + column * CELL
            if back:
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{count * CELL + 0.3:.1f}" height="{LINE}" fill="{back}"/>')
            if not text.strip():
                continue
            lead = len(text) - len(text.lstrip(" "))
            text, count, x = text.strip(" "), len(text.strip(" ")) if count == len(text) else count, x + lead * CELL
            looks = (' font-weight="bold"' if bold else "") + (' text-decoration="underline"' if underline else "")
            looks += ' opacity="0.7"' if dim else ""
            out.append(f'<text x="{x:.1f}" y="{y + 13.5:g}" fill="{fore}" textLength="{count * CELL:.1f}" '
                       f'lengthAdjust="spacingAndGlyphs"{looks}>{escape(text)}</text>')
    return "\n".join([*out, "</g>", "</svg>", ""])
