"""Axes that a model makes, by arithmetic and from values, and tables of integers among the weights: from Python, C++ and C."""

import os
import subprocess

import numpy as np
import pytest
import rondo

SOURCE, BUILD = os.environ["RONDO_SOURCE"], os.environ["RONDO_BUILD"]
MODEL = """model Made(V = 9) {
  const next : int[V] = 0
  fn doubled(x: [T, 2]) -> [P, 2] {
    axis P = 2 * T - 1
    return y[p in P, j] = x[p div 2, j]
  }
  fn before(text: token(V)[T]) -> (int[U], int[]) {
    axis U = argmax(t) (if text[t] == 2 then 2 else if t == T - 1 then 1 else 0)
    return y[u in U] = next[text[u]], U
  }
  export doubled
  export before
}
"""
NEXT = [7, 1, 8, 2, 8, 1, 8, 2, 8]
TEXTS = [[1, 3, 2, 5], [2], [4, 4], [0, 1, 3, 2]]
BEFORE = [[NEXT[token] for token in text[: text.index(2) if 2 in text else len(text) - 1]] for text in TEXTS]
CPP = """#include "made.hpp"
#include <cstdio>
#include <fstream>
#include <iterator>
int main(int, char **argv) {
  std::ifstream file(argv[1], std::ios::binary);
  const std::string weights((std::istreambuf_iterator<char>(file)), {});
  made::Model model = made::Model::open_memory(weights.data(), weights.size(), 2);
  auto both = model.before({{1, 3, 2, 5}, {2}, {4, 4}, {0, 1, 3, 2}});
  for (size_t i = 0; i < 4; ++i) {
    std::printf("%d:", both.before1[i][0]);
    for (int token : both.y[i])
      std::printf(" %d", token);
    std::puts("");
  }
}
"""
C = """#include "made.h"
#include <stdio.h>
int main(int argc, char **argv) {
  static const int32_t text[] = {1, 3, 2, 5, 2, 4, 4, 0, 1, 3, 2};
  static const int64_t T[] = {0, 4, 5, 7, 11};
  int32_t y[11], n[4];
  int64_t U[5];
  rondo_error error;
  made_model *model;
  made_session *session;
  made_limits limits = {4, 11, 0};
  made_before_in in = {4, T, text};
  made_before_out out = {y, 11, n, 4, U};
  if (argc < 2 || made_open(&model, argv[1], NULL, &error) || made_session_new(&session, model, &limits, &error) ||
      made_before(session, &in, &out, &error))
    return fprintf(stderr, "%s\\n", error.text), 1;
  for (int i = 0; i < 4; ++i) {
    printf("%d:", (int)n[i]);
    for (int64_t row = U[i]; row < U[i + 1]; ++row)
      printf(" %d", (int)y[row]);
    puts("");
  }
  made_session_free(session);
  made_close(model);
  return 0;
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    (folder / "made.rondo").write_text(MODEL)
    np.savez(folder / "table.npz", next=np.array(NEXT, dtype=np.int32))
    (folder / "table.map").write_text("next -> next\n")
    command = f"{BUILD}/bin/rondo"
    for words in (["import", "made.rondo", "table.npz", "--map", "table.map", "-o", "w.safetensors"], ["compile", "made.rondo", "-o", "."]):
        done = subprocess.run([command, *words], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_python(made):
    model = rondo.load(made / "libmade.so", made / "w.safetensors", threads=2)
    model.selftest()
    x = [np.arange(6, dtype=np.float32).reshape(3, 2), np.ones((1, 2), np.float32)]
    for rows, given in zip(model.doubled(x), x):
        np.testing.assert_array_equal(rows, [given[p // 2] for p in range(2 * len(given) - 1)])
    y, n = model.before(TEXTS)
    assert [list(rows) for rows in y] == BEFORE and list(n) == [len(rows) for rows in BEFORE]
    y, n = model.before([])
    assert len(y) == 0 and len(n) == 0


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_program(made, language):
    source, compiler = {"c": (C, ["gcc", "-std=c99"]), "cpp": (CPP, ["g++", "-std=c++17"])}[language]
    (made / f"before.{language}").write_text(source)
    done = subprocess.run(
        [*compiler, "-Wall", "-Wextra", "-Werror", "-I.", f"before.{language}", "libmade.a", "-lm", "-pthread", "-o", language],
        cwd=made,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run([f"./{language}", "w.safetensors"], cwd=made, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(f"{len(rows)}:{''.join(f' {token}' for token in rows)}\n" for rows in BEFORE)
