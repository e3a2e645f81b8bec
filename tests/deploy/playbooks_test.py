"""deploy/playbooks/language.md: each example is a playbook that holds, and no key of the language is missing."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from promql import ROOT

BINARY = os.environ["FOOTHOLD_BINARY"]
PAGE = (ROOT / "deploy/playbooks/language.md").read_text()
EXAMPLES = re.findall(r"^```playbook\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
# How the compiler takes a key out of a map: reader.Take("until"), reader.ReadInteger("at_least", ...).
TAKEN = re.compile(r'\b(?:Take|Require|Find|Read[A-Z]\w*)\(\s*"([a-z_]+)"')
# The table of questions that a condition may ask.
QUESTION = re.compile(r'^\s+\{"([a-z_]+)", (?:true|false), &QuestionReader', re.MULTILINE)


class LanguageTest(unittest.TestCase):
    def test_every_example_is_a_playbook_that_holds(self):
        self.assertGreater(len(EXAMPLES), 5)
        for example in EXAMPLES:
            with self.subTest(example[:60]), tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(example)
                file.flush()
                done = subprocess.run([BINARY, "validate", file.name], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_key_that_the_program_reads_stands_in_an_example(self):
        keys = set()
        for path in pathlib.Path(ROOT, "src/config").glob("playbook_*.cc"):
            text = path.read_text()
            keys |= set(TAKEN.findall(text)) | set(QUESTION.findall(text))
        self.assertGreater(len(keys), 60)
        code = re.sub(r"#.*", "", "\n".join(EXAMPLES))
        shown = set(re.findall(r"\b([a-z_]+):", code))
        self.assertEqual(sorted(keys - shown), [])


if __name__ == "__main__":
    unittest.main()
