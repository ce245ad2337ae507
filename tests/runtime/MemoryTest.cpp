// Memory and threads that are refused: at every place where the runtime asks for them, once or again and again. A
// status comes back, nothing is leaked, and what was there before works as before.
#include "Support.h"
#include <cstdio>
#include <fstream>
#include <functional>
#include <pthread.h>
#include <unistd.h>

// RuntimeTests is linked with --wrap=pthread_create. The runtime's threads are refused from `refuseThread` on.
static int threadsAsked = 0, refuseThread = 0;
extern "C" int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
extern "C" int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                                     void *arg) {
  if (refuseThread && ++threadsAsked >= refuseThread)
    return EAGAIN;
  return __real_pthread_create(thread, attributes, start, arg);
}

namespace {

// Says no to some calls: the k-th alone, all from the k-th on, or every k-th.
struct Refusing : Allocator {
  enum Rule { Once, From, Every } rule;
  int k;
  Refusing(Rule rule, int k) : rule(rule), k(k) {}
  static void *alloc(void *self, size_t size, size_t align) {
    auto *a = static_cast<Refusing *>(self);
    int n = a->calls + 1;
    bool no = a->k && (a->rule == Once ? n == a->k : a->rule == From ? n >= a->k : n % a->k == 0);
    a->failAt = no ? n : 0;
    return Allocator::alloc(static_cast<Allocator *>(a), size, align);
  }
  rondo_config config(uint32_t threads) {
    rondo_config c = Allocator::config(threads);
    c.alloc = alloc;
    c.user = static_cast<Allocator *>(this);
    return c;
  }
};

const std::vector<int64_t> offsets = {0, 2, 5};
const std::vector<int32_t> text = {1, 6, 0, 7, 3};
const one_limits limits = {8, 100, 20, 100, 50};

std::vector<float> answer() {
  Opened o;
  std::vector<float> result(6);
  EXPECT_EQ(o.mean(offsets, text, result), RONDO_OK);
  return result;
}

// Opens, makes two sessions, tests one, calls both. Returns the first status that is no RONDO_OK.
rondo_status everything(const std::function<rondo_status(one_model **, rondo_config *, rondo_error *)> &open,
                        Refusing &memory, uint32_t threads, const std::vector<float> &want) {
  rondo_config config = memory.config(threads);
  rondo_error error{};
  one_model *model = nullptr;
  one_session *session[2] = {};
  rondo_status first = open(&model, &config, &error);
  EXPECT_EQ(model != nullptr, first == RONDO_OK);
  auto note = [&](rondo_status status) {
    EXPECT_EQ(status, error.code);
    EXPECT_EQ(status != RONDO_OK, error.text[0] != 0);
    if (!first)
      first = status;
  };
  if (model) {
    for (one_session *&made : session) {
      note(one_session_new(&made, model, &limits, &error));
      EXPECT_EQ(made != nullptr, error.code == RONDO_OK);
    }
    if (session[1])
      note(one_selftest(session[1], &error));
    // What was made before the refusal, or after it, is whole.
    for (one_session *made : session)
      if (made) {
        std::vector<float> result(6);
        one_mean_in in{2, offsets.data(), text.data()};
        one_mean_out out{result.data(), result.size()};
        EXPECT_EQ(one_mean(made, &in, &out, &error), RONDO_OK) << error.text;
        EXPECT_EQ(result, want);
      }
  }
  one_session_free(session[0]);
  one_close(model);
  one_session_free(session[1]);
  EXPECT_TRUE(memory.live.empty());
  return first;
}

struct Weights {
  std::string path = "/tmp/rondo-memory-" + std::to_string(getpid());
  std::string image = path + ".image", safe = goodWeights(), imageBytes;
  Weights() {
    std::ofstream(path, std::ios::binary) << safe;
    Opened o;
    EXPECT_EQ(one_save(o.model, image.c_str(), &o.error), RONDO_OK) << o.error.text;
    std::ifstream in(image, std::ios::binary);
    imageBytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  ~Weights() {
    remove(path.c_str());
    remove(image.c_str());
  }
};

TEST(Memory, refusedAtEverySite) {
  Weights weights;
  std::vector<float> want = answer();
  struct {
    const char *name;
    int sites; // calls of the allocator when all goes well
    std::function<rondo_status(one_model **, rondo_config *, rondo_error *)> open;
  } ways[] = {
      // The model, the plain and the packed block, header and two tables of the file; per session the measure and the
      // session; per export of the self-test its arrays.
      {"safetensors in memory", 6 + 4 + 2,
       [&](auto m, auto c, auto e) { return one_open_memory(m, weights.safe.data(), weights.safe.size(), c, e); }},
      {"safetensors file", 6 + 4 + 2, [&](auto m, auto c, auto e) { return one_open(m, weights.path.c_str(), c, e); }},
      {"image in memory", 2 + 4 + 2,
       [&](auto m, auto c, auto e) {
         return one_open_memory(m, weights.imageBytes.data(), weights.imageBytes.size(), c, e);
       }},
      {"image file", 1 + 4 + 2, [&](auto m, auto c, auto e) { return one_open(m, weights.image.c_str(), c, e); }},
  };
  for (auto &way : ways)
    for (uint32_t threads : {1u, 3u}) {
      SCOPED_TRACE(way.name);
      Refusing never(Refusing::Once, 0);
      EXPECT_EQ(everything(way.open, never, threads, want), RONDO_OK);
      EXPECT_EQ(never.calls, way.sites);
      for (int k = 1; k <= never.calls; ++k)
        for (Refusing::Rule rule : {Refusing::Once, Refusing::From, Refusing::Every}) {
          Refusing memory(rule, k);
          EXPECT_EQ(everything(way.open, memory, threads, want), RONDO_ENOMEM) << k << " " << rule;
        }
    }
}

TEST(Memory, threadsRefused) {
  Weights weights;
  std::vector<float> want = answer();
  auto open = [&](one_model **m, rondo_config *c, rondo_error *e) {
    return one_open_memory(m, weights.safe.data(), weights.safe.size(), c, e);
  };
  for (refuseThread = 1; refuseThread <= 6; ++refuseThread) {
    threadsAsked = 0;
    Refusing memory(Refusing::Once, 0);
    EXPECT_EQ(everything(open, memory, 4, want), RONDO_ENOMEM) << refuseThread;
  }
  threadsAsked = 0; // two sessions of three threads beside the caller's: the seventh is not asked for
  Refusing memory(Refusing::Once, 0);
  EXPECT_EQ(everything(open, memory, 4, want), RONDO_OK);
  refuseThread = 0;
}

} // namespace
