"""Turns a screen as tmux captures it, text with escape sequences of colours, into an SVG picture."""

import re
import unicodedata
from html import escape

CELL, LINE, PAD, SIZE = 8.43, 18, 12, 14
SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m")
OTHER = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][0-9A-Z]|[\x0e\x0f])|[\x0e\x0f]")
BASIC = ["#1c1c1c", "#d75f5f", "#5fd787", "#d7af5f", "#5f87d7", "#af87d7", "#5fafaf", "#d0d0d0",
         "#6c6c6c", "#ff8787", "#87ffaf", "#ffd787", "#87afff", "#d7afff", "#87d7d7", "#ffffff"]
GROUND = {"dark": ("#16181d", "#d0d4dc"), "light": ("#fbfbf8", "#24262b"),
          "solarized-dark": ("#002b36", "#93a1a1"), "solarized-light": ("#fdf6e3", "#586e75")}
# Lines of boxes: whether they go left, right, up and down from the middle of their cell.
BOX = {"─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru",
       "┼": "lrud"}


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
        for piece in re.finditer(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*| +|([─▁-█])\1*|[^\x20-\x7e]", part):
            text = piece[0]
            width = sum(cells(character) for character in text)
            if width:
                found.append((column, text, width, pen.look(ground)))
                column += width
    return found


def drawn(text, x, y, count, fore):
    """Lines and bars as shapes, for in a font they neither meet nor fill their cells; None for what is written."""
    def box(x, y, width, height):
        return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fore}"/>'

    width = count * CELL
    if text[0] == "─":
        return box(x, y + LINE / 2 - 0.5, width, 1)
    if ways := BOX.get(text):
        out, middle, half = "", (x + CELL / 2, y + LINE / 2), 0.5
        if "l" in ways or "r" in ways:
            left, right = x if "l" in ways else middle[0] - half, x + width if "r" in ways else middle[0] + half
            out += box(left, middle[1] - half, right - left, 1)
        top, bottom = y if "u" in ways else middle[1] - half, y + LINE if "d" in ways else middle[1] + half
        return out + box(middle[0] - half, top, 1, bottom - top)
    if "▁" <= text[0] <= "█":
        height = (ord(text[0]) - ord("▁") + 1) * LINE / 8
        return box(x, y + LINE - height, width, height)
    if text in "▌▐":
        return box(x if text == "▌" else x + width / 2, y, width / 2, LINE)
    return None


def picture(screen, columns, title, ground="dark", cursor=None):
    """`cursor`: (column, row), where one is shown."""
    ground = GROUND[ground]
    lines = screen.rstrip("\n").split("\n")
    width, height = round(columns * CELL + 2 * PAD), len(lines) * LINE + 2 * PAD
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
           f'height="{height:g}" role="img" aria-label="{escape(title)}">',
           f"<title>{escape(title)}</title>",
           f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="6" fill="{ground[0]}" '
           'stroke="#808080" stroke-opacity="0.4"/>',
           f'<g font-family="ui-monospace,\'DejaVu Sans Mono\',Menlo,Consolas,monospace" font-size="{SIZE}" '
           'style="white-space:pre">']
    pen, words = Pen(), []
    for row, line in enumerate(lines):
        y = PAD + row * LINE
        for column, text, count, (fore, back, bold, underline, dim) in runs(line, pen, ground):
            x = PAD + column * CELL
            if back:
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{count * CELL + 0.3:.1f}" height="{LINE}" fill="{back}"/>')
            if not text.strip():
                continue
            if shape := drawn(text, x, y, count, fore):
                words.append(shape)
                continue
            lead = len(text) - len(text.lstrip(" "))
            text, count, x = text.strip(" "), len(text.strip(" ")) if count == len(text) else count, x + lead * CELL
            looks = (' font-weight="bold"' if bold else "") + (' text-decoration="underline"' if underline else "")
            looks += ' opacity="0.7"' if dim else ""
            words.append(f'<text x="{x:.1f}" y="{y + 13.5:g}" fill="{fore}" textLength="{count * CELL:.1f}" '
                       f'lengthAdjust="spacingAndGlyphs"{looks}>{escape(text)}</text>')
    if cursor:
        words.append(f'<rect x="{PAD + cursor[0] * CELL:.1f}" y="{PAD + cursor[1] * LINE + 1}" width="2" '
                     f'height="{LINE - 2}" fill="{ground[1]}"/>')
    # Words over all grounds: where a font is a little wider than its cells, no ground cuts its last letter.
    return "\n".join([*out, *words, "</g>", "</svg>", ""])
