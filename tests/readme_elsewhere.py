"""The README's commands, Python and scenarios, and the commands of docs, by what is installed.

readme_elsewhere.py README.md FOLDER-OF-COMMANDS

To be run in an empty folder by the Python of the environment. Long commands get fewer replications and no pictures.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

LEFT_OUT = ("reproduce", "choose", "serve", "bench", "archive")  # long, for ever, about this machine, of an extra
OUTCOME = "player,purchase\n0,30\n1,30\n"  # of two producers


def commands(text):
    """The words after `python run.py` of each line that has some."""
    lines = re.findall(r"^    python run\.py ([^#\n]+?)(?:  +.*)?$", text, re.MULTILINE)
    return [line.split() for line in lines if line.split()[0] not in LEFT_OUT and "--cluster" not in line]


def shorter(words):
    """The same command at less work; a folder in place of `…`."""
    words = [str(next(Path(word[:-1]).glob("*/"))) if word.endswith("…") else word for word in words]
    if "--replications" in words:
        words[words.index("--replications") + 1] = "1"
    elif words[0] == "compare":
        words += ["--replications", "1"]
    if words[0] in ("run", "compare") and words[1] != "two_aggregators":
        words += ["--no-plots"]
    return words


def play(command, words):
    """Run one command; everything it says where it fails."""
    answer = subprocess.run([command, *words], capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"{' '.join(words)}: exit code {answer.returncode}\n{answer.stdout[-2000:]}{answer.stderr[-2000:]}")
    return answer.stdout


def main(readme, folder):
    """Play all; says in its last line how many there were."""
    text, command = Path(readme).read_text(encoding="utf-8"), Path(folder) / "energy-markets"
    Path("mine.csv").write_text(OUTCOME)
    listed = (Path(readme).parent / "docs" / "commands.md").read_text(encoding="utf-8")
    played = list({tuple(words): words for words in commands(text) + commands(listed)}.values())
    for words in played:
        play(command, shorter(words))
    files = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    for number, file in enumerate(files):
        Path(f"file_{number}.toml").write_text(file, encoding="utf-8")
        summary = json.loads(play(command, ["run", f"file_{number}.toml", "--no-plots", "--json"]))
        assert summary["scenario"] == f"file_{number}", summary
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for block in blocks:
        exec(compile(block, readme, "exec"), {})
    assert len(played) > 10 and len(files) > 3 and blocks
    print(
        f"{len(played)} commands, {len(files)} scenarios, {len(blocks)} pieces of Python of the README from elsewhere"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
