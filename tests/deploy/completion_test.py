"""`foothold completion` in the shells that it is for: what stands there after the tab key."""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest

BINARY = os.path.abspath(os.environ["FOOTHOLD_BINARY"])
PATIENCE_S = 60


class Terminal:
    """A shell that thinks a person is sitting before it."""

    def __init__(self, *command, **environment):
        self.seen = ""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, {**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment})

    def type(self, text):
        self.seen = ""
        os.write(self.file, text.encode())

    def await_text(self, pattern):
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.seen):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            if select.select([self.file], [], [], 1)[0]:
                self.seen += os.read(self.file, 4096).decode(errors="replace")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.file)
        os.waitpid(self.pid, 0)


class CompletionTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        pathlib.Path(self.folder.name, "foothold").symlink_to(BINARY)
        self.path = f"{self.folder.name}:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": self.path}

    def shell(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE_S).stdout

    def fish(self, line):
        said = self.shell("fish", "--no-config", "-c", f"foothold completion fish | source; complete -C '{line}'")
        return {word.split("\t")[0] for word in said.splitlines()}

    def test_fish(self):
        self.assertEqual(self.fish("foothold sta") | self.fish("foothold stu"), {"state", "stuck"})
        self.assertEqual(self.fish("foothold dlq "), {"list", "requeue", "show"})
        self.assertFalse(self.fish("foothold dlq list ") & {"list", "requeue", "show"})
        self.assertEqual(self.fish("foothold run --htt"), {"--http-listen"})

    def bash(self, *words):
        quoted = " ".join(f"'{word}'" for word in words)
        return set(self.shell("bash", "--norc", "-c",
                              f"source <(foothold completion bash); COMP_WORDS=({quoted}); "
                              f"COMP_CWORD={len(words) - 1}; _foothold; printf '%s\\n' \"${{COMPREPLY[@]}}\"").split())

    def test_bash(self):
        self.assertEqual(self.bash("foothold", "st"), {"state", "stuck"})
        self.assertEqual(self.bash("foothold", "dlq", ""), {"list", "requeue", "show"})
        self.assertFalse(self.bash("foothold", "dlq", "list", "") & {"list", "requeue", "show"})
        self.assertEqual(self.bash("foothold", "run", "--htt"), {"--http-listen"})

    def zsh(self, typed, shown):
        """A shell of its own for each line: an interrupt to clear one can come where zsh does not listen."""
        zsh = Terminal("zsh", "--no-rcs", PATH=self.path, PS1="ready> ")
        self.addCleanup(zsh.close)
        zsh.await_text("ready> ")
        zsh.type("autoload -Uz compinit && compinit -u -D && source <(foothold completion zsh) && print is-$((1+1))-there\n")
        zsh.await_text(r"(?s)is-2-there.*ready> ")
        zsh.type(typed)
        zsh.await_text(shown)

    def test_zsh(self):
        self.zsh("foothold rules pa\t", "rules pause")
        self.zsh("foothold run --htt\t", "run --http-listen")
        self.zsh("foothold dlq \t", r"list +requeue +show")
        self.zsh("foothold st\t", r"(?s)state +--.*stuck +--")


if __name__ == "__main__":
    unittest.main()
