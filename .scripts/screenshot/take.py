"""Takes the pictures: drives gkm in tmux as a person would, and keeps what is seen as SVG.

    take.py FOLDER PROGRAM OUT    FOLDER: where tmux has its socket; the environment says how the market is reached.
"""

import os
import subprocess
import sys
import time

from svg import picture

# Of each picture: who looks, at which size, in which theme, and what is pressed. A word in <> is a key's name for
# tmux, "~text" waits until the text is seen, "!text" until it is no longer, everything else is typed as it is.
SHOTS = [
    ("pulse", "ops", (100, 27), "dark", ["0", "~To look after"], "The pulse of the market"),
    ("orders", "ops", (150, 28), "dark", ["/vendor:redwood -open -expired", "<Enter>", "!○ open", "j", "j",
     "~DELIVERED"], "Orders, with the side pane"),
    ("order", "ops", (100, 27), "dark", ["/GK-SYR2-F6QV-TA", "<Enter>", "!○ open", "<Enter>",
     "~delivery.confirmed"], "All that happened to one order"),
    ("refund", "ops", (100, 27), "dark", ["/state:delivered vendor:northgate", "<Enter>", "!○ open", "R",
     "~Units or amount", "<Right>", "<Tab>", "1", "<Tab>", "bought one too many", "<Tab>", "<Tab>", "<Enter>",
     "~go back out of"], "What a refund would do, before it is done"),
    ("vendors", "admin", (110, 24), "dark", ["8", "~TAKES", "j", "<Enter>", "~on sale"], "A vendor"),
    ("commission", "admin", (100, 27), "dark", ["8", "~TAKES", "C", "~Share in %", "<C-u>", "9.5", "<Tab>", "<Tab>",
     "<Tab>", "<C-u>", "Europe/Madrid", "<Tab>", "agreed in writing", "<Tab>", "<Tab>", "<Enter>", "~as it is"],
     "What a sale would pay from next Monday on"),
    ("palette", "support", (100, 18), "light", [":", "~Find an order", "order", "~Hold this order"],
     "The palette of commands"),
    ("vendor", "vendor", (100, 18), "solarized-dark", ["4", "~AVAIL"], "A vendor's own stock"),
]


class Tmux:
    def __init__(self, folder):
        self.base = ["tmux", "-f", "/dev/null", "-S", f"{folder}/tmux"]

    def run(self, *words):
        return subprocess.run([*self.base, *words], text=True, capture_output=True, check=True).stdout

    def see(self, text, there=True, seconds=15):
        end = time.monotonic() + seconds
        while (text in self.run("capture-pane", "-p")) != there:
            if time.monotonic() > end:
                what = "was not seen" if there else "stayed"
                sys.exit(f"screenshots: “{text}” {what}. The screen:\n{self.run('capture-pane', '-p')}")
            time.sleep(0.05)

    def press(self, step):
        if step[0] in "~!":
            self.see(step[1:], step[0] == "~")
        elif step.startswith("<"):
            self.run("send-keys", step[1:-1])
            time.sleep(0.4)
        else:
            # What is typed is seen before anything else is pressed, as by a person.
            self.run("send-keys", "-l", "--", step)
            time.sleep(0.4)


def main():
    folder, program, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    tmux = Tmux(folder)
    for name, service, (columns, rows), theme, steps, title in SHOTS:
        # The one that has no erasing in colour: then what is coloured is there to be captured.
        tmux.run("new-session", "-d", "-x", str(columns), "-y", str(rows), "-e", f"PGSERVICE={service}", "-e", "TZ=UTC",
                 "-e", f"XDG_CONFIG_HOME={folder}/nowhere", f"exec env TERM=screen-256color {program} ui --theme {theme}")
        tmux.run("set-option", "-g", "status", "off")
        tmux.run("resize-window", "-x", str(columns), "-y", str(rows))
        # Until somebody is signed in there is no role, and Enter and numbers do nothing yet; “live” alone would be seen
        # in “Deliveries”. Then the first rows, and the end of the hint for whoever is here for the first time.
        tmux.see("● live" if service != "vendor" else "○ polling")
        tmux.see(" 1/")
        tmux.see("? help")
        for step in steps:
            tmux.press(step)
        time.sleep(0.7)
        screen = tmux.run("capture-pane", "-e", "-N", "-p")
        shown, *place = tmux.run("display-message", "-p", "#{cursor_flag} #{cursor_x} #{cursor_y}").split()
        cursor = [int(number) for number in place] if shown == "1" else None
        with open(f"{out}/{name}.svg", "w") as file:
            file.write(picture(screen, columns, f"GlobalKeyMarket: {title}", theme, cursor))
        print(f"  {name}.svg", flush=True)
        tmux.run("kill-server")
        time.sleep(0.2)


main()
