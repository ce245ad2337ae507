// Calls: what they compute on ragged batches, and every way in which they are refused without a trace.
#include "Support.h"

namespace {

float expected(const std::vector<int32_t> &ids, int j) {
  float sum = 0;
  for (int32_t id : ids)
    sum += 0.25f * float(3 * id + j);
  return (ids.empty() ? 0 : sum / float(ids.size())) + 100.0f * float(j + 1);
}

TEST(Call, meanOfRaggedRows) {
  Opened o;
  std::vector<float> result(12, -1);
  ASSERT_EQ(o.mean({0, 2, 2, 6, 7}, {1, 2, 7, 7, 0, 3, 5}, result), RONDO_OK) << o.error.text;
  std::vector<std::vector<int32_t>> examples = {{1, 2}, {}, {7, 7, 0, 3}, {5}};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 3; ++j)
      EXPECT_EQ(result[3 * i + j], expected(examples[i], j)) << i << " " << j;
  EXPECT_EQ(o.error.code, RONDO_OK);
  EXPECT_STREQ(o.error.text, "");
}

TEST(Call, sliceOfALongerArray) {
  Opened o;
  std::vector<float> result(3);
  ASSERT_EQ(o.mean({3, 5}, {99, 99, 99, 1, 2, 99}, result), RONDO_OK) << o.error.text;
  EXPECT_EQ(result[1], expected({1, 2}, 1));
}

TEST(Call, emptyBatch) {
  Opened o;
  one_mean_in in{0, nullptr, nullptr};
  one_mean_out out{nullptr, 0};
  EXPECT_EQ(one_mean(o.session, &in, &out, &o.error), RONDO_OK) << o.error.text;
  EXPECT_EQ(one_mean(o.session, &in, &out, nullptr), RONDO_OK);
}

struct Dots {
  std::vector<int64_t> T{0, 2, 3}, S{0, 1, 4};
  std::vector<float> x{1, 2, 3, 4, 5, 6}, y{1, 1, 2, 0, 0, 2, 1, -1}, dots = std::vector<float>(5, -7);
  std::vector<int32_t> gold{1, 0, 0, 0}, flag{0, 1}, twice = std::vector<int32_t>(4, -7);
  rondo_status run(Opened &o) {
    one_dots_in in{int64_t(T.size()) - 1, T.data(), S.data(), x.data(), y.data(), gold.data(), flag.data()};
    one_dots_out out{dots.data(), dots.size(), twice.data(), twice.size()};
    return one_dots(o.session, &in, &out, &o.error);
  }
};

TEST(Call, pairsOfTwoAxes) {
  Opened o;
  Dots d;
  ASSERT_EQ(d.run(o), RONDO_OK) << o.error.text;
  EXPECT_EQ(d.dots, (std::vector<float>{3, 7, -10, -12, 1}));
  EXPECT_EQ(d.twice, (std::vector<int32_t>{2, 0, 0, 0}));
}

// Each case changes one thing of a good call; nothing may be written.
void refused(Opened &o, Dots &d, rondo_status code, const char *text) {
  std::vector<float> dots = d.dots;
  std::vector<int32_t> twice = d.twice;
  EXPECT_EQ(d.run(o), code) << o.error.text;
  EXPECT_EQ(o.error.code, code);
  EXPECT_STREQ(o.error.text, text);
  EXPECT_EQ(d.dots, dots);
  EXPECT_EQ(d.twice, twice);
}

TEST(Call, idsOutOfRange) {
  Opened o;
  Dots d;
  d.gold = {1, 0, 1, 0}; // example 1 has T = 1
  refused(o, d, RONDO_ERANGE, "dots: gold[2] is 1; expected 0 to 0");
  d.gold = {1, 0, -1, 0};
  refused(o, d, RONDO_ERANGE, "dots: gold[2] is -1; expected 0 to 0");
  d.gold = {1, 0, 0, 0};
  d.flag[1] = 2;
  refused(o, d, RONDO_ERANGE, "dots: flag[1] is 2; expected 0 to 1");
  std::vector<float> result(3, -1);
  EXPECT_EQ(o.mean({3, 5}, {99, 99, 99, 1, 8}, result), RONDO_ERANGE);
  EXPECT_STREQ(o.error.text, "mean: text[4] is 8; expected 0 to 7");
  EXPECT_EQ(result[0], -1);
}

TEST(Call, lengths) {
  Opened o;
  Dots d;
  d.T = {0, 3, 3};
  refused(o, d, RONDO_ERANGE, "dots: example 1 has T = 0; at least 1");
  d.T = {0, 3, 2};
  refused(o, d, RONDO_EINVAL, "dots: the offsets of T fall at example 1");
  d.T = {-1, 1, 2};
  refused(o, d, RONDO_EINVAL, "dots: the first offset of T is -1");
  d.T = {0, 2, INT64_MIN};
  refused(o, d, RONDO_EINVAL, "dots: the offsets of T fall at example 1");
  d.T = {0, 2, INT64_MAX};
  refused(o, d, RONDO_ECAPACITY, "dots: example 1 has T = 9223372036854775805; the session's limit is 20");
  std::vector<float> result(3);
  EXPECT_EQ(o.mean({0, 21}, std::vector<int32_t>(21), result), RONDO_ERANGE);
  EXPECT_STREQ(o.error.text, "mean: example 0 has T = 21; the model admits 20");
}

TEST(Call, limits) {
  Opened o({2, 5, 4, 0, 0});
  std::vector<float> result(9);
  EXPECT_EQ(o.mean({0, 4, 5}, {1, 1, 1, 1, 1}, result), RONDO_OK) << o.error.text;
  EXPECT_EQ(o.mean({0, 5}, {1, 1, 1, 1, 1}, result), RONDO_ECAPACITY);
  EXPECT_STREQ(o.error.text, "mean: example 0 has T = 5; the session's limit is 4");
  EXPECT_EQ(o.mean({0, 3, 6}, {1, 1, 1, 1, 1, 1}, result), RONDO_ECAPACITY);
  EXPECT_STREQ(o.error.text, "mean: 6 rows of T in the batch; the session's limit is 5");
  EXPECT_EQ(o.mean({0, 1, 2, 3}, {1, 1, 1}, result), RONDO_ECAPACITY);
  EXPECT_STREQ(o.error.text, "mean: batch is 3; the session's limit is 2");
  Dots d;
  refused(o, d, RONDO_ECAPACITY, "dots: example 0 has S = 1; the session's limit is 0");
}

TEST(Call, nullAndSmall) {
  Opened o;
  Dots d;
  d.dots.resize(4);
  refused(o, d, RONDO_EINVAL, "dots: result dots needs room for 5 elements, has 4");
  d = Dots();
  d.twice.resize(3);
  refused(o, d, RONDO_EINVAL, "dots: result twice needs room for 4 elements, has 3");

  d = Dots();
  one_dots_in good{2, d.T.data(), d.S.data(), d.x.data(), d.y.data(), d.gold.data(), d.flag.data()};
  one_dots_out out{d.dots.data(), 5, d.twice.data(), 4};
  auto text = [&](one_dots_in in) {
    EXPECT_EQ(one_dots(o.session, &in, &out, &o.error), RONDO_EINVAL);
    return std::string(o.error.text);
  };
  one_dots_in in = good;
  in.S = nullptr;
  EXPECT_EQ(text(in), "dots: the offsets of S are NULL");
  in = good;
  in.y = nullptr;
  EXPECT_EQ(text(in), "dots: input y is NULL");
  in = good;
  in.batch = -1;
  EXPECT_EQ(text(in), "dots: batch is -1");
  out.twice = nullptr;
  EXPECT_EQ(text(good), "dots: result twice is NULL");
  EXPECT_EQ(one_dots(o.session, nullptr, &out, &o.error), RONDO_EINVAL);
  EXPECT_EQ(one_dots(o.session, &good, nullptr, &o.error), RONDO_EINVAL);
  EXPECT_EQ(one_dots(nullptr, &good, &out, &o.error), RONDO_EINVAL);
  EXPECT_EQ(one_dots(nullptr, &good, &out, nullptr), RONDO_EINVAL);
}

TEST(Call, allocatesNothing) {
  Opened o({8, 100, 20, 100, 50}, 2);
  int before = o.memory.calls;
  Dots d;
  std::vector<float> result(12);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(d.run(o), RONDO_OK);
    ASSERT_EQ(o.mean({0, 2, 2, 6, 7}, {1, 2, 7, 7, 0, 3, 5}, result), RONDO_OK);
  }
  EXPECT_EQ(o.memory.calls, before);
}

TEST(Call, selftest) {
  Opened o;
  EXPECT_EQ(one_selftest(o.session, &o.error), RONDO_OK) << o.error.text;
  Opened two({8, 100, 20, 100, 50}, 2);
  EXPECT_EQ(one_selftest(two.session, &two.error), RONDO_OK) << two.error.text;
  Opened none({0, 0, 0, 0, 0});
  EXPECT_EQ(one_selftest(none.session, &none.error), RONDO_OK) << none.error.text;
  Opened tight({2, 3, 2, 1, 1});
  EXPECT_EQ(one_selftest(tight.session, &tight.error), RONDO_OK) << tight.error.text;
}

// Model two is built so that an example's answer depends on its batch.
TEST(Call, selftestFindsABrokenPromise) {
  std::string weights = goodWeights();
  two_model *model = nullptr;
  two_session *session = nullptr;
  rondo_error error{};
  two_limits limits{8, 100, 20, 100, 50};
  ASSERT_EQ(two_open_memory(&model, weights.data(), weights.size(), nullptr, &error), RONDO_OK);
  ASSERT_EQ(two_session_new(&session, model, &limits, &error), RONDO_OK);
  EXPECT_EQ(two_selftest(session, &error), RONDO_ETEST);
  EXPECT_STREQ(error.text, "selftest: mean of mean differs in bits alone and in a batch");
  two_session_free(session);
  two_close(model);
}

} // namespace
