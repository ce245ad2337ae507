/* score.c in C++17: log-probabilities of texts under a compiled character model, and the most likely last character.
 *
 *   rondo compile models/lstm_lm.rondo -o out
 *   c++ -std=c++17 -I out docs/examples/score.cpp out/libcharlm.a -lm -pthread -o score
 *   ./score charlm.safetensors "In the beginning" "was the word" */
#include "charlm.hpp"
#include <cstdio>
#include <future>

int main(int argc, char **argv) {
  if (argc < 3)
    return std::fputs("usage: score WEIGHTS TEXT ...\n", stderr), 2;
  rondo::Batch<int32_t> texts;
  for (int i = 2; i < argc; ++i)
    texts.push_back(rondo::bytes(argv[i]));
  try {
    charlm::Model lm(argv[1], /*threads=*/2);

    // Another thread calls through an object of its own; the weights are the same ones.
    auto other = std::async(std::launch::async, [&texts, own = lm.share()]() mutable { return own.logits(texts); });
    const rondo::Ragged<float> scores = lm.score(texts), logits = other.get();

    for (size_t i = 0; i < texts.size(); ++i) {
      const float *last = logits[i].end() - logits.width;
      auto best = std::max_element(last, last + logits.width) - last;
      std::printf("%.4f  %s (then %d)\n", static_cast<double>(scores[i][0]), argv[2 + i], static_cast<int>(best));
    }
  } catch (const rondo::Error &error) {
    std::fprintf(stderr, "score: %s\n", error.what());
    return 1;
  }
}
