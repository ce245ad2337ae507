"""What a session of the causal transformer asks the host's allocator for: linear in the length of the text, although
attention is over pairs of positions."""

import json
import os
import subprocess

import numpy as np
import rondo
from ExampleTest import write_safetensors

SOURCE, BUILD = os.environ["RONDO_SOURCE"], os.environ["RONDO_BUILD"]
PROGRAM = r"""
#include "gpt.h"
#include <stdio.h>
#include <stdlib.h>

static size_t held, most;

static void *alloc(void *user, size_t size, size_t align) {
  (void)user;
  held += size;
  most = held > most ? held : most;
  return aligned_alloc(align, (size + align - 1) / align * align);
}
static void release(void *user, void *p, size_t size, size_t align) {
  (void)user, (void)align;
  held -= size;
  free(p);
}

/* session WEIGHTS THREADS LENGTH: the most bytes that a session and one call of that length hold beside the model. */
int main(int argc, char **argv) {
  int64_t n = atoll(argv[argc - 1]), offsets[2] = {0, n};
  int32_t *text = calloc((size_t)n, sizeof *text);
  float *z = malloc((size_t)n * GPT_V * sizeof *z);
  gpt_model *model;
  gpt_session *session;
  rondo_error error;
  rondo_config config = {.size = sizeof config, .threads = (uint32_t)atoi(argv[2]), .alloc = alloc, .release = release};
  gpt_limits limits = {.batch = 1, .T_total = n, .T_longest = n};
  gpt_logits_in in = {.batch = 1, .T = offsets, .text = text};
  gpt_logits_out out = {.z = z, .z_count = (size_t)n * GPT_V};
  if (gpt_open(&model, argv[1], &config, &error))
    return fprintf(stderr, "%s\n", error.text), 1;
  size_t before = most = held;
  if (gpt_session_new(&session, model, &limits, &error) || gpt_logits(session, &in, &out, &error))
    return fprintf(stderr, "%s\n", error.text), 1;
  printf("%zu\n", most - before);
  gpt_session_free(session);
  gpt_close(model);
  free(text), free(z);
  return held != 0;
}
"""


def test_bytes_of_a_transformer_are_linear(tmp_path):
    sizes = ["V=64", "E=64", "N=2", "F=128", "L=2", "M=4096"]
    command = [f"{BUILD}/bin/rondo", "compile", f"{SOURCE}/models/gpt.rondo", *sizes, "-o", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    write_safetensors(tmp_path / "w.safetensors", json.loads((tmp_path / "gpt.json").read_text())["cells"], seed=3)
    (tmp_path / "session.c").write_text(PROGRAM)
    program = tmp_path / "session"
    flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-I", tmp_path]
    subprocess.run(["clang-22", *flags, tmp_path / "session.c", tmp_path / "libgpt.a", "-lm", "-pthread", "-o", program], check=True)

    def peak(threads, length):
        done = subprocess.run([program, tmp_path / "w.safetensors", str(threads), str(length)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    for threads in (1, 2):
        short, long = peak(threads, 2048), peak(threads, 4096)
        assert 1.5 * short < long <= 2.1 * short, (threads, short, long)


PAIRS = """model Pairs(E = 16) {
  param W, U : [E, E] = glorot
  fn f(x: [S, E], y: [T, E]) -> [S, E] {
    h[t, s, i] = tanh((sum(j) W[i, j] * (x[s, j] + y[t, j])) + (sum(j) U[i, j] * h[t-1, s, j]))   where h[-1] = 0
    g[t, s, i] = tanh((sum(j) W[i, j] * h[t, s, j]) + (sum(j) U[i, j] * g[t+1, s, j]))   where g[T] = 0
    return z[s, i] = max(t) g[t, s, i]
  }
  export f
}
"""
CPP = """#include "pairs.hpp"
int main() {
  pairs::Model model("w.safetensors");
  const std::vector<float> one(16), many(16 << 18);
  model.f({many}, {one});
  model.f({one}, {many});
}
"""


def test_shapes_that_are_too_much_together(tmp_path):
    """A long S and a long T fit one after the other; a session for both would need 8 TB."""
    (tmp_path / "pairs.rondo").write_text(PAIRS)
    for words in (["init", "-o", "w.safetensors"], ["compile", "-o", "."]):
        subprocess.run([f"{BUILD}/bin/rondo", *words, "-q", "pairs.rondo"], cwd=tmp_path, check=True)
    model = rondo.load(tmp_path / "libpairs.so", tmp_path / "w.safetensors")
    one, many = np.ones((1, 16), np.float32), np.ones((1 << 18, 16), np.float32)
    assert len(model.f([many], [one]).data) == 1 << 18 and len(model.f([one], [many]).data) == 1
    (tmp_path / "pairs.cpp").write_text(CPP)
    subprocess.run(["g++", "-std=c++17", "-I.", "pairs.cpp", "libpairs.a", "-lm", "-pthread", "-o", "pairs"], cwd=tmp_path, check=True)
    subprocess.run(["./pairs"], cwd=tmp_path, check=True)
