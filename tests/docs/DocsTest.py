"""Every page of docs/ and the README: what they show is what happens."""

import glob
import os

import pytest
import Snippets

PAGES = sorted(glob.glob(Snippets.SOURCE + "/docs/*.md") + [Snippets.SOURCE + "/README.md"])
RUN = {
    "AddAModel.md",
    "AddAPass.md",
    "AddAnOp.md",
    "FirstMistakes.md",
    "README.md",
    "Tour.md",
    "language.md",
    "library.md",
    "models.md",
}


@pytest.mark.parametrize("path", PAGES, ids=[os.path.basename(page) for page in PAGES])
def test_page(path, tmp_path):
    ran = Snippets.run_page(path, str(tmp_path), update="RONDO_UPDATE_EXPECTED" in os.environ)
    if os.path.basename(path) in RUN:
        assert ran


def test_the_runner_notices(tmp_path):
    page = tmp_path / "page.md"
    for text in (
        "```rondo right\nmodel M( {\n```\n",
        "```sh run\nfalse\n```\n",
        "```sh run fails\ntrue\n```\n",
        "```sh run\necho a\n```\n\n```text output\nb\n```\n",
        "```text output\nb\n```\n",
        "```\nneither run nor marked\n```\n",
    ):
        page.write_text(text)
        with pytest.raises(AssertionError):
            Snippets.run_page(str(page), str(tmp_path))
    page.write_text("```sh run\nprintf 'a\\nb\\nc\\n'\n```\n\n```text output\na\n...\nc\n```\n")
    assert Snippets.run_page(str(page), str(tmp_path)) == 1
