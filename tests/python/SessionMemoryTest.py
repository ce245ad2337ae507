"""What a session of the causal transformer asks the host's allocator for: linear in the length of the text, although
attention is over pairs of positions."""

import json
import os
import subprocess

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
